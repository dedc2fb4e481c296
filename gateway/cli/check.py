"""`gateway check`: read the configuration as `serve` would, and show what it means, without serving.

Exit code 0 if it can be served, 1 if not. No secret is shown: a key is `***`. Text of the configuration is
never read as markup, and nothing is lost on a narrow terminal: there the tables become lists.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import attrs
import click
import rich_click
from attrs import frozen
from rich.console import Console
from rich.text import Text

from gateway.cli.effective import Value, provider_values, server_values
from gateway.cli.tables import print_rows
from gateway.errors import ConfigError
from gateway.routing.table import RouteTable
from gateway.routing.warnings import warnings
from gateway.settings.load import Loaded, load
from gateway.settings.mistakes import InvalidSettings
from gateway.settings.models import ModelTarget


@frozen
class Report:
    """All that `check` shows of a configuration that can be served."""

    loaded: Loaded
    table: RouteTable
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, loaded: Loaded) -> Report:
        table = RouteTable.build(loaded.settings)
        return cls(loaded, table, warnings(loaded.settings, table))


@rich_click.command()
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="The file to read.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--allow-unauthenticated", is_flag=True, help="Accept an address open to others without client keys."
)
def check(config: Path | None, as_json: bool, allow_unauthenticated: bool) -> None:
    """Read the configuration, say what is wrong with it, and show where each model goes.

    Without --config the file is GATEWAY_CONFIG, config/gateway.yaml or gateway.yaml; without any, the
    environment alone (PROVIDER and its kin) is the configuration.
    """
    try:
        loaded = load(config, os.environ, allow_unauthenticated=allow_unauthenticated)
    except ConfigError as error:
        _print_json(_refusal_json(error)) if as_json else _print_refusal(error)
        sys.exit(1)
    report = Report.of(loaded)
    _print_json(_report_json(report)) if as_json else _print_report(report, Console(highlight=False))


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2))


def _print_refusal(error: ConfigError) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not isinstance(error, InvalidSettings):
        console.print(Text(error.message))
        return
    title, *_ = error.message.splitlines()
    console.print(Text(title, style="bold red"))
    for mistake in error.mistakes:
        where = Text(f"{mistake.where}: ", style="cyan")
        console.print(Text("  ") + where + Text(f"{mistake.path}: " if mistake.path else "", style="bold")
                      + Text(mistake.message))  # fmt: skip


def _refusal_json(error: ConfigError) -> dict[str, object]:
    mistakes = error.mistakes if isinstance(error, InvalidSettings) else ()
    listed = [{"where": one.where, "path": one.path, "message": one.message} for one in mistakes]
    return {"ok": False, "message": error.message, "mistakes": listed}


def _print_report(report: Report, console: Console) -> None:
    loaded = report.loaded
    console.print(Text(f"{loaded.path or 'The environment'} is valid.", style="bold green"))
    routes = [(*cells, _place(loaded, source)) for *cells, source in _route_rows(report)]
    print_rows(console, "Models", ("requested", "goes to", "window", "output", "from"), routes)
    console.print(Text("A name `provider/model` of any provider below is answered too.", style="dim"))
    for name in loaded.settings.providers:
        _print_values(console, f"Provider {name}", loaded, provider_values(loaded, name))
    _print_values(console, "Server", loaded, server_values(loaded))
    console.print()
    for warning in report.warnings:
        console.print(Text("warning: ", style="bold yellow") + Text(warning))


def _route_rows(report: Report) -> list[tuple[str, ...]]:
    sources, default = report.loaded.sources, report.table.default
    rules = [
        (rule.pattern, *_target_cells(route.target), sources[f"models.{rule.pattern}"])
        for rule, route in zip(report.loaded.settings.models, report.table.routes, strict=True)
    ]
    if default is None and any(route.pattern == "*" for route in report.table.routes):
        return rules
    rest = _target_cells(default) if default else ("404: not configured", "", "")
    return [*rules, ("(anything else)", *rest, sources["defaults.model"])]


def _target_cells(target: ModelTarget) -> tuple[str, str, str]:
    window, output = target.context_window, target.max_output_tokens
    return f"{target.provider}/{target.model}", str(window or "-"), str(output or "-")


def _print_values(console: Console, title: str, loaded: Loaded, values: Iterable[Value]) -> None:
    rows = [(one.key, one.text, _place(loaded, one.source)) for one in values]
    print_rows(console, title, ("key", "value", "from"), rows)


def _place(loaded: Loaded, source: str) -> str:
    """The file stands above all tables: of a value in it, the line is enough."""
    file, _, line = source.rpartition(":")
    return f"line {line}" if loaded.path and file == str(loaded.path) else source


def _report_json(report: Report) -> dict[str, object]:
    loaded, sources = report.loaded, report.loaded.sources
    return {
        "ok": True,
        "file": str(loaded.path) if loaded.path else None,
        "models": [
            {
                "requested": rule.pattern,
                **_target_json(route.target),
                "from": sources[f"models.{rule.pattern}"],
            }
            for rule, route in zip(loaded.settings.models, report.table.routes, strict=True)
        ],
        "default": _target_json(report.table.default) if report.table.default else None,
        "names": report.table.names(),
        "providers": {
            name: _values_json(provider_values(loaded, name)) for name in loaded.settings.providers
        },
        "server": _values_json(server_values(loaded)),
        "warnings": report.warnings,
    }


def _target_json(target: ModelTarget) -> dict[str, object]:
    said = attrs.asdict(target)
    return {key: value for key, value in said.items() if value is not None}


def _values_json(values: Iterable[Value]) -> dict[str, object]:
    return {one.key: {"value": one.text, "from": one.source} for one in values}
