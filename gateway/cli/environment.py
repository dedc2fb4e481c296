"""Configuration -> the environment that makes Claude Code behave with one of its models.

Measured with Claude Code 2.1.330:

- It takes a name that it does not know for a model of 1,000,000 tokens; `CLAUDE_CODE_MAX_CONTEXT_TOKENS`
  corrects that, but only for names it does not know. `claude-sonnet-5` inside a name makes it known,
  `claude-qwen3` does not. So the names of its own models (`opus`, `sonnet`, `haiku`, `fable`) are set too, to
  names that it does not know.
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
        window = self._window(target)
        variables = (
            Variable("ANTHROPIC_BASE_URL", base_url),
            _credential(key),
            Variable("ANTHROPIC_MODEL", name, _goal(name, target)),
            *self._tiers(name, target, explicit=model is not None),
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
        return Environment(variables, notes, tuple(self._warnings(name, target, window)))

    def _main(self, model: str | None) -> tuple[str, ModelTarget]:
        if model is not None:
            return model, self._target(model)
        for wanted in (*(TIERS[tier] for tier in ("SONNET", "OPUS")), *self.table.names()):
            if (target := self._found(wanted)) is not None:
                return self._name(target), target
        raise RequestRefused("No model is configured.")

    def _target(self, model: str) -> ModelTarget:
        return self.table.named(model).targets[0]

    def _found(self, model: str) -> ModelTarget | None:
        try:
            return self._target(model)
        except RequestRefused:
            return None

    def _name(self, target: ModelTarget) -> str:
        """A name of this target that Claude Code does not take for a model of its own."""
        for name in self.table.names():
            found = None if is_its_own(name) else self._found(name)
            if found is not None and target_name(found) == target_name(target):
                return name
        return target_name(target)

    def _tiers(self, name: str, main: ModelTarget, *, explicit: bool) -> Iterator[Variable]:
        """With a model that was asked for, all go to it but small jobs that have a model of their own."""
        ordinary = self._found(TIERS["SONNET"])
        for tier, id_ in TIERS.items():
            target = self._found(id_) or main
            if explicit and (tier != "HAIKU" or target == ordinary):
                target = main
            same = target_name(target) == target_name(main)
            yield Variable(f"ANTHROPIC_DEFAULT_{tier}_MODEL", name if same else self._name(target))

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
                f"`gateway env {self._name(target)}` gives the exact window of {window} tokens."
            )
        if window is not None and window < FIRST_TURN:
            yield (
                f"{window} tokens cannot hold Claude Code's tools: "
                '`claude --bare --tools "" -p "hello"` fits, or set a larger context_window.'
            )


def _goal(name: str, target: ModelTarget) -> str:
    return "" if name == target_name(target) else f"goes to {target_name(target)}"


def is_its_own(name: str) -> bool:
    """Whether Claude Code takes the name for a model that it knows."""
    return _ITS_OWN.search(name) is not None


def _credential(key: Key) -> Variable:
    comment = "" if key.needed else "the gateway asks for none, Claude Code insists on one"
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
