"""`gateway doctor URL`: identify a server, find out what its model can do, and write the YAML for it.

Exit code 0 if Claude Code works with it, 1 if not (or only without tools), 2 for a wrong command line.
Findings and YAML go to standard output, progress to standard error. The key is never shown or written.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NoReturn

import attrs
import click
import rich_click
from attrs import frozen
from rich.console import Console
from rich.text import Text

from gateway.cli import output_file, progress
from gateway.cli.tables import print_rows
from gateway.doctor import examination
from gateway.doctor.client import ProbeClient, ProbeError, is_near
from gateway.doctor.configuration import ProviderEntry, render_config
from gateway.doctor.examination import Examination, Overall, Probe
from gateway.doctor.identity import UnknownServer, identify
from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.settings.errors import InvalidValue, nearest
from gateway.settings.loading.urls import checked_url
from gateway.settings.models import Provider, Secret

_MANY = 20
"""With more models than this on a server that costs money, one must be named."""
_LISTED = 8
_MEANS: dict[Overall, tuple[str, str]] = {
    "usable": ("bold green", "Claude Code works with it."),
    "limited": ("bold yellow", 'It answers, but only `claude --bare --tools ""` and SDKs can use it.'),
    "unusable": ("bold red", "It cannot be used: it does not answer."),
}


@frozen
class DoctorRequest:
    url: str
    key_variable: str
    key: str
    model: str
    trials: Sequence[Probe]
    progress: Callable[[str], AbstractContextManager[None]]


@rich_click.command()
@click.argument("url", metavar="URL")
@click.option("--api-key-env", metavar="NAME", help="The environment variable that holds the server's key.")
@click.option("--model", metavar="NAME", help="The model to try. [the one that is loaded, or the first]")
@click.option(
    "--write", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the YAML there."
)
@click.option("--force", is_flag=True, help="Overwrite that file.")
@click.option("--quick", is_flag=True, help="Only whether it answers and calls tools.")
@click.option("--deep", is_flag=True, help="Fill the window up to its end, which takes up to 10 minutes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the YAML in it.")
def doctor(
    url: str, api_key_env: str | None, model: str | None, write: Path | None, force: bool, quick: bool,
    deep: bool, as_json: bool,
) -> None:  # fmt: skip
    """Identify a server, find out what its model can do, and write the configuration for it.

    It sends the server a handful of small requests. A server on this machine or network also gets growing
    prompts, for half a minute at most; one that costs money does not.

        gateway doctor http://127.0.0.1:11434 --write gateway.yaml

        gateway doctor https://openrouter.ai/api/v1 --api-key-env OPENROUTER_API_KEY --model qwen/qwen3-coder
    """
    if write:
        output_file.check_writable(write, force=force, advice="")
    stderr = Console(stderr=True)
    request = DoctorRequest(
        url=_url(url),
        key_variable=api_key_env or "",
        key=_key(api_key_env),
        model=model or "",
        trials=_trials(quick=quick, deep=deep),
        progress=lambda title: progress.wait(stderr, f"{title} ..."),
    )
    try:
        found = asyncio.run(run_probes(request))
    except ProbeError as silence:
        found = UnknownServer(str(silence))
    if isinstance(found, UnknownServer):
        _fail(request, found, as_json)
    entries = [ProviderEntry(found.server, found.model, request.key_variable)]
    text = render_config(entries, _title(request, found), output_file.is_gateway_port_free)
    trouble = _written(write, text) if write and found.overall != "unusable" else None
    if as_json:
        click.echo(json.dumps(_json(found, text), indent=2, ensure_ascii=False))
    else:
        _print(Console(highlight=False), found, text, None if trouble else write)
    if trouble:
        raise trouble
    sys.exit(0 if found.overall == "usable" else 1)


def _trials(*, quick: bool, deep: bool) -> Sequence[Probe]:
    trials = examination.QUICK if quick else examination.FULL
    return examination.with_deep_window(trials) if deep else trials


def _written(path: Path, text: str) -> click.ClickException | None:
    """The error of writing: the probes are done, and their result is shown anyway."""
    try:
        output_file.write_file(path, text)
    except click.ClickException as trouble:
        return trouble
    return None


def _url(text: str) -> str:
    try:
        return checked_url(text if "://" in text else f"http://{text}")
    except InvalidValue as wrong:
        raise click.UsageError(f"URL: {wrong}") from None


def _key(variable: str | None) -> str:
    if variable is None:
        return ""
    if not os.environ.get(variable):
        raise click.UsageError(f"--api-key-env: the variable {variable} is not set.")
    return os.environ[variable]


async def run_probes(request: DoctorRequest) -> Examination | UnknownServer:
    """Raises click.UsageError if a model must be named, or does not exist."""
    key = Secret(request.key) if request.key else None
    async with ProbeClient.to(request.url, Provider("openai", request.url, api_key=key)) as line:
        with request.progress("asking who is there"):
            server = await identify(line)
        if isinstance(server, UnknownServer):
            return server
        if not request.model and not server.chats:
            return UnknownServer(f"{server.product} answers, but has no model that can chat", reachable=True)
        model = _chosen(server, request.model)
        subject = examination.probe_context(line, server, model)
        with ExitStack() as display:

            def begin(trial: Probe) -> None:
                """Show each probe until the next one begins."""
                display.close()
                display.enter_context(request.progress(trial.title))

            async for _ in examination.examine(subject, request.trials, begin):
                pass
        return examination.corrected_model(subject)


def _chosen(server: DetectedServer, name: str) -> DetectedModel:
    if name:
        return server.model(name) or _unlisted(server, name)
    if len(server.chats) > _MANY and not is_near(server.url):
        shown = ", ".join(model.name for model in server.chats[:_LISTED])
        raise click.UsageError(f"It has {len(server.chats)} models: name one with --model ({shown}, ...).")
    return server.chats[0]


def _unlisted(server: DetectedServer, name: str) -> DetectedModel:
    """Some servers list fewer models than they have: only Ollama's list is complete."""
    if server.kind != "ollama":
        return DetectedModel(name)
    names = [model.name for model in server.models]
    hint = nearest(name, names)
    raise click.UsageError(
        f"Ollama has no model {name!r}."
        + (f" Did you mean {hint!r}?" if hint else "")
        + f" `ollama pull {name}` fetches it; there are: {', '.join(names) or 'none'}."
    )


