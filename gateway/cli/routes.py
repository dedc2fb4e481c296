"""`gateway routes`: shows the routes, and which of them takes a request and why.

`explain` reads the configuration like `serve` and a request as a client would send it, and shows rule by rule
which features were compared. Nothing is sent. Exit code 0 if a route takes the request, 1 if it is answered
with 404 or the configuration cannot be used, 2 for a wrong command line.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO, cast

import click
import rich_click
from rich.console import Console
from rich.text import Text

from gateway.anthropic.request.decoding import decode_request
from gateway.cli.route_text import (
    condition,
    place,
    route_conditions,
    route_json,
    share,
    target_json,
    targets_text,
)
from gateway.cli.tables import print_rows
from gateway.errors import ConfigError, RequestRefused
from gateway.inbound import Inbound
from gateway.routing.affinity import SessionShares
from gateway.routing.explain import ConditionCheck, Explanation, RouteStep, explain
from gateway.routing.table import Route, RouteTable
from gateway.routing.targets import target_name
from gateway.settings.errors import dotted_path
from gateway.settings.loading.load import LoadedConfig, load_config
from gateway.settings.models import ModelTarget

CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="The configuration to read."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
ALLOW = click.option(
    "--allow-unauthenticated", is_flag=True, help="Accept an address open to others without client keys."
)


@rich_click.group()
def routes() -> None:
    """Show the routes, and why a request takes one of them."""


@routes.command(name="list")
@CONFIG
@ALLOW
@JSON
def list_(config: Path | None, allow_unauthenticated: bool, as_json: bool) -> None:
    """Show all routes in the order in which they are tried."""
    loaded = _loaded(config, allow=allow_unauthenticated)
    table = RouteTable.build(loaded.settings)
    every = [*table.written(), *([table.default] if table.default else [])]
    if as_json:
        _print_json([route_json(one, loaded.sources[dotted_path(one.place)]) for one in every])
        return
    rows = [
        (one.label, route_conditions(one), targets_text(one.targets), _from(loaded, one)) for one in every
    ]
    title = f"Routes of {loaded.path or 'the environment'}"
    print_rows(Console(highlight=False), title, ("route", "requested", "goes to", "from"), rows)


@routes.command(name="explain")
@click.argument("request_file", metavar="[REQUEST.JSON]", type=click.File(encoding="utf-8"), required=False)
@click.option("--model", metavar="NAME", help="The requested model; wins over the one in the request.")
@click.option(
    "--header", "headers", metavar="NAME=VALUE", multiple=True, help="A header of the request; repeatable."
)
@click.option("--client", metavar="NAME", default="", help="The name of the client key that is used.")
@CONFIG
@ALLOW
@JSON
def explain_(
    request_file: TextIO | None,
    model: str | None,
    headers: tuple[str, ...],
    client: str,
    config: Path | None,
    allow_unauthenticated: bool,
    as_json: bool,
) -> None:
    """Show rule by rule which route a request takes, and why. Nothing is sent.

    REQUEST.JSON is the body of a request, `-` for standard input; by default a minimal request.

    Example: `gateway routes explain --model claude-haiku-4-5 --header x-claude-code-request-class=auxiliary`
    """
    inbound = _inbound(_body(request_file, model), _headers(headers), client)
    loaded = _loaded(config, allow=allow_unauthenticated)
    found = explain(RouteTable.build(loaded.settings), inbound)
    if as_json:
        _print_json(_as_json(found, inbound, loaded))
    else:
        _print(found, inbound, loaded, Console(highlight=False))
    sys.exit(0 if found.route else 1)


def _loaded(config: Path | None, *, allow: bool) -> LoadedConfig:
    try:
        return load_config(config, os.environ, allow_unauthenticated=allow)
    except ConfigError as error:
        click.echo(error.message, err=True)
        sys.exit(1)


def _body(file: TextIO | None, model: str | None) -> bytes:
    if file is None:
        if model is None:
            raise click.UsageError("Give --model, a request, or both.")
        return json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello."}]}).encode()
    text = file.read()
    if model is None:
        return text.encode()
    try:
        request: Any = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{file.name} is not JSON: {error}") from None
    return json.dumps(
        {**cast("dict[str, Any]", request), "model": model} if isinstance(request, dict) else request
    ).encode()


def _headers(pairs: tuple[str, ...]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"--header takes NAME=VALUE, not {pair!r}.")
        headers[name.strip().lower()] = value.strip()
    return headers


def _inbound(body: bytes, headers: dict[str, str], client: str) -> Inbound:
    try:
        return Inbound("req_explained", body, headers, decode_request(body), client)
    except RequestRefused as refused:
        raise click.UsageError(f"The request would be refused: {refused.message}") from None


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2))


def _as_json(found: Explanation, inbound: Inbound, loaded: LoadedConfig) -> dict[str, object]:
    route = found.route
    return {
        "model": inbound.request.model,
        "route": route.label if route else None,
        "targets": [target_json(one) for one in _tried(route, inbound)] if route else [],
        "refusal": found.refusal or None,
        "steps": [
            {
                "route": _label(step),
                "from": loaded.sources.get(dotted_path(step.route.place), ""),
                "outcome": step.outcome,
                "checks": [_check_json(check) for check in step.checks],
            }
            for step in found.steps
        ],
    }


def _check_json(check: ConditionCheck) -> dict[str, object]:
    fields: dict[str, object] = {
        "key": check.key,
        "wanted": check.wanted,
        "seen": check.seen,
        "holds": check.holds,
    }
    because: dict[str, object] = {"because": check.note} if check.note else {}
    return fields | because | ({"guessed": check.guessed} if check.key == "class" else {})


def _print(found: Explanation, inbound: Inbound, loaded: LoadedConfig, console: Console) -> None:
    rows = [(_label(step), step.outcome, _why(step), _from(loaded, step.route)) for step in found.steps]
    title = f"A request for {inbound.request.model}, by {loaded.path or 'the environment'}"
    print_rows(console, title, ("route", "outcome", "why", "from"), rows)
    console.print()
    if found.route is None:
        console.print(Text(f"404: {found.refusal}", style="red"))
        return
    for number, target in enumerate(_tried(found.route, inbound)):
        words = "goes to " if number == 0 else "then to "
        part = f" ({share(target, found.route.targets)} of the sessions)" if target.weight else ""
        console.print(Text(words, style="dim") + Text(target_name(target), style="bold green") + Text(part))


def _from(loaded: LoadedConfig, route: Route) -> str:
    return place(loaded, loaded.sources.get(dotted_path(route.place), ""))


def _tried(route: Route, inbound: Inbound) -> list[ModelTarget]:
    """The targets, in the order in which they are tried for this session."""
    return [route.targets[at] for at in SessionShares.of(route.targets).order(inbound)]


def _label(step: RouteStep) -> str:
    return step.route.label or "the name of a target"


def _why(step: RouteStep) -> str:
    if step.outcome == "not reached":
        return ""
    return "; ".join(_words(check) for check in step.checks) or "takes everything"


def _words(check: ConditionCheck) -> str:
    note = f" ({'a guess: ' if check.guessed else ''}{check.note})" if check.note else ""
    if check.key == "model":
        wanted = " or ".join(map(str, check.wanted)) or "any"
        return f"model {wanted}: {'yes' if check.holds else 'no'}{note}"
    verdict = "yes" if check.holds else "no"
    return f"{condition(check.key, check.wanted)}: {verdict}{_format_seen(check)}{note}"


def _format_seen(check: ConditionCheck) -> str:
    match check.seen:
        case bool():
            return ""
        case int() as tokens:
            return f", it has about {tokens}"
        case _ as name:
            return f", it is {name or 'no client with a key'}"
