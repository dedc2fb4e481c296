"""`gateway check --probe`: compares the configuration of each target with what its server reports and does.

Each target gets a few small requests; servers are probed concurrently, the models of one server in turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

import attrs
from attrs import evolve, field, frozen
from rich.console import Console
from rich.text import Text

from gateway.cli.tables import print_rows
from gateway.doctor import examination
from gateway.doctor.client import ProbeClient, ProbeError
from gateway.doctor.examination import Examination, Probe
from gateway.doctor.finding import Finding, Verdict
from gateway.doctor.identity import UnknownServer, identify
from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.routing.table import RouteTable
from gateway.routing.targets import target_name
from gateway.settings.errors import nearest
from gateway.settings.kinds import KINDS
from gateway.settings.models import ModelTarget, Provider, Settings
from gateway.settings.windows import MIN_WINDOW, too_small
from gateway.upstreams.ollama.model_options import launch_options
from gateway.upstreams.presets import quirks_of


@frozen
class ProbedTarget:
    """One target. `problems`: what will fail; `advice`: what could be configured better."""

    target: ModelTarget
    product: str = ""
    there: Verdict = "unknown"
    tools: Verdict = "unknown"
    images: Verdict = "unknown"
    reasoning: Verdict = "unknown"
    window: int | None = None
    """The window that the server reports or has loaded."""
    problems: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        return target_name(self.target)


def probe(settings: Settings, table: RouteTable, *, deep: bool = False) -> tuple[ProbedTarget, ...]:
    """Every configured target, in the order of the configuration, with the quirks of its first entry.

    `deep`: its window is filled completely.
    """
    ways: dict[str, ModelTarget] = {}
    for route in table.every():
        for target in route.targets:
            ways.setdefault(target_name(target), target)
    trials = examination.with_deep_window(examination.ABILITIES) if deep else examination.ABILITIES
    found = asyncio.run(_all(settings, [ways[name] for name in table.own], trials))
    main = {target_name(target) for target in table.for_typical_request()}
    return tuple(_judged(found[name], main=name in main) for name in table.own)


def _judged(probed: ProbedTarget, *, main: bool) -> ProbedTarget:
    """A window too small for Claude Code is only a problem for targets of its main thread."""
    windows = [size for size in (probed.target.context_window, probed.window) if size]
    if not main or not windows or min(windows) >= MIN_WINDOW:
        return probed
    return evolve(probed, problems=(*probed.problems, too_small(min(windows))))


async def _all(
    settings: Settings, targets: Sequence[ModelTarget], trials: Sequence[Probe]
) -> dict[str, ProbedTarget]:
    names = dict.fromkeys(target.provider for target in targets)
    groups = [[target for target in targets if target.provider == name] for name in names]
    probed = await asyncio.gather(
        *(_server(settings.providers[group[0].provider], group, trials) for group in groups)
    )
    return {one.name: one for group in probed for one in group}


async def _server(
    provider: Provider, targets: Sequence[ModelTarget], trials: Sequence[Probe]
) -> list[ProbedTarget]:
    if not KINDS[provider.kind].probed:
        reason = f"not probed: it speaks `{provider.kind}`"
        return [ProbedTarget(target, advice=(reason,)) for target in targets]
    try:
        async with ProbeClient.to(provider.base_url, provider) as line:
            found = await identify(line)
            if isinstance(found, UnknownServer) and not (found.reachable and not found.key_refused):
                return [ProbedTarget(target, there="no", problems=(found.reason,)) for target in targets]
            server = found if isinstance(found, DetectedServer) else _plain(provider)
            return [await _target(line, server, provider, target, trials) for target in targets]
    except ProbeError as silence:
        return [ProbedTarget(target, there="no", problems=(str(silence),)) for target in targets]


def _plain(provider: Provider) -> DetectedServer:
    """A server without a model list, such as a proxy; it may support chat nevertheless."""
    return DetectedServer("unknown", provider.kind, provider.base_url, "nothing that tells it apart")


async def _target(
    line: ProbeClient,
    server: DetectedServer,
    provider: Provider,
    target: ModelTarget,
    trials: Sequence[Probe],
) -> ProbedTarget:
    server = _as_configured(server, provider)
    model = server.model(target.model) or DetectedModel(target.model)
    quirks = evolve(quirks_of(provider), **target.quirks.switches)
    loaded = launch_options(target.context_window, quirks)
    subject = examination.probe_context(line, server, model, loaded, target.extra_body)
    async for _ in examination.examine(subject, trials):
        pass
    found = examination.corrected_model(subject)
    now = await identify(line)
    shown = now.model(target.model) if isinstance(now, DetectedServer) else None
    window = _tried(found) or (shown.window if shown else _only(server).window)
    there = found.verdict("answers")
    problems = [] if there == "yes" else [_missing(server, found, target)]
    advice = list(_advice(target, found, window, server)) if there == "yes" else []
    return ProbedTarget(
        target=target,
        product=server.product,
        there=there,
        tools=found.verdict("tools"),
        images=found.verdict("vision"),
        reasoning=found.verdict("reasoning"),
        window=window,
        problems=(*problems, *_window_problems(target, window)),
        advice=tuple(advice),
        findings=found.findings,
    )


def _tried(found: Examination) -> int | None:
    """The window that a probe found, if there was one."""
    value = next((one.value for one in found.findings if one.name == "window"), None)
    return value if isinstance(value, int) else None


def _as_configured(server: DetectedServer, provider: Provider) -> DetectedServer:
    """The probes use the same address and settings as requests."""
    preset = provider.preset or server.preset
    return evolve(server, kind=provider.kind, url=provider.base_url, preset=preset)


def _only(server: DetectedServer) -> DetectedModel:
    """llama.cpp answers every name with the one model it has."""
    return server.models[0] if server.product == "llama.cpp" and server.models else DetectedModel("")


def _missing(server: DetectedServer, found: Examination, target: ModelTarget) -> str:
    names = [model.name for model in server.models]
    words = next((one.evidence for one in found.findings if one.name == "answers"), "it does not answer")
    if target.model in names or not names or server.product == "llama.cpp":
        return words
    hint = nearest(target.model, names)
    return f"{words}; the server lists no {target.model}" + (f", but {hint}" if hint else "")


def _window_problems(target: ModelTarget, window: int | None) -> Iterator[str]:
    configured = target.context_window
    if configured and window and configured > window:
        actual = f"the server holds {window}"
        yield f"context_window is {configured}, but {actual}: longer prompts are refused or cut"


def _advice(
    target: ModelTarget, found: Examination, window: int | None, server: DetectedServer
) -> Iterator[str]:
    configured = target.context_window
    if window and configured is None:
        yield f"set `context_window: {window}`"
    elif window and configured and configured < window and server.kind != "ollama":
        yield f"the server holds {window} tokens, more than the configured {configured}"
    elif window is None and configured is None:
        yield "set `context_window`: the server does not report its window"
    if found.verdict("tools") in ("no", "partly"):
        yield from (f"tools: {one.evidence}; {one.meaning}" for one in found.findings if one.name == "tools")
    yield from _switches(target, found)
    wanted, most = target.max_output_tokens, found.model.output
    if wanted and most and wanted > most:
        yield f"max_output_tokens is {wanted}, but the model writes {most} at most"


def _switches(target: ModelTarget, found: Examination) -> Iterable[str]:
    for key, name, configured in (
        ("vision", "vision", target.vision),
        ("reasoning", "reasoning", target.reasoning),
    ):
        seen = found.verdict(name)
        if seen == "no" and configured is not False and (configured or key == "vision"):
            yield f"set `{key}: false`: it has none"
        elif seen == "yes" and configured is False:
            yield f"`{key}: false` is set, but it has it"


def print_probes(console: Console, probed: Sequence[ProbedTarget]) -> None:
    if not probed:
        return
    columns = ("target", "there", "tools", "images", "reasoning", "configured", "holds")
    rows = [
        (one.name, one.there, one.tools, one.images, one.reasoning, str(one.target.context_window or "-"),
         str(one.window or "-"))
        for one in probed
    ]  # fmt: skip
    print_rows(console, "Probed", columns, rows)
    console.print()
    for one in probed:
        for problem in one.problems:
            console.print(Text("problem: ", style="bold red") + Text(f"{one.name}: {problem}"))
        for advice in one.advice:
            console.print(Text("advice: ", style="bold yellow") + Text(f"{one.name}: {advice}"))


def probes_json(probed: Sequence[ProbedTarget]) -> list[dict[str, object]]:
    return [
        {
            "target": one.name,
            "product": one.product,
            "there": one.there,
            "tools": one.tools,
            "images": one.images,
            "reasoning": one.reasoning,
            "context_window": {"configured": one.target.context_window, "found": one.window},
            "problems": one.problems,
            "advice": one.advice,
            "findings": [attrs.asdict(finding) for finding in one.findings],
        }
        for one in probed
    ]
