"""The route table: a request -> the first route that matches, whose targets are tried in order.

- One table for `aliases`, `routes` and `models`, in this order; the first matching route counts.
- `[1m]` at the end of a name is ignored, in requests and in patterns.
- The name `provider/model` of a configured target means that target: only routes whose pattern contains a `/`
  precede it. So every id in `names()` is answered by its own target.
- After the routes: `provider/model` of any configured provider, then the default, then 404.
- The facts that one entry states about a provider's model (window, limit, vision, reasoning) hold for every
  entry with that model, unless the entry states its own.
- A route for `class: auxiliary` takes such a request only for targets whose window holds it: one route of the
  YAML becomes one for each size (`test_auxiliary_requests_go_where_they_fit`).
- The candidate routes of a name are computed once for each name, and the decision once for each combination
  of features: resolving takes two lookups.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from attrs import Factory, evolve, field, frozen

from gateway.errors import Kind, RequestRefused
from gateway.inbound import Inbound
from gateway.routing.conditions import (
    FITS,
    KEYS,
    TYPICAL_REQUEST,
    Condition,
    RequestFeatures,
    conditions,
    feature_reader,
    feature_value,
)
from gateway.routing.patterns import compiled, has_slash, is_exact, without_window_suffix
from gateway.routing.targets import configured_targets, known_models, target_name, window_of, with_facts
from gateway.settings.errors import KeyPath, dotted_path, nearest
from gateway.settings.models import ModelTarget, RouteRule, Settings
from gateway.settings.windows import fitting_prompt

_LISTED = 20
"""How many names a 404 lists."""
_KEPT = 1_000
"""How many names, and decisions for one name, are cached."""


@frozen(eq=False)
class Route:
    """`place` is its key in the configuration: `("routes", 0)`. Without patterns it takes any name."""

    place: KeyPath
    targets: tuple[ModelTarget, ...]
    patterns: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    name: str = ""
    _compiled: tuple[re.Pattern[str], ...] = field(repr=False, default=(), alias="compiled")

    @property
    def label(self) -> str:
        """`routes[0] (small jobs)`, `models.claude-*`, `defaults.model`."""
        return dotted_path(self.place) + (f" ({self.name})" if self.name else "")

    def takes(self, name: str) -> bool:
        """Whether the name matches, regardless of conditions."""
        return not self._compiled or any(one.search(name) for one in self._compiled)

    def means(self, name: str) -> bool:
        """Whether a pattern with a slash matches the name."""
        pairs = zip(self.patterns, self._compiled, strict=True)
        return any(has_slash(pattern) and one.search(name) for pattern, one in pairs)


@frozen(eq=False)
class CandidateRoutes:
    """The candidates for one name: the routes it could take, and the features that decide between them."""

    routes: tuple[Route, ...]
    _glance: RequestFeatures | None
    _decided: dict[Hashable, Route | None] = field(init=False, factory=dict[Hashable, "Route | None"])

    @classmethod
    def of(cls, routes: Sequence[Route]) -> CandidateRoutes:
        """Routes after the first unconditional one are never reached."""
        end = next((at for at, route in enumerate(routes, 1) if not route.conditions), len(routes))
        found = [one for route in routes[:end] for one in route.conditions]
        return cls(tuple(routes[:end]), feature_reader(found) if found else None)

    def chosen(self, inbound: Inbound) -> Route | None:
        if self._glance is None:
            return self.routes[0] if self.routes else None
        seen = self._glance(inbound)
        try:
            return self._decided[seen]
        except KeyError:
            return self._decide(seen)

    def _decide(self, seen: tuple[Hashable, ...]) -> Route | None:
        if len(self._decided) >= _KEPT:
            self._decided.clear()
        found = self._decided[seen] = self.first(dict(zip(KEYS, seen, strict=True)))
        return found

    def first(self, seen: Mapping[str, Hashable]) -> Route | None:
        """The first route whose conditions hold."""
        fitting = (
            route for route in self.routes if all(one.holds(seen[one.key]) for one in route.conditions)
        )
        return next(fitting, None)


@frozen
class RouteTable:
    routes: tuple[Route, ...]
    default: Route | None
    own: Mapping[str, Route] = field(repr=False)
    """`provider/model` of every configured target -> the route to only that target."""
    aliases: Mapping[str, str] = field(repr=False)
    """The ids of `aliases` -> their display names."""
    providers: frozenset[str] = field(repr=False)
    _names: dict[str, CandidateRoutes] = field(
        repr=False, eq=False, init=False, default=Factory(dict[str, CandidateRoutes])
    )

    @classmethod
    def build(cls, settings: Settings) -> RouteTable:
        known = known_models(configured_targets(settings))
        default = settings.default_target
        return cls(
            routes=tuple(_routes(settings, known)),
            default=Route(("defaults", "model"), (known[target_name(default)],)) if default else None,
            own={name: Route((), (target,)) for name, target in known.items()},
            aliases={
                without_window_suffix(id_): one.display_name or id_ for id_, one in settings.aliases.items()
            },
            providers=frozenset(settings.providers),
        )

    def resolve(self, inbound: Inbound) -> Route:
        """Raises RequestRefused (404) if nothing is configured for the request."""
        model = inbound.request.model
        narrowed = self._names.get(model) or self.candidates(model)
        route = narrowed.chosen(inbound)
        if route is None:
            raise RequestRefused(_too_long(narrowed, inbound) or self._refusal(model), Kind.NOT_FOUND)
        return route

    def named(self, model: str) -> Route:
        """The route of a typical request for this name. Raises RequestRefused (404) if there is none."""
        route = self.candidates(model).first(TYPICAL_REQUEST)
        if route is None:
            raise RequestRefused(self._refusal(model), Kind.NOT_FOUND)
        return route

    def every(self) -> Iterator[Route]:
        """All routes that are known before a request arrives."""
        yield from self.routes
        yield from self.own.values()
        if self.default:
            yield self.default

    def written(self) -> tuple[Route, ...]:
        """The routes as configured, one for each key."""
        return tuple({route.place: route for route in reversed(self.routes)}.values())[::-1]

    def for_typical_request(self) -> Iterator[ModelTarget]:
        """Targets for requests of Claude Code's main thread."""
        for route in [*self.routes, *([self.default] if self.default else [])]:
            if all(one.holds(TYPICAL_REQUEST[one.key]) for one in route.conditions):
                yield from route.targets

    def names(self) -> tuple[str, ...]:
        """The ids to publish: aliases, then exact names, then each target as `provider/model`."""
        aliases = [id_ for id_ in self.aliases if self.candidates(id_).first(TYPICAL_REQUEST)]
        plainly = [route for route in self.routes if not route.conditions]
        exact = [pattern for route in plainly for pattern in route.patterns if is_exact(pattern)]
        return tuple(dict.fromkeys([*aliases, *exact, *self.own]))

    def candidates(self, model: str) -> CandidateRoutes:
        found = self._names.get(model)
        if found is None:
            if len(self._names) >= _KEPT:
                self._names.clear()
            found = self._names[model] = CandidateRoutes.of(self._candidates(without_window_suffix(model)))
        return found

    def last(self, name: str) -> Route | None:
        """The route for a name that no configured route matches."""
        if name in self.own:
            return self.own[name]
        provider, _, model = name.partition("/")
        if model and provider in self.providers:
            return Route((), (ModelTarget(provider, model),))
        return self.default

    def _candidates(self, name: str) -> list[Route]:
        if name in self.own:
            found = [route for route in self.routes if route.means(name)]
        else:
            found = [route for route in self.routes if route.takes(name)]
        last = self.last(name)
        return [*found, last] if last else found

    def _refusal(self, model: str) -> str:
        patterns = [pattern for route in self.routes for pattern in route.patterns]
        words = list(dict.fromkeys([*self.aliases, *patterns, *self.own]))
        requested = model if len(model) <= 100 else model[:100] + "..."
        found = nearest(requested, words)
        listed = ", ".join(words[:_LISTED]) or "none"
        more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
        hint = f" Did you mean {found}?" if found else ""
        return f"The model {requested!r} is not configured in this gateway.{hint} Configured: {listed}{more}."


