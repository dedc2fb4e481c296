"""The trials in their order, each bounded in time, and what they mean together.

usable     Claude Code works with it: it answers, calls tools, and its window holds the first turn
limited    it answers, but has no tools or too small a window: `claude --bare --tools ""` works
unusable   it does not answer
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Literal

from attrs import evolve, field, frozen

from gateway.doctor.basic_chat import LOADING, answering
from gateway.doctor.cancellation import cancellation
from gateway.doctor.client import Line, Silence, is_near
from gateway.doctor.dialect import Manner
from gateway.doctor.finding import Finding, Subject, Verdict
from gateway.doctor.prefix_cache import prefix_cache
from gateway.doctor.reasoning import reasoning
from gateway.doctor.server import Model, Server
from gateway.doctor.tools import forced_tools, parallel_tools, tools
from gateway.doctor.vision import vision
from gateway.doctor.window import DEEP, USUAL, Effort, output_limit, window
from gateway.settings.windows import ADVISED, LEAST
from gateway.upstreams.ollama.model_options import Launch, launch
from gateway.upstreams.presets import PRESETS, recognise

NO_FIELDS: Mapping[str, object] = {}

Overall = Literal["usable", "limited", "unusable"]


@frozen
class Trial:
    title: str
    """What is done, for a progress bar."""
    name: str
    """Of its first finding."""
    run: Callable[[Subject], Awaitable[list[Finding]]]
    seconds: float


def _filling(effort: Effort) -> Trial:
    return Trial("filling its window", "window", partial(window, effort=effort), effort.seconds + 30)


def deep(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The same trials, and a window that is tried in earnest behind them."""
    return (*(trial for trial in trials if trial.name != "window"), _filling(DEEP))


ANSWERING = Trial("asking it a question", "answers", answering, 2 * LOADING)
TOOLS = Trial("offering it a tool", "tools", tools, 180)
VISION = Trial("showing it a picture", "vision", vision, 100)
REASONING = Trial("asking it to think", "reasoning", reasoning, 100)
QUICK = (ANSWERING, TOOLS)
ABILITIES = (ANSWERING, TOOLS, VISION, REASONING)
FULL = (
    ANSWERING,
    TOOLS,
    Trial("forcing a call", "required call", forced_tools, 180),
    Trial("offering it a tool twice", "parallel tools", parallel_tools, 100),
    VISION,
    REASONING,
    Trial("asking for too long an answer", "output limit", output_limit, 40),
    Trial("sending a long prompt twice", "prefix cache", prefix_cache, 240),
    Trial("leaving in the middle of an answer", "cancellation", cancellation, 180),
    _filling(USUAL),  # last: a server that has no check may go on reading
)


@frozen
class Examined:
    """A server, one of its models, and all that was found."""

    server: Server
    model: Model
    """With what the trials corrected."""
    findings: tuple[Finding, ...] = field(default=())

    @property
    def overall(self) -> Overall:
        if self.verdict("answers") != "yes":
            return "unusable"
        small = self.model.window is not None and self.model.window < LEAST
        return "limited" if small or self.verdict("tools") != "yes" else "usable"

    def verdict(self, name: str) -> Verdict:
        return verdict(self.findings, name)


def verdict(findings: Iterable[Finding], name: str) -> Verdict:
    for one in findings:
        if one.name == name:
            return one.verdict
    return "unknown"


def subject(
    line: Line,
    server: Server,
    model: Model,
    loaded: Launch | None = None,
    extra_body: Mapping[str, object] = NO_FIELDS,
) -> Subject:
    """`loaded`: what the gateway's requests launch a model of Ollama with; None: as is advised."""
    quirks = PRESETS[server.preset or recognise(server.kind, server.url)]
    manner = Manner(server.kind, model.name, quirks.max_tokens_field, quirks.stream_usage)
    if server.kind == "ollama":
        loaded = loaded or launch(advised_window(model), quirks)
        manner = evolve(manner, launch=loaded.request(extra_body))
    return Subject(line, server, model, manner, is_near(server.url))


def advised_window(model: Model) -> int:
    """What Ollama should load: what it has loaded if that is enough, else what is useful and possible."""
    if model.window and model.window >= ADVISED:
        return model.window
    return min(model.largest or ADVISED, ADVISED)


async def examine(
    subject: Subject, trials: Sequence[Trial] = FULL, on_begin: Callable[[Trial], None] = lambda _: None
) -> AsyncIterator[Finding]:
    """The findings as they come. Ends early if it does not even answer. Never raises."""
    for trial in trials:
        on_begin(trial)
        for finding in await _bounded(trial, subject):
            subject.found[finding.name] = finding
            yield finding
        if subject.verdict("answers") == "no":
            return


async def _bounded(trial: Trial, subject: Subject) -> list[Finding]:
    try:
        async with asyncio.timeout(trial.seconds):
            return await trial.run(subject)
    except TimeoutError:
        return [Finding(trial.name, "unknown", f"not done within {trial.seconds:.0f} s")]
    except Silence as error:
        return [Finding(trial.name, "unknown", str(error))]


def examined(subject: Subject) -> Examined:
    """What the server says of the model, corrected by what was seen."""
    found = subject.found
    window, output, tried = found.get("window"), found.get("output limit"), subject.model
    model = evolve(
        tried,
        window=_figure(window) or subject.manner.window or tried.window,
        output=_figure(output) or tried.output,
        tools=_seen(found.get("tools"), tried.tools),
        vision=_seen(found.get("vision"), tried.vision),
        reasoning=_seen(found.get("reasoning"), tried.reasoning),
    )
    return Examined(subject.server, model, tuple(found.values()))


def _figure(finding: Finding | None) -> int | None:
    return finding.value if finding and isinstance(finding.value, int) else None


def _seen(finding: Finding | None, said: bool | None) -> bool | None:
    match finding.verdict if finding else "unknown":
        case "yes" | "partly":
            return True
        case "no":
            return False
        case "unknown":
            return said
