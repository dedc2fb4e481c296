"""A requested model's name -> the target it means.

- Rules in the order of the file, exact names and patterns alike; the first match wins.
- `[1m]` at the end of a name is ignored, in requests and in rules.
- The name `provider/model` of a configured target means that target: only rules whose pattern holds a `/`
  itself stand before it. So every id of `names()` is answered by what it says.
- After the rules: `provider/model` of any configured provider, then the default, then 404.
- What one rule says of a provider's model holds for every road to it, unless that road says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import attrs
from attrs import evolve, field, frozen

from gateway.errors import Kind, RequestRefused
from gateway.routing.patterns import compiled, covers, is_exact, plain
from gateway.settings.mistakes import nearest
from gateway.settings.models import ModelRule, ModelTarget, Settings

_LISTED = 20
"""How many names a 404 lists."""


@frozen
class Route:
    pattern: str
    target: ModelTarget
    _compiled: re.Pattern[str] = field(repr=False, eq=False)

    def matches(self, name: str) -> bool:
        return self._compiled.match(name) is not None


@frozen
class Shadow:
    """A rule that never matches, because an earlier one takes all its names."""

    pattern: str
    earlier: str


@frozen
class RouteTable:
    routes: tuple[Route, ...]
    default: ModelTarget | None
    shadows: tuple[Shadow, ...]
    known: Mapping[str, ModelTarget] = field(repr=False)
    """`provider/model` -> the target with all that is known of it."""
    published: Mapping[str, ModelTarget] = field(repr=False)
    """`provider/model` of every configured target -> what a request of that name means."""
    providers: frozenset[str] = field(repr=False)

    @classmethod
    def build(cls, settings: Settings) -> RouteTable:
        known = _known(settings)
        routes = tuple(_route(rule, known) for rule in settings.models)
        default = settings.default_target
        return cls(
            routes=routes,
            default=known[_name(default)] if default else None,
            shadows=tuple(_shadows(routes)),
            known=known,
            published={name: _meant(name, target, routes) for name, target in known.items()},
            providers=frozenset(settings.providers),
        )

    def resolve(self, model: str) -> ModelTarget:
        """RequestRefused (404) where nothing is configured for the name."""
        name = plain(model)
        target = self.published.get(name) or self._matched(name) or self._addressed(name) or self.default
        if target is None:
            raise RequestRefused(self._refusal(model), Kind.NOT_FOUND)
        return target

    def names(self) -> tuple[str, ...]:
        """The ids to publish: exact names as they stand, then each target as `provider/model`."""
        exact = [route.pattern for route in self.routes if is_exact(route.pattern)]
        return tuple(dict.fromkeys([*exact, *self.published]))

    def _matched(self, name: str) -> ModelTarget | None:
        return next((route.target for route in self.routes if route.matches(name)), None)

    def _addressed(self, name: str) -> ModelTarget | None:
        provider, _, model = name.partition("/")
        return ModelTarget(provider, model) if model and provider in self.providers else None

    def _refusal(self, model: str) -> str:
        words = list(dict.fromkeys([*(route.pattern for route in self.routes), *self.published]))
        requested = model if len(model) <= 100 else model[:100] + "..."
        found = nearest(requested, words)
        listed = ", ".join(words[:_LISTED]) or "none"
        more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
        hint = f" Did you mean {found}?" if found else ""
        return f"The model {requested!r} is not configured in this gateway.{hint} Configured: {listed}{more}."


def _name(target: ModelTarget) -> str:
    return f"{target.provider}/{target.model}"


def _route(rule: ModelRule, known: Mapping[str, ModelTarget]) -> Route:
    pattern = plain(rule.pattern)
    return Route(pattern, _filled(rule.target, known[_name(rule.target)]), compiled(pattern))


def _known(settings: Settings) -> dict[str, ModelTarget]:
    targets = [rule.target for rule in settings.models]
    if settings.default_target:
        targets.append(settings.default_target)
    known: dict[str, ModelTarget] = {}
    for target in targets:
        name = _name(target)
        known[name] = _filled(known[name], target) if name in known else target
    return known


def _filled(first: ModelTarget, later: ModelTarget) -> ModelTarget:
    """What the first leaves open, the later one says."""
    said = attrs.asdict(first)
    return evolve(later, **{key: value for key, value in said.items() if value is not None})


def _meant(name: str, target: ModelTarget, routes: Iterable[Route]) -> ModelTarget:
    speaking = (route.target for route in routes if "/" in route.pattern and route.matches(name))
    return next(speaking, target)


def _shadows(routes: tuple[Route, ...]) -> Iterable[Shadow]:
    for index, route in enumerate(routes):
        for earlier in routes[:index]:
            if covers(earlier.pattern, route.pattern):
                yield Shadow(route.pattern, earlier.pattern)
                break