def _title(request: DoctorRequest, found: Examination) -> Iterator[str]:
    server = found.server
    yield f"For {server.product} {server.version} at {request.url}, as `gateway doctor` found it."
    yield f"{found.model.name}: {_MEANS[found.overall][1]}"
    yield f"  yes: {', '.join(one.name for one in found.findings if one.verdict == 'yes') or 'nothing'}"
    yield from (
        f"  {one.name}: {one.verdict}, {one.evidence}" for one in found.findings if one.verdict != "yes"
    )


def _fail(request: DoctorRequest, unknown: UnknownServer, as_json: bool) -> NoReturn:
    advice = " Name the variable with the key: --api-key-env NAME." if unknown.key_refused else ""
    if as_json:
        report = {"url": request.url, "overall": "unusable", "reachable": unknown.reachable}
        click.echo(json.dumps({**report, "reason": unknown.reason + advice}, indent=2))
    else:
        click.echo(f"{request.url}: {unknown.reason}.{advice}", err=True)
    sys.exit(1)


def _print(console: Console, found: Examination, text: str, path: Path | None) -> None:
    server = found.server
    console.print(
        Text(f"{server.product} {server.version}".strip(), style="bold") + Text(f" at {server.url}")
    )
    console.print(Text(f"{server.evidence}; {_models(server.chats)}", style="dim"))
    rows = [(one.name, one.verdict, one.evidence) for one in found.findings]
    print_rows(console, found.model.name, ("tried", "result", "seen"), rows)
    console.print()
    for one in found.findings:
        if one.meaning:
            console.print(Text(f"{one.name}: ", style="cyan") + Text(one.meaning))
    style, means = _MEANS[found.overall]
    console.print(Text(means, style=style))
    for line in _afterwards(found, text, path):
        console.print(line, markup=False, soft_wrap=True)


def _models(models: Sequence[DetectedModel]) -> str:
    names = [model.name for model in models[:_LISTED]]
    more = f" and {len(models) - _LISTED} more" if len(models) > _LISTED else ""
    return f"{len(models)} model{'' if len(models) == 1 else 's'}: {', '.join(names)}{more}"


def _afterwards(found: Examination, text: str, path: Path | None) -> Iterator[str]:
    if path is None:
        yield f"\n{text.rstrip()}"
    elif found.overall == "unusable":
        yield f"Nothing was written to {path}."
    else:
        yield f"\nWritten to {path}. Next:\n"
        yield f"  gateway serve --config {path}"
        bare = "" if found.overall == "usable" else ' --bare --tools "" -p "hello"'
        yield f"  gateway run --config {path} -- claude{bare}"


def _json(found: Examination, text: str) -> dict[str, object]:
    return {
        "overall": found.overall,
        "server": attrs.asdict(found.server),
        "model": attrs.asdict(found.model),
        "findings": [attrs.asdict(one) for one in found.findings],
        "yaml": text,
    }
