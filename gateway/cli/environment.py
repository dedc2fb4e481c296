"""Configuration -> the environment that makes Claude Code behave with one of its models.

Measured with Claude Code 2.1.330:

- It takes a name that it does not know for a model of 1,000,000 tokens; `CLAUDE_CODE_MAX_CONTEXT_TOKENS`
  corrects that, but only for names it does not know. `claude-sonnet-5` inside a name makes it known,
  `claude-qwen3` does not. So the names of its own models (`opus`, `sonnet`, `haiku`, `fable`) are set too, to
  names that it does not know. Each is one that the same routes take, in the same order, so that the class,
  the pictures and the size of a request still count (`test_a_name_takes_the_routes_of_the_tier`).
- It keeps the longest answer (at most 20,000 tokens) and 3,000 more free. A window that leaves nothing beside
  these is refused before any request, so a small window gets a small `CLAUDE_CODE_MAX_OUTPUT_TOKENS`; below
  4096 tokens nothing helps, and no window is set.
- With both `ANTHROPIC_API_KEY` and `ANTHROPIC_AUTH_TOKEN` it sends both: the former would reach the gateway.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import field, frozen

from gateway.errors import RequestRefused
from gateway.routing.sights import ORDINARY, TOKENS
from gateway.routing.table import RouteTable, target_name
from gateway.routing.warnings import OLLAMA_WINDOW
from gateway.settings.models import ModelTarget, Settings
from gateway.settings.timeouts import timeouts_for

TIERS: Mapping[str, str] = {
    "OPUS": "claude-opus-5-5",
    "SONNET": "claude-sonnet-5-5",
    "HAIKU": "claude-haiku-5-5",
    "FABLE": "claude-fable-5-2",
}
"""What Claude Code asks for by these names of its own."""
UNSET = ("ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
JUDGE = "claude-sonnet-5"
"""Whom auto mode asks whether a command may run, with a prompt of about 40,000 tokens."""
JUDGED = 48_000
FIRST_TURN = 24_000
"""Tokens that hold Claude Code's first turn with its tools."""
LEAST = 4096
NEUTRAL = "gateway"
"""A name for whatever the routes make of it."""
_ITS_OWN = re.compile(r"claude-(?:(?:opus|sonnet|haiku|fable|mythos)-)?\d")
_DEFAULT_OUTPUT = 32_000
_WAIT = 600.0
"""Seconds that Claude Code waits by itself."""


@frozen
class Key:
    """The client key. `variable` is the one that holds it, where the configuration names one."""

    value: str = field(repr=False, default="any")
    variable: str = ""
    needed: bool = False
    placeholder: bool = False
    """Whether the value is none: the reader is to put one there."""


@frozen
class Variable:
    name: str
    value: str = field(repr=False)
    comment: str = ""
    reference: str = ""
    """The variable whose value it is: shells are to write its name instead of `value`."""


