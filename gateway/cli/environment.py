"""Configuration -> the environment that configures Claude Code for one of its models.

Measured with Claude Code 2.1.330:

- It assumes 1,000,000 tokens for a model name that it does not recognise; `CLAUDE_CODE_MAX_CONTEXT_TOKENS`
  corrects that, but only for unrecognised names. A name that contains `claude-sonnet-5` is recognised,
  `claude-qwen3` is not. So the names of its own models (`opus`, `sonnet`, `haiku`, `fable`) are set too, to
  names that it does not recognise. Each of these takes the same routes, in the same order, so that the class,
  the images and the size of a request still count (`test_a_name_takes_the_routes_of_the_tier`).
- The configured window: see `gateway.settings.windows`. The judge of auto mode: see `gateway.cli.auto_mode`.
- With both `ANTHROPIC_API_KEY` and `ANTHROPIC_AUTH_TOKEN` it sends both: the former would reach the gateway.
  If the gateway passes credentials on, the user's own are needed: nothing is removed or invented then, and
  the models keep Claude Code's names (`test_own_credentials_stay_where_they_are_passed_on`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import field, frozen

from gateway.cli.auto_mode import JUDGE, AutoModeJudge, auto_mode_judge
from gateway.errors import RequestRefused
from gateway.routing.conditions import TOKENS, TYPICAL_REQUEST
from gateway.routing.table import RouteTable
from gateway.routing.targets import target_name, window_of
from gateway.settings.models import ModelTarget, Settings
from gateway.settings.timeouts import timeouts_for
from gateway.settings.windows import LONGEST_ANSWER, MIN_WINDOW, announced_window, too_small

TIERS: Mapping[str, str] = {
    "OPUS": "claude-opus-5-5",
    "SONNET": "claude-sonnet-5-5",
    "HAIKU": "claude-haiku-5-5",
    "FABLE": "claude-fable-5-2",
}
"""The models that Claude Code requests for its own names."""
API_KEY = "ANTHROPIC_API_KEY"
TOKEN = "ANTHROPIC_AUTH_TOKEN"  # noqa: S105
CUSTOM_HEADERS = "ANTHROPIC_CUSTOM_HEADERS"
ELSEWHERE = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
UNSET = (API_KEY, *ELSEWHERE)
NEUTRAL = "gateway"
"""A name that is routed by the configuration's rules alone."""
_ITS_OWN = re.compile(r"claude-(?:(?:opus|sonnet|haiku|fable|mythos)-)?\d")
NOTHING: Mapping[str, str] = {}
_WAIT = 600.0
"""Claude Code's default timeout in seconds."""


@frozen
class EnvKey:
    """The client key. `variable` is the one that holds it, if the configuration names one."""

    value: str = field(repr=False, default="any")
    variable: str = ""
    needed: bool = False
    placeholder: bool = False
    """Whether the value is a placeholder that the reader must replace."""


@frozen
class EnvVariable:
    name: str
    value: str = field(repr=False)
    comment: str = ""
    reference: str = ""
    """The variable that holds its value, after `prefix`: shells write its name instead."""
    prefix: str = ""


