"""`gateway serve`: load the configuration, say what will go where, and serve until stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import rich_click
import structlog

from gateway.cli.address import address
from gateway.cli.wording import asked, goes_to
from gateway.errors import ConfigError
from gateway.routing.table import RouteTable
from gateway.routing.warnings import warnings
from gateway.settings.load import Loaded
from gateway.settings.models import Server
from gateway.supervisor import supervise
from gateway.telemetry import configure_logging
from gateway.worker import Options
from gateway.worker import serve as serve_alone


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

    Point a client at it: `ANTHROPIC_BASE_URL=http://127.0.0.1:8080 ANTHROPIC_API_KEY=any claude`
    """
    try:
        run(Options(config, host, port, allow_unauthenticated))
    except ConfigError as error:
        click.echo(error.message, err=True)
        sys.exit(1)


def run(options: Options) -> None:
    """Blocks until SIGINT or SIGTERM. ConfigError if the configuration cannot be used."""
    loaded = options.load()
    server = loaded.settings.server
    configure_logging(server.log_level, server.log_format)
    announce(loaded)
    if server.workers > 1:
        supervise(options, loaded)
    else:
        serve_alone(options.source(loaded))


def announce(loaded: Loaded) -> None:
    """One line for each thing a user would otherwise ask about."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    settings = loaded.settings
    table = RouteTable.build(settings)
    for route in table.written():
        log.info("route", name=route.label, takes=asked(route), to=goes_to(route.targets))
    if table.default:
        log.info("route", name=table.default.label, takes="any other", to=goes_to(table.default.targets))
    for id_, shown in table.aliases.items():
        log.info("published", id=id_, shown_as=shown)
    for warning in warnings(settings, table):
        log.warning(warning)
    log.info("point clients at", ANTHROPIC_BASE_URL=address(settings), keys=_keys(settings.server))


def _keys(server: Server) -> str:
    return f"one of {len(server.keys)} client keys" if server.keys else "any (no client keys configured)"
