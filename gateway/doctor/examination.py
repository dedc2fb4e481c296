"""The probes in order, each with a timeout, and the verdict.

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

from gateway.doctor.basic_chat import LOADING, probe_chat
from gateway.doctor.cancellation import probe_cancellation
from gateway.doctor.client import ProbeClient, ProbeError, is_near
from gateway.doctor.dialect import ChatVariant
from gateway.doctor.finding import Finding, ProbeContext, Verdict
from gateway.doctor.prefix_cache import probe_prefix_cache
from gateway.doctor.reasoning import probe_reasoning
from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.doctor.tools import probe_forced_tools, probe_parallel_tools, probe_tools
from gateway.doctor.vision import probe_vision
from gateway.doctor.window import DEEP, USUAL, ProbeEffort, probe_output_limit, probe_window
from gateway.settings.windows import ADVISED_WINDOW, MIN_WINDOW
from gateway.upstreams.ollama.model_options import LaunchOptions, launch_options
from gateway.upstreams.presets import PRESETS, recognise

NO_FIELDS: Mapping[str, object] = {}

Overall = Literal["usable", "limited", "unusable"]


@frozen
class Probe:
    title: str
    """What the probe does, for a progress bar."""
    name: str
    """The name of its first finding."""
    run: Callable[[ProbeContext], Awaitable[list[Finding]]]
    seconds: float


def _filling(effort: ProbeEffort) -> Probe:
    return Probe("filling its window", "window", partial(probe_window, effort=effort), effort.seconds + 30)


def with_deep_window(trials: Sequence[Probe]) -> tuple[Probe, ...]:
    """The same probes, followed by one that fills the whole window."""
    return (*(trial for trial in trials if trial.name != "window"), _filling(DEEP))


ANSWERING = Probe("asking it a question", "answers", probe_chat, 2 * LOADING)
TOOLS = Probe("offering it a tool", "tools", probe_tools, 180)
VISION = Probe("sending it an image", "vision", probe_vision, 100)
REASONING = Probe("asking it to think", "reasoning", probe_reasoning, 100)
QUICK = (ANSWERING, TOOLS)
ABILITIES = (ANSWERING, TOOLS, VISION, REASONING)
FULL = (
    ANSWERING,
    TOOLS,
    Probe("forcing a call", "required call", probe_forced_tools, 180),
    Probe("offering it a tool twice", "parallel tools", probe_parallel_tools, 100),
    VISION,
    REASONING,
    Probe("asking for too long an answer", "output limit", probe_output_limit, 40),
    Probe("sending a long prompt twice", "prefix cache", probe_prefix_cache, 240),
    Probe("leaving in the middle of an answer", "cancellation", probe_cancellation, 180),
    _filling(USUAL),  # last: a server without a length check may continue to read it
)


@frozen
class Examination:
    """A server, one of its models, and all findings."""

    server: DetectedServer
    model: DetectedModel
    """With corrections from the probes."""
    findings: tuple[Finding, ...] = field(default=())

    @property
    def overall(self) -> Overall:
        if self.verdict("answers") != "yes":
            return "unusable"
        small = self.model.window is not None and self.model.window < MIN_WINDOW
        return "limited" if small or self.verdict("tools") != "yes" else "usable"

    def verdict(self, name: str) -> Verdict:
        return overall_verdict(self.findings, name)


def overall_verdict(findings: Iterable[Finding], name: str) -> Verdict:
    for one in findings:
        if one.name == name:
            return one.verdict
    return "unknown"


def probe_context(
    line: ProbeClient,
    server: DetectedServer,
    model: DetectedModel,
    loaded: LaunchOptions | None = None,
    extra_body: Mapping[str, object] = NO_FIELDS,
) -> ProbeContext:
    """`loaded`: the options that the gateway's requests load an Ollama model with; None: the advised ones."""
    quirks = PRESETS[server.preset or recognise(server.kind, server.url)]
    manner = ChatVariant(server.kind, model.name, quirks.max_tokens_field, quirks.stream_usage)
    if server.kind == "ollama":
        loaded = loaded or launch_options(advised_window(model), quirks)
        manner = evolve(manner, launch=loaded.request(extra_body))
    return ProbeContext(line, server, model, manner, is_near(server.url))


def advised_window(model: DetectedModel) -> int:
    """The window that Ollama should load: the loaded one if it is large enough, else the useful and possible
    one."""
    if model.window and model.window >= ADVISED_WINDOW:
        return model.window
    return min(model.largest or ADVISED_WINDOW, ADVISED_WINDOW)


async def examine(
    subject: ProbeContext, trials: Sequence[Probe] = FULL, on_begin: Callable[[Probe], None] = lambda _: None
) -> AsyncIterator[Finding]:
    """The findings as they arrive. Ends early if the server does not even answer. Never raises."""
    for trial in trials:
        on_begin(trial)
        for finding in await _bounded(trial, subject):
            subject.found[finding.name] = finding
            yield finding
        if subject.verdict("answers") == "no":
            return


async def _bounded(trial: Probe, subject: ProbeContext) -> list[Finding]:
    try:
        async with asyncio.timeout(trial.seconds):
            return await trial.run(subject)
    except TimeoutError:
        return [Finding(trial.name, "unknown", f"not done within {trial.seconds:.0f} s")]
    except ProbeError as error:
        return [Finding(trial.name, "unknown", str(error))]


def corrected_model(subject: ProbeContext) -> Examination:
    """The model as described by the server, corrected by the observations."""
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
    return Examination(subject.server, model, tuple(found.values()))


def _figure(finding: Finding | None) -> int | None:
    return finding.value if finding and isinstance(finding.value, int) else None


def _seen(finding: Finding | None, configured: bool | None) -> bool | None:
    match finding.verdict if finding else "unknown":
        case "yes" | "partly":
            return True
        case "no":
            return False
        case "unknown":
            return configured
