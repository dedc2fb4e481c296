"""`gateway run -- claude ...`: start a command in the environment that `gateway env` prints.

The gateway must be running: otherwise this prints how to start it, instead of letting the command wait. If
the running gateway publishes other models than the configuration, it prints a warning and starts the command.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import click
import httpx
import rich_click

from gateway.cli import client_key
from gateway.cli.env import environment, load_configuration
from gateway.routing.table import RouteTable
from gateway.settings.hosts import is_loopback_host
from gateway.settings.loading.load import LoadedConfig

_PATIENCE = 3.0
_UNAUTHORIZED = 401
_LISTED_AT_MOST = 1000
"""Models in one answer of `/v1/models`."""
_SHOWN = 5
NOT_FOUND = 127
"""The exit code of shells for a command that does not exist."""


@rich_click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--model", metavar="NAME", help="Any name that the gateway answers. [as for `gateway env`]")
@click.option("--base-url", metavar="URL", help="Where the gateway is, if not where the configuration says.")
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="The gateway's configuration."
)
@client_key.OPTION
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
def run(
    model: str | None, base_url: str | None, config: Path | None, client: str | None, command: tuple[str, ...]
) -> None:
    """Run COMMAND with an environment that points it to the gateway, which must be running.

    gateway run -- claude

    gateway run --model qwen3-coder -- claude -p "what is in this folder?"
    """
    loaded = load_configuration(config)
    made = environment(loaded, base_url, client_key.real_key(loaded, client), model)
    url = made.variables[0].value
    if trouble := _trouble(url):
        serve = shlex.join(["gateway", "serve", *(["--config", str(config)] if config else [])])
        click.echo(f"{trouble} Start the gateway in another terminal:\n\n  {serve}", err=True)
        sys.exit(1)
    if difference := _difference(url, loaded, client):
        click.echo(f"gateway: {difference}", err=True)
    for warning in made.warnings:
        click.echo(f"gateway: {warning}", err=True)
    _replace(command, made.laid_over(os.environ))


def _trouble(url: str) -> str:
    """Why the command should not be started; empty if the gateway answers."""
    try:
        response = httpx.get(
            f"{url}/health", timeout=_PATIENCE, trust_env=not is_loopback_host(urlsplit(url).hostname or "")
        )
    except httpx.TransportError:
        return f"Nothing answers at {url}."
    if response.is_success and b'"status"' in response.content:
        return ""
    return f"What answers at {url} is no gateway (GET /health: {response.status_code})."


def _difference(url: str, loaded: LoadedConfig, client: str | None) -> str:
    """How the running gateway differs from this configuration; empty if they publish the same."""
    file = loaded.path or "the environment"
    key = client_key.real_key(loaded, client)
    try:
        response = httpx.get(
            f"{url}/v1/models?limit=1000",
            headers={"x-api-key": key.value},
            timeout=_PATIENCE,
            trust_env=not is_loopback_host(urlsplit(url).hostname or ""),
        )
        if response.status_code == _UNAUTHORIZED:
            return f"the gateway at {url} refuses the client key of {file}: it serves another configuration."
        served = [str(one["id"]) for one in response.json()["data"]]
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return ""
    ours = list(RouteTable.build(loaded.settings).names()[:_LISTED_AT_MOST])
    if served == ours:
        return ""
    return (
        f"the gateway at {url} does not serve what {file} says: it has {_listed(served)}, the file "
        f"{_listed(ours)}. Is it another one, started with another --config, or not restarted?"
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN]) or "no models"
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _replace(command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by the command; on Windows, which cannot, run it and exit with its code."""
    try:
        if os.name == "posix":
            os.execvpe(command[0], list(command), environ)  # noqa: S606
        sys.exit(subprocess.call(command, env=environ))  # noqa: S603
    except FileNotFoundError:
        click.echo(f"{command[0]}: there is no such command", err=True)
    except OSError as error:
        click.echo(f"{command[0]}: {error.strerror}", err=True)
    sys.exit(NOT_FOUND)
