"""`gateway env [MODEL]`: prints the environment that configures Claude Code for a model, for a shell to
read."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import get_args

import click
import rich_click

from gateway.cli import client_key, shells
from gateway.cli.address import gateway_url
from gateway.cli.environment import Environment, EnvironmentBuilder, EnvKey
from gateway.errors import ConfigError, RequestRefused
from gateway.routing.table import RouteTable
from gateway.settings.errors import InvalidValue
from gateway.settings.loading.load import LoadedConfig, load_config
from gateway.settings.loading.urls import checked_url

SHELLS: tuple[shells.Shell, ...] = get_args(shells.Shell)


@rich_click.command()
@click.argument("model", required=False)
@click.option(
    "--shell",
    type=click.Choice(SHELLS),
    help="In whose words; `claude` is ~/.claude/settings.json. [this one]",
)
@click.option("--base-url", metavar="URL", help="Where the gateway is, if not where the configuration says.")
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="The gateway's configuration."
)
@client_key.OPTION
@click.option("--show-key", is_flag=True, help="Write the client key itself, not the name of its variable.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def env(
    model: str | None, shell: shells.Shell | None, base_url: str | None, config: Path | None,
    client: str | None, show_key: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print the environment that configures Claude Code for MODEL: any name that the gateway answers.

    Without MODEL it is the target of Claude Code's own model names.

        eval "$(gateway env)" && claude

        gateway env qwen3-coder --shell powershell
    """
    loaded = load_configuration(config)
    key = client_key.real_key(loaded, client) if show_key else client_key.key_reference(loaded, client)
    made = environment(loaded, base_url, key, model)
    if as_json:
        click.echo(json.dumps(_json(made), indent=2, ensure_ascii=False))
        return
    chosen = shell or shells.guess_shell(os.environ, sys.platform)
    click.echo(shells.render_environment(made, chosen), nl=False)
    if not shells.has_comments(chosen):
        for note in (*made.warnings, *made.notes):
            click.echo(note, err=True)


def load_configuration(path: Path | None) -> LoadedConfig:
    """Ends the command if it cannot be read. The upstreams' secrets need not be set in this terminal."""
    try:
        return load_config(path, os.environ, allow_unauthenticated=True, secrets=False)
    except ConfigError as error:
        click.echo(error.message, err=True)
        sys.exit(1)


def environment(loaded: LoadedConfig, base_url: str | None, key: EnvKey, model: str | None) -> Environment:
    """Raises click.UsageError for an invalid address or model."""
    maker = EnvironmentBuilder(loaded.settings, RouteTable.build(loaded.settings))
    if base_url is None and loaded.settings.server.port == 0:
        raise click.UsageError("The configuration takes any free port: say --base-url.")
    try:
        url = (
            checked_url(base_url).rstrip("/").removesuffix("/v1")
            if base_url
            else gateway_url(loaded.settings)
        )
        return maker.environment(url, key, model, os.environ)
    except InvalidValue as wrong:
        raise click.UsageError(f"--base-url: {wrong}") from None
    except RequestRefused as refused:
        raise click.UsageError(refused.message) from None


def _json(made: Environment) -> dict[str, object]:
    return {
        "variables": {
            one.name: f"{one.prefix}${{{one.reference}}}" if one.reference else one.value
            for one in made.variables
        },
        "unset": made.unset,
        "warnings": made.warnings,
        "notes": made.notes,
    }
