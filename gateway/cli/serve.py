"""`gateway serve`: load the configuration, print where requests go, and serve until stopped."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click
import rich_click
import structlog

from gateway.cli.address import gateway_url
from gateway.cli.route_text import route_conditions, targets_text
from gateway.errors import ConfigError
from gateway.routing.table import RouteTable
from gateway.routing.warnings import config_warnings
from gateway.settings.loading.load import LoadedConfig, load_config
from gateway.settings.models import Server
from gateway.telemetry import configure_logging, log_in_background
from gateway.workers.sockets import bind_sockets
from gateway.workers.supervisor import check_startable, supervise
from gateway.workers.worker import WorkerOptions
from gateway.workers.worker import serve_worker as serve_alone


@rich_click.command()
@click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The YAML file. Left out: GATEWAY_CONFIG, config/gateway.yaml, gateway.yaml, "
    "or the environment alone.",
)
@click.option("--host", metavar="ADDRESS", help="Address to bind; overrides the file and HOST.")
@click.option(
    "--port",
    metavar="NUMBER",
    type=click.IntRange(0, 65535),
    help="Port to bind; overrides the file and PORT. 0: any.",
)
@click.option(
    "--allow-unauthenticated",
    is_flag=True,
    help="Bind an address that is not loopback without client keys. For containers whose port is "
    "published on 127.0.0.1 only.",
)
def serve(config: Path | None, host: str | None, port: int | None, allow_unauthenticated: bool) -> None:
    """Serve the configuration.

    Point a client at it: `ANTHROPIC_BASE_URL=http://127.0.0.1:8080 ANTHROPIC_AUTH_TOKEN=any claude`
    """
    try:
        run_server(WorkerOptions(config, host, port, allow_unauthenticated))
    except ConfigError as error:
        click.echo(error.message, err=True)
        sys.exit(1)


def run_server(options: WorkerOptions) -> None:
    """Blocks until SIGINT or SIGTERM. Raises ConfigError if the configuration cannot be used."""
    loaded = options.load()
    server = loaded.settings.server
    check_startable(loaded.settings)
    sockets = bind_sockets(server)
    log_in_background()
    configure_logging(server.log_level, server.log_format)
    print_startup(loaded, sockets[0].getsockname()[1])
    if server.workers > 1:
        supervise(options, loaded, sockets)
    else:
        serve_alone(options.source(loaded), sockets=sockets)


def print_startup(loaded: LoadedConfig, port: int | None = None) -> None:
    """One line for each frequent question of a user. `port`: the one that is bound."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    settings = loaded.settings
    table = RouteTable.build(settings)
    for route in table.written():
        log.info("route", name=route.label, takes=route_conditions(route), to=targets_text(route.targets))
    if table.default:
        log.info("route", name=table.default.label, takes="any other", to=targets_text(table.default.targets))
    for id_, shown in table.aliases.items():
        log.info("published", id=id_, shown_as=shown)
    for warning in config_warnings(settings, table):
        log.warning(warning)
    url = gateway_url(settings, port)
    log.info("point clients at", ANTHROPIC_BASE_URL=url, keys=_keys(settings.server))
    log.info("start Claude Code with", command=_run_line(loaded, url))


def _run_line(loaded: LoadedConfig, url: str) -> str:
    """`--base-url` only if the file has another address than this one, as with `--port`."""
    config = ["--config", str(loaded.path)] if loaded.path else []
    where = [] if _said_address(loaded) == url else ["--base-url", url]
    return shlex.join(["gateway", "run", *config, *where, "--", "claude"])


def _said_address(loaded: LoadedConfig) -> str:
    """The address that `gateway run` uses by default; empty if unknown."""
    try:
        again = load_config(loaded.path, os.environ, allow_unauthenticated=True, secrets=False).settings
    except ConfigError:
        return ""
    return gateway_url(again) if again.server.port else ""


def _keys(server: Server) -> str:
    return f"one of {len(server.keys)} client keys" if server.keys else "any (no client keys configured)"