def _too_long(narrowed: CandidateRoutes, inbound: Inbound) -> str:
    """The message for a request that only its size keeps from the routes of its name."""
    seen = {key: feature_value(inbound, key) for key in KEYS}
    if narrowed.first({**seen, FITS: 0}) is None:
        return ""
    bounds = (one.bound for route in narrowed.routes for one in route.conditions if one.key == FITS)
    return (
        f"No route takes this request of about {inbound.estimated_tokens} tokens: those for its name hold "
        f"auxiliary requests of up to {max(bounds)}. Add a route behind them, or a default."
    )


def _routes(settings: Settings, known: Mapping[str, ModelTarget]) -> Iterator[Route]:
    for id_, alias in settings.aliases.items():
        if alias.to:
            yield _route(("aliases", id_), alias.to, known, (id_,))
    for number, rule in enumerate(settings.routes):
        yield from _fitting(_ruled(number, rule, known), settings)
    for rule in settings.models:
        yield _route(("models", rule.pattern), (rule.target,), known, (rule.pattern,))


def _ruled(number: int, rule: RouteRule, known: Mapping[str, ModelTarget]) -> Route:
    route = _route(("routes", number), rule.to, known, rule.match.model)
    return evolve(route, conditions=conditions(rule.match), name=rule.name or "")


def _fitting(route: Route, settings: Settings) -> Iterator[Route]:
    """A route for auxiliary requests -> one route for each size: for requests that fit all of its targets,
    for those that fit fewer, and so on. Without known windows it is unchanged."""
    if not any(one.key == "class" and "auxiliary" in one.wanted for one in route.conditions):
        yield route
        return
    bounds = [_bound(target, settings) for target in route.targets]
    for bound in sorted({bound for bound in bounds if bound is not None}):
        able = _able(route, bounds, bound)
        yield evolve(able, conditions=(*route.conditions, Condition(FITS, (bound,))))
    if None in bounds:
        yield _able(route, bounds, None)


def _able(route: Route, bounds: Sequence[int | None], least: int | None) -> Route:
    """The route with only those targets that hold `least` tokens or whose window is unknown."""
    pairs = zip(route.targets, bounds, strict=True)
    holds = (one for one, bound in pairs if bound is None or (least is not None and bound >= least))
    return evolve(route, targets=tuple(holds))


def _bound(target: ModelTarget, settings: Settings) -> int | None:
    window = window_of(target, settings)
    return None if window is None else fitting_prompt(window)


def _route(
    place: KeyPath, to: Iterable[ModelTarget], known: Mapping[str, ModelTarget], patterns: Iterable[str]
) -> Route:
    named = tuple(without_window_suffix(pattern) for pattern in patterns)
    targets = tuple(with_facts(target, known[target_name(target)]) for target in to)
    return Route(place, targets, named, compiled=tuple(compiled(pattern) for pattern in named))
