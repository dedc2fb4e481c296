"""`gateway init`: find model servers on this machine and keys in the environment, and write gateway.yaml.

Rules:
- A key is written as `${NAME}`; nothing is sent to providers that cost money.
- An existing file is not changed without --force.
- In a terminal the user is asked about each finding; otherwise, or with --yes, all are used, those on this
  machine first.

Exit code 0 if a file was written, 1 if nothing was found to write or it cannot be, 2 if the file exists.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import rich_click
from rich.console import Console
from rich.text import Text

from gateway.cli import output_file, progress
from gateway.doctor.client import ProbeClient, ProbeError
from gateway.doctor.cloud_providers import CLOUDS, Cloud, with_key
from gateway.doctor.configuration import PORT, ProviderEntry, gateway_port, render_config, window_to_write
from gateway.doctor.identity import UnknownServer, identify
from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.settings.windows import MIN_WINDOW

PORTS = (11434, 8080, 8000, 1234, 30000)
"""Default ports of Ollama, llama.cpp, vLLM, LM Studio, SGLang."""
PATIENCE = 2.0
_SHOWN = 15
NOTHING = """\
Nothing was found: no model server that has a model answers on this machine (ports {ports}), and no
provider's key is set ({variables}, ...). Do one of these, then call `gateway init` again:
  gateway init --ports 9000,9001        if the server listens on other ports of this machine
  gateway demo                          try it now, with a small model that is installed for you
  ollama serve, ollama pull qwen3:8b    run a model with Ollama
  export OPENROUTER_API_KEY=...         use a provider
  gateway doctor URL --write {path}     if the server is somewhere else"""


@rich_click.command()
@click.option("--yes", is_flag=True, help="Ask nothing: take everything that is found.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("config/gateway.yaml"),
    show_default=True, metavar="FILE", help="The file to write.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite that file.")
@click.option("--ports", metavar="PORTS", help="Other ports of this machine to look at: `8001,8002`.")
@click.option("--json", "as_json", is_flag=True, help="Ask nothing, print what was found as JSON.")
def init(yes: bool, out: Path, force: bool, ports: str | None, as_json: bool) -> None:
    """Find model servers on this machine and keys in the environment, and write a configuration.

    gateway init

    gateway init --yes --out gateway.yaml
    """
    output_file.check_writable(out, force=force, advice=", --out names another")
    console = Console(stderr=True, highlight=False)
    looked_at = _ports(ports)
    listed = ", ".join(map(str, looked_at))
    with progress.wait(console, f"looking at 127.0.0.1, ports {listed} ... (--ports names others)"):
        seen = asyncio.run(detect_servers(looked_at))
    servers = [one for one in seen.values() if isinstance(one, DetectedServer)]
    clouds = list(with_key(os.environ))
    entries = [ProviderEntry(server, server.chats[0] if server.chats else None) for server in servers]
    entries += [_entry(cloud) for cloud in clouds]
    for entry in entries:
        _say(console, entry)
    for port, one in seen.items():
        if isinstance(one, UnknownServer) and one.reachable:
            console.print(Text(f"  left out port {port}: {one.reason}"), soft_wrap=True)
    if not (yes or as_json) and sys.stdin.isatty():
        entries = list(_confirm(entries))
    usable = [entry for entry in entries if entry.model is not None]
    if not usable:
        _nothing(looked_at, out, as_json=as_json)
    output_file.write_file(out, render_config(usable, _title(usable), output_file.is_gateway_port_free))
    _finish(console, out, usable, as_json=as_json)


def _ports(text: str | None) -> tuple[int, ...]:
    if text is None:
        return PORTS
    try:
        ports = tuple(int(port) for port in text.split(","))
    except ValueError:
        raise click.UsageError("--ports: expected numbers with commas between them") from None
    if not all(0 < port < 65536 for port in ports):
        raise click.UsageError("--ports: expected numbers from 1 to 65535")
    return ports


async def detect_servers(ports: Sequence[int]) -> dict[int, DetectedServer | UnknownServer]:
    """The servers that answer on these ports of this machine, in this order."""
    looked = await asyncio.gather(*(_look(port) for port in ports))
    return dict(zip(ports, looked, strict=True))


async def _look(port: int) -> DetectedServer | UnknownServer:
    try:
        async with ProbeClient.to(f"http://127.0.0.1:{port}") as line:
            return await identify(line, PATIENCE)
    except ProbeError as silence:
        return UnknownServer(str(silence))


def _entry(cloud: Cloud) -> ProviderEntry:
    comment = f"{cloud.variable} was set; the model is an example"
    return ProviderEntry(cloud.server, cloud.server.models[0], cloud.variable, comment)


def _say(console: Console, entry: ProviderEntry) -> None:
    server = entry.server
    what = f"{server.product} {server.version}".strip()
    models = f"{len(server.chats)} model{'' if len(server.chats) == 1 else 's'}"
    how = f"{entry.key_variable} is set" if entry.key_variable else f"{server.url}, {models}"
    if not server.chats:
        pull = "; `ollama pull qwen3:8b` fetches one" if server.kind == "ollama" else ""
        how = f"{server.url} has no model to chat with: left out{pull}"
    console.print(Text("  found ", style="green") + Text(f"{what}: {how}"), soft_wrap=True)


def _confirm(entries: Sequence[ProviderEntry]) -> Iterator[ProviderEntry]:
    for entry in entries:
        if click.confirm(f"Use {entry.server.product} ({entry.server.url})?", default=True, err=True):
            yield ProviderEntry(entry.server, _model(entry), entry.key_variable, entry.comment)


def _model(entry: ProviderEntry) -> DetectedModel | None:
    """A provider that costs money takes any name; a server nearby has a list."""
    models = entry.server.chats
    if entry.key_variable:
        name: str = click.prompt("  Which model?", default=models[0].name, err=True)
        return models[0] if name == models[0].name else DetectedModel(name)
    if len(models) < 2:
        return models[0] if models else None
    for number, model in enumerate(models[:_SHOWN], 1):
        click.echo(f"  {number}  {model.name}", err=True)
    choice = click.prompt(
        "  Which model?", default=1, type=click.IntRange(1, min(len(models), _SHOWN)), err=True
    )
    return models[choice - 1]


def _title(entries: Sequence[ProviderEntry]) -> Iterator[str]:
    yield "Written by `gateway init`. `gateway check` says what it means, `gateway check --probe` whether the"
    yield "models are there; docs/configuration.md describes every key."
    yield f"Every name that a client asks for goes to {entries[0].server.product}, as `*` below says."
    if gateway_port(entries, output_file.is_gateway_port_free) == PORT:
        yield f"The gateway listens on http://127.0.0.1:{PORT}."


def _nothing(ports: Sequence[int], path: Path, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"written": None, "providers": []}))
    else:
        variables = ", ".join(cloud.variable for cloud in CLOUDS[:3])
        click.echo(NOTHING.format(ports=", ".join(map(str, ports)), variables=variables, path=path), err=True)
    sys.exit(1)


def _finish(console: Console, path: Path, entries: Sequence[ProviderEntry], *, as_json: bool) -> None:
    if as_json:
        listed = [
            {
                "product": one.server.product,
                "url": one.server.url,
                "model": one.model.name if one.model else None,
            }
            for one in entries
        ]
        click.echo(json.dumps({"written": str(path), "providers": listed}, indent=2))
        return
    console.print(f"\nWritten to {path}. Next:\n", soft_wrap=True)
    for command in ("check --probe", "serve", "run"):
        rest = f" -- {_claude(entries[0])}" if command == "run" else ""
        console.print(Text(f"  gateway {command} --config {path}{rest}"), soft_wrap=True)


def _claude(entry: ProviderEntry) -> str:
    """The `claude` command that works with the target of `*`."""
    assert entry.model is not None
    window = window_to_write(entry.server, entry.model)
    small = window is not None and window < MIN_WINDOW
    bare = small or entry.model.tools is False or entry.server.templates_tools is False
    return 'claude --bare --tools "" -p "hello"' if bare else "claude"
