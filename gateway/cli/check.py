"""`gateway check`: read the configuration like `serve`, and show what it means, without serving.

It builds everything that `serve` builds, and binds its address for a moment: what `serve` refuses is refused
here, with the same message. Exit code 0 if all is well, 1 if it cannot be served, if it has unreachable
routes or aliases (`serve` only warns about them), or if a probe found a model missing or its window too
small. No secret is shown: a key is `***`.

Text from the configuration is never parsed as markup, and nothing is cut off on a narrow terminal: there the
tables become lists.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click
import rich_click
from attrs import frozen
from rich.console import Console
from rich.text import Text

from gateway.cli import progress
from gateway.cli.effective_config import EffectiveValue, provider_values, server_values
from gateway.cli.probe import ProbedTarget, print_probes, probe, probes_json
from gateway.cli.route_text import place, route_conditions, route_json, target_json, targets_text
from gateway.cli.tables import print_rows
from gateway.errors import ConfigError
from gateway.routing.reachability import unreachable
from gateway.routing.table import Route, RouteTable
from gateway.routing.warnings import config_warnings, small_windows
from gateway.settings.errors import InvalidSettings, SettingsMistake, dotted_path
from gateway.settings.loading.load import LoadedConfig, load_config
from gateway.workers.sockets import check_address
from gateway.workers.supervisor import check_startable


@frozen
class CheckReport:
    """The output of `check` for a configuration that can be served."""

    loaded: LoadedConfig
    table: RouteTable
    mistakes: tuple[SettingsMistake, ...]
    """Unreachable routes and aliases."""
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, loaded: LoadedConfig) -> CheckReport:
        table = RouteTable.build(loaded.settings)
        mistakes = tuple(
            SettingsMistake(loaded.sources[dotted_path(path)], dotted_path(path), words)
            for path, words in unreachable(table)
        )
        warnings = (*config_warnings(loaded.settings, table, reach=False), *small_windows(table))
        return cls(loaded, table, mistakes, warnings)


@rich_click.command()
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="The file to read.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--allow-unauthenticated", is_flag=True, help="Accept an address open to others without client keys."
)
@click.option("--probe", "probing", is_flag=True, help="Ask each model a few small questions, too.")
@click.option(
    "--deep", is_flag=True, help="With --probe: fill each window to its end, which takes up to 10 minutes."
)
def check(config: Path | None, as_json: bool, allow_unauthenticated: bool, probing: bool, deep: bool) -> None:
    """Read the configuration, report its errors, and show the target of each model.

    Without --config the file is GATEWAY_CONFIG, config/gateway.yaml or gateway.yaml; without any, the
    environment alone (PROVIDER and related variables) is the configuration.

    With --probe each target is tested: does the model exist, call tools, see, reason, and how large is its
    window?
    """
    if deep and not probing:
        raise click.UsageError("--deep goes with --probe.")
    try:
        loaded = load_config(config, os.environ, allow_unauthenticated=allow_unauthenticated)
        check_startable(loaded.settings)
        check_address(loaded.settings.server)
    except ConfigError as error:
        _print_json(_refusal_json(error)) if as_json else _print_refusal(error)
        sys.exit(1)
    report = CheckReport.of(loaded)
    probed = _probed(report, deep=deep) if probing else None
    if as_json:
        _print_json(_report_json(report) | ({} if probed is None else {"probes": probes_json(probed)}))
    else:
        _print_report(report, Console(highlight=False))
        print_probes(Console(highlight=False), probed or ())
    if report.mistakes or any(one.problems for one in probed or ()):
        sys.exit(1)


def _probed(report: CheckReport, *, deep: bool) -> tuple[ProbedTarget, ...]:
    with progress.wait(Console(stderr=True), "asking each target a few small questions ..."):
        return probe(report.loaded.settings, report.table, deep=deep)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2))


def _print_refusal(error: ConfigError) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not isinstance(error, InvalidSettings):
        console.print(Text(error.message))
        return
    title, *_ = error.message.splitlines()
    console.print(Text(title, style="bold red"))
    _print_mistakes(error.mistakes, console)


def _print_mistakes(mistakes: Iterable[SettingsMistake], console: Console) -> None:
    for mistake in mistakes:
        where = Text(f"{mistake.where}: ", style="cyan")
        console.print(Text("  ") + where + Text(f"{mistake.path}: " if mistake.path else "", style="bold")
                      + Text(mistake.message))  # fmt: skip


def _refusal_json(error: ConfigError) -> dict[str, object]:
    mistakes = error.mistakes if isinstance(error, InvalidSettings) else ()
    return {"ok": False, "message": error.message, "mistakes": _mistakes_json(mistakes)}


def _mistakes_json(mistakes: Iterable[SettingsMistake]) -> list[dict[str, str]]:
    return [{"where": one.where, "path": one.path, "message": one.message} for one in mistakes]


def _print_report(report: CheckReport, console: Console) -> None:
    loaded = report.loaded
    file = str(loaded.path or "The environment")
    if report.mistakes:
        console.print(Text(f"{file} can be served, but holds what can never be reached:", style="bold red"))
        _print_mistakes(report.mistakes, Console(highlight=False, soft_wrap=True))
    else:
        console.print(Text(f"{file} is valid.", style="bold green"))
    routes = [(*cells, place(loaded, source)) for *cells, source in _route_rows(report)]
    print_rows(console, "Models", ("requested", "goes to", "window", "output", "from"), routes)
    _print_aliases(report, console)
    console.print(
        Text(
            "A name `provider/model` of a provider below is answered too, unless a pattern above takes it.",
            style="dim",
        )
    )
    for name in loaded.settings.providers:
        _print_values(console, f"Provider {name}", loaded, provider_values(loaded, name))
    _print_values(console, "Server", loaded, server_values(loaded))
    console.print()
    for warning in report.warnings:
        console.print(Text("warning: ", style="bold yellow") + Text(warning))


def _print_aliases(report: CheckReport, console: Console) -> None:
    if report.table.aliases:
        rows = [
            (id_, name, targets_text(report.table.named(id_).targets)) for id_, name in _published(report)
        ]
        print_rows(console, "Aliases", ("published", "shown as", "goes to"), rows)


def _published(report: CheckReport) -> list[tuple[str, str]]:
    """The published names that have a target."""
    names, aliases = report.table.names(), report.table.aliases
    return [(id_, aliases[id_]) for id_ in names if id_ in aliases]


def _route_rows(report: CheckReport) -> list[tuple[str, ...]]:
    sources, table = report.loaded.sources, report.table
    rows = [
        (
            route_conditions(route),
            targets_text(route.targets),
            *_limits(route),
            sources[dotted_path(route.place)],
        )
        for route in table.written()
    ]
    if table.default is None and any(_takes_everything(route) for route in table.routes):
        return rows
    rest = ("404: not configured", "", "")
    if table.default:
        rest = (targets_text(table.default.targets), *_limits(table.default))
    return [*rows, ("(anything else)", *rest, sources["defaults.model"])]


def _takes_everything(route: Route) -> bool:
    return not route.conditions and route.patterns in ((), ("*",))


def _limits(route: Route) -> tuple[str, str]:
    """Window and output of the first target."""
    first = route.targets[0]
    return str(first.context_window or "-"), str(first.max_output_tokens or "-")


def _print_values(
    console: Console, title: str, loaded: LoadedConfig, values: Iterable[EffectiveValue]
) -> None:
    rows = [(one.key, one.text, place(loaded, one.source)) for one in values]
    print_rows(console, title, ("key", "value", "from"), rows)


def _report_json(report: CheckReport) -> dict[str, object]:
    loaded, sources = report.loaded, report.loaded.sources
    return {
        "ok": not report.mistakes,
        "file": str(loaded.path) if loaded.path else None,
        "mistakes": _mistakes_json(report.mistakes),
        "routes": [route_json(route, sources[dotted_path(route.place)]) for route in report.table.written()],
        "default": target_json(report.table.default.targets[0]) if report.table.default else None,
        "names": report.table.names(),
        "providers": {
            name: _values_json(provider_values(loaded, name)) for name in loaded.settings.providers
        },
        "server": _values_json(server_values(loaded)),
        "warnings": report.warnings,
    }


def _values_json(values: Iterable[EffectiveValue]) -> dict[str, object]:
    return {one.key: {"value": one.text, "from": one.source} for one in values}