@frozen
class Environment:
    variables: tuple[EnvVariable, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """Expected problems, and what to do about them."""
    unset: tuple[str, ...] = UNSET

    def laid_over(self, environ: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in environ.items() if name not in self.unset}
        values = {one.name: one.value for one in self.variables}
        if CUSTOM_HEADERS in values and environ.get(CUSTOM_HEADERS):
            values[CUSTOM_HEADERS] = f"{environ[CUSTOM_HEADERS]}\n{values[CUSTOM_HEADERS]}"
        return kept | values


@frozen
class EnvironmentBuilder:
    settings: Settings
    table: RouteTable

    def environment(
        self, base_url: str, key: EnvKey, model: str | None = None, environ: Mapping[str, str] = NOTHING
    ) -> Environment:
        """Raises RequestRefused if the model, or any at all, is not configured. `environ`: the user's
        environment."""
        name, target = self._main(model)
        provider = self.settings.providers[target.provider]
        if provider.kind == "anthropic" and provider.pass_credentials:
            return self._passing(base_url, key, model, target, environ)
        grown = self._largest_target(name, target)
        window = self._window(grown)
        tiers = dict(self._tiers(name, target, explicit=model is not None))
        judged = self._judge(name)
        variables = (
            EnvVariable("ANTHROPIC_BASE_URL", base_url),
            _credential(key),
            EnvVariable("ANTHROPIC_MODEL", name, self._goal(name, target)),
            *(EnvVariable(f"ANTHROPIC_DEFAULT_{tier}_MODEL", value) for tier, value in tiers.items()),
            *_sizes(name, target, window),
            *_auto_mode(judged),
            *self._behaviour(target),
        )
        past = self._past_the_routes({tier: value for tier, value in tiers.items() if value != model})
        return Environment(variables, (judged.note,), (*past, *self._warnings(name, grown, window)))

    def _passing(
        self, base_url: str, key: EnvKey, model: str | None, target: ModelTarget, environ: Mapping[str, str]
    ) -> Environment:
        """Points Claude Code to the gateway, and changes nothing else: it keeps its models and its login."""
        variables = (
            EnvVariable("ANTHROPIC_BASE_URL", base_url),
            *_beside_their_own(key, environ),
            *([EnvVariable("ANTHROPIC_MODEL", model, self._goal(model, target))] if model else []),
            *self._behaviour(target),
        )
        warnings: tuple[str, ...] = ()
        if key.needed and environ.get(API_KEY) and environ.get(TOKEN):
            reason = f"{API_KEY} and {TOKEN} are both set; the gateway's key takes the second's place: only"
            warnings = (f"{reason} {API_KEY} reaches {target.provider}. Unset it if the token is meant.",)
        note = f"Your own Anthropic key, token or login goes to {target.provider}: it is not changed."
        return Environment(variables, (note,), warnings, unset=ELSEWHERE)

    def _behaviour(self, target: ModelTarget) -> Iterator[EnvVariable]:
        yield from self._patience(target)
        hints = "so that routes can tell what a request is for"
        yield EnvVariable("CLAUDE_CODE_GATEWAY_HINT_HEADERS", "1", hints)
        yield EnvVariable(
            "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY", "1", "/model lists the gateway's `claude` ids"
        )
        yield EnvVariable("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1", "it connects only to the gateway")

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
        """A name that Claude Code does not recognise as its own model, and that the routes treat like
        `wanted`; without any, the target's name."""
        routes, target = self._routes(wanted), self._target(wanted)
        neutral = (target.model, NEUTRAL, _unknown(wanted))
        for name in (*self.table.names(), *neutral):
            if not is_its_own(name) and self._routes(name) == routes:
                return name
        return target_name(target)

    def _routes(self, name: str) -> list[object]:
        """The routes of a request for this name, in a comparable form."""
        return [(one.conditions, one.targets) for one in self.table.candidates(name).routes]

    def _tiers(self, name: str, main: ModelTarget, *, explicit: bool) -> Iterator[tuple[str, str]]:
        """If a model was requested, all names use it except small jobs with a model of their own."""
        ordinary = self._found(TIERS["SONNET"])
        for tier, id_ in TIERS.items():
            target = self._found(id_)
            others = explicit and (tier != "HAIKU" or target in (ordinary, main))
            yield tier, name if others or target is None else self._name(id_)

    def _past_the_routes(self, tiers: Mapping[str, str]) -> Iterator[str]:
        """The effect of routes that is lost if only the target's own name was found."""
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
        """Its target; of several routes, that of a typical request."""
        if name == target_name(target):
            return ""
        routes = self.table.candidates(name).routes
        several = len(routes) > 1 or any(len(one.targets) > 1 for one in routes)
        return f"goes to {target_name(target)}" + (", unless the routes see a reason" if several else "")

    def _largest_target(self, name: str, target: ModelTarget) -> ModelTarget:
        """The last target of a conversation with this name, if routes depend on its size: the one whose
        window is full in the end."""
        narrowed = self.table.candidates(name)
        found = (one.bound for route in narrowed.routes for one in route.conditions if one.key == TOKENS)
        for bound in sorted(found):
            route, window = narrowed.first({**TYPICAL_REQUEST, TOKENS: bound + 1}), self._window(target)
            if route and window is not None and bound < window and self._window(route.targets[0]):
                target = route.targets[0]
        return target

    def _window(self, target: ModelTarget) -> int | None:
        return window_of(target, self.settings)

    def _patience(self, target: ModelTarget) -> Iterator[EnvVariable]:
        total = timeouts_for(self.settings, target.provider).total
        if total > _WAIT:
            comment = "how long an answer that is not streamed may take; 5 minutes otherwise"
            yield EnvVariable("API_TIMEOUT_MS", str(int(total * 1000)), comment)

    def _judge(self, main: str) -> AutoModeJudge:
        """The model for `claude-sonnet-5`, by a name that is not Claude Code's own; else the main model."""
        meant = self._name(JUDGE) if self._found(JUDGE) else JUDGE
        return auto_mode_judge(self.settings, self.table, dict.fromkeys((meant, main)))

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
                f"`gateway env {self._name(name)}` makes it compact within {window} tokens."
            )
        if window is not None and window < MIN_WINDOW:
            yield f"{goal}: {too_small(window)}."