@frozen
class Environment:
    variables: tuple[Variable, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What will go wrong, and what to do about it."""
    unset: tuple[str, ...] = UNSET

    def laid_over(self, environ: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in environ.items() if name not in self.unset}
        return kept | {one.name: one.value for one in self.variables}


@frozen
class Maker:
    settings: Settings
    table: RouteTable

    def environment(self, base_url: str, key: Key, model: str | None = None) -> Environment:
        """RequestRefused where the model, or any at all, is not configured."""
        name, target = self._main(model)
        grown = self._grown(name, target)
        window = self._window(grown)
        tiers = dict(self._tiers(name, target, explicit=model is not None))
        variables = (
            Variable("ANTHROPIC_BASE_URL", base_url),
            _credential(key),
            Variable("ANTHROPIC_MODEL", name, self._goal(name, target)),
            *(Variable(f"ANTHROPIC_DEFAULT_{tier}_MODEL", value) for tier, value in tiers.items()),
            *_sizes(name, target, window),
            *self._patience(target),
            Variable(
                "CLAUDE_CODE_GATEWAY_HINT_HEADERS", "1", "so that routes can tell what a request is for"
            ),
            Variable(
                "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY", "1", "/model lists the gateway's `claude` ids"
            ),
            Variable("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1", "it calls nobody but the gateway"),
        )
        notes = (self._judge(),)
        past = self._past_the_routes({tier: value for tier, value in tiers.items() if value != model})
        return Environment(variables, notes, (*past, *self._warnings(name, grown, window)))

    def _main(self, model: str | None) -> tuple[str, ModelTarget]:
        if model is not None:
            return model, self._target(model)
        for wanted in (TIERS["SONNET"], TIERS["OPUS"], *self.table.names()):
            if (target := self._found(wanted)) is not None:
                return self._name(wanted), target
        raise RequestRefused("No model is configured.")

    def _target(self, model: str) -> ModelTarget:
        return self.table.named(model).targets[0]

    def _found(self, model: str) -> ModelTarget | None:
        try:
            return self._target(model)
        except RequestRefused:
            return None

    def _name(self, wanted: str) -> str:
        """A name that Claude Code does not take for a model of its own, and that the routes take as `wanted`;
        without any, that of the target."""
        routes, target = self._routes(wanted), self._target(wanted)
        neutral = (target.model, NEUTRAL, _unknown(wanted))
        for name in (*self.table.names(), *neutral):
            if not is_its_own(name) and self._routes(name) == routes:
                return name
        return target_name(target)

    def _routes(self, name: str) -> list[object]:
        """What happens to a request for this name."""
        return [(one.conditions, one.targets) for one in self.table.narrowed(name).routes]

    def _tiers(self, name: str, main: ModelTarget, *, explicit: bool) -> Iterator[tuple[str, str]]:
        """With a model that was asked for, all go to it but small jobs that have a model of their own."""
        ordinary = self._found(TIERS["SONNET"])
        for tier, id_ in TIERS.items():
            target = self._found(id_)
            others = explicit and (tier != "HAIKU" or target in (ordinary, main))
            yield tier, name if others or target is None else self._name(id_)

    def _past_the_routes(self, tiers: Mapping[str, str]) -> Iterator[str]:
        """What is lost where no name but the target's own was found."""
        lost: dict[str, list[str]] = {}
        for tier, name in tiers.items():
            if self._found(TIERS[tier]) is not None and self._routes(name) != self._routes(TIERS[tier]):
                lost.setdefault(name, []).append(TIERS[tier])
        for name, wanted in lost.items():
            yield (
                f"{name} goes past the routes that {', '.join(wanted)} would take, and no other name was "
                "found for them: give `aliases` an id without a `to` that these routes match."
            )

    def _goal(self, name: str, target: ModelTarget) -> str:
        """Where it goes; of several ways, the one of an ordinary request."""
        if name == target_name(target):
            return ""
        routes = self.table.narrowed(name).routes
        several = len(routes) > 1 or any(len(one.targets) > 1 for one in routes)
        return f"goes to {target_name(target)}" + (", unless the routes see a reason" if several else "")

    def _grown(self, name: str, target: ModelTarget) -> ModelTarget:
        """Where a conversation of this name is in the end, if routes go by its size: a target whose window is
        full is the last one."""
        narrowed = self.table.narrowed(name)
        found = (one.bound for route in narrowed.routes for one in route.conditions if one.key == TOKENS)
        for bound in sorted(found):
            route, window = narrowed.first({**ORDINARY, TOKENS: bound + 1}), self._window(target)
            if route and window is not None and bound < window and self._window(route.targets[0]):
                target = route.targets[0]
        return target

    def _window(self, target: ModelTarget) -> int | None:
        ollama = self.settings.providers[target.provider].kind == "ollama"
        return target.context_window or (OLLAMA_WINDOW if ollama else None)

    def _patience(self, target: ModelTarget) -> Iterator[Variable]:
        total = timeouts_for(self.settings, target.provider).total
        if total > _WAIT:
            comment = "how long an answer that is not streamed may take; 5 minutes otherwise"
            yield Variable("API_TIMEOUT_MS", str(int(total * 1000)), comment)

    def _judge(self) -> str:
        target = self._found(JUDGE)
        either = "use `claude --permission-mode acceptEdits`, or map it in `models`"
        if target is None:
            return f"Auto mode asks {JUDGE} what may run, and the gateway has no such model: {either}."
        window = self._window(target)
        where = f"Auto mode asks {JUDGE} what may run: that goes to {target_name(target)}"
        if window is not None and window < JUDGED:
            return f"{where}, whose window is too small for its 40,000 tokens: {either}."
        return f"{where}. A weak model judges badly: if in doubt, `claude --permission-mode acceptEdits`."

    def _warnings(self, name: str, target: ModelTarget, window: int | None) -> Iterator[str]:
        goal = target_name(target)
        if window is None:
            yield (
                f"No context_window is set for {goal}: Claude Code takes it for 1,000,000 tokens, and "
                "compacts only once the server refuses a prompt."
            )
        elif target.context_window is None:
            yield f"No context_window is set for {goal}: Ollama is asked for {window} tokens."
        if window is not None and is_its_own(name):
            yield (
                f"Claude Code takes {name} for a model of its own, whatever window is set: "
                f"`gateway env {self._name(name)}` gives the exact window of {window} tokens."
            )
        if window is not None and window < FIRST_TURN:
            yield (
                f"{window} tokens cannot hold Claude Code's tools: "
                '`claude --bare --tools "" -p "hello"` fits, or set a larger context_window.'
            )


def is_its_own(name: str) -> bool:
    """Whether Claude Code takes the name for a model that it knows."""
    return _ITS_OWN.search(name) is not None


def _unknown(name: str) -> str:
    """`claude-sonnet-5-5` -> `claude-sonnet-gateway`, for patterns such as `claude-sonnet-*`."""
    return re.sub(r"\d.*", NEUTRAL, name)


def _credential(key: Key) -> Variable:
    comment = "" if key.needed else "the gateway asks for none, Claude Code insists on one"
    if key.placeholder:
        comment = "put a client key here, or use --show-key"
    return Variable("ANTHROPIC_AUTH_TOKEN", key.value, comment, key.variable)


def _sizes(name: str, target: ModelTarget, window: int | None) -> Iterator[Variable]:
    if window is not None and window >= LEAST and not is_its_own(name):
        yield Variable("CLAUDE_CODE_MAX_CONTEXT_TOKENS", str(window), "when it compacts by itself")
    output = min(target.max_output_tokens or _DEFAULT_OUTPUT, _share(window))
    if output < _DEFAULT_OUTPUT:
        yield Variable(
            "CLAUDE_CODE_MAX_OUTPUT_TOKENS", str(output), "that much of the window is kept for answers"
        )


def _share(window: int | None) -> int:
    """What an answer may take: an eighth of a small window, a quarter of one that holds the tools."""
    if window is None:
        return _DEFAULT_OUTPUT
    return window // (4 if window > FIRST_TURN else 8)