def is_its_own(name: str) -> bool:
    """Whether Claude Code recognises the name as one of its models."""
    return _ITS_OWN.search(name) is not None


def _unknown(name: str) -> str:
    """`claude-sonnet-5-5` -> `claude-sonnet-gateway`, for patterns such as `claude-sonnet-*`."""
    return re.sub(r"\d.*", NEUTRAL, name)


def _credential(key: EnvKey) -> EnvVariable:
    comment = "" if key.needed else "the gateway asks for none, Claude Code insists on one"
    if key.placeholder:
        comment = "put a client key here, or use --show-key"
    return EnvVariable(TOKEN, key.value, comment, key.variable)


def _beside_their_own(key: EnvKey, environ: Mapping[str, str]) -> Iterator[EnvVariable]:
    """The gateway's key, in the header that the user's own credential does not use."""
    if not key.needed:
        return
    if environ.get(API_KEY):
        yield _credential(key)
    else:
        prefix = "x-api-key: "
        comment = "the gateway's key; your own headers, if any, go on lines of their own"
        yield EnvVariable(CUSTOM_HEADERS, prefix + key.value, comment, key.variable, prefix)


def _auto_mode(judged: AutoModeJudge) -> Iterator[EnvVariable]:
    if judged.judge:
        yield EnvVariable(
            "CLAUDE_CODE_AUTO_MODE_SERVER", "0", "auto mode asks a model, not Anthropic's servers"
        )
        yield EnvVariable("CLAUDE_CODE_AUTO_MODE_MODEL", judged.judge, "this one")


def _sizes(name: str, target: ModelTarget, window: int | None) -> Iterator[EnvVariable]:
    limit = target.max_output_tokens
    if window is None:
        output = limit or LONGEST_ANSWER
    else:
        announced = announced_window(window, limit)
        output = announced.output
        if not is_its_own(name):
            why = f"compacts at {announced.compacts_at} of {window} tokens"
            yield EnvVariable("CLAUDE_CODE_MAX_CONTEXT_TOKENS", str(announced.window), why)
    if output < LONGEST_ANSWER:
        yield EnvVariable("CLAUDE_CODE_MAX_OUTPUT_TOKENS", str(output), "the longest answer")
