"""Warnings about a valid configuration, one line each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from gateway.routing.reachability import unreachable
from gateway.routing.table import RouteTable
from gateway.settings.errors import choices_text, dotted_path
from gateway.settings.hosts import is_loopback_host
from gateway.settings.kinds import KINDS
from gateway.settings.models import ModelTarget, Settings
from gateway.settings.quirks import READ_BY
from gateway.settings.timeouts import timeouts_for
from gateway.settings.windows import ADVISED_WINDOW, MIN_WINDOW, too_small
from gateway.upstreams.presets import recognise


def config_warnings(settings: Settings, table: RouteTable, *, reach: bool = True) -> tuple[str, ...]:
    """`reach`: also find unreachable routes, which is slow for many routes."""
    found = chain(
        _doors(settings),
        _routes(settings, table),
        _twice(table),
        _aliases(table),
        _windows(settings, table),
        _outputs(table),
        _providers(settings),
        _switches(settings, table),
    )
    lost = (f"{dotted_path(place)} {words}." for place, words in unreachable(table)) if reach else ()
    return (*lost, *found)


def _doors(settings: Settings) -> Iterator[str]:
    if not settings.server.keys:
        if is_loopback_host(settings.server.host):
            yield "No client keys are set: every program on this machine can use the gateway."
        else:
            yield (
                "No client keys are set: EVERYONE who can reach it can use the gateway, by its IP address "
                "or by a name in `server.hosts`."
            )


def _routes(settings: Settings, table: RouteTable) -> Iterator[str]:
    if not table.routes and table.default is None:
        name = next(iter(settings.providers))
        yield (
            f"No model is mapped and there is no default: only names such as `{name}/some-model` are "
            "answered. Set `defaults.model` (or DEFAULT_MODEL)."
        )


def _twice(table: RouteTable) -> Iterator[str]:
    for route in table.routes:
        names = [_name(target) for target in route.targets]
        for name in dict.fromkeys(one for one in names if names.count(one) > 1):
            yield f"{route.label} names {name} twice: where it fails, it is asked once more and fails again."


_SHOWN_IN_PICKERS = ("claude", "anthropic")


def _aliases(table: RouteTable) -> Iterator[str]:
    for id_ in table.aliases:
        if not any(word in id_.lower() for word in _SHOWN_IN_PICKERS):
            yield f"aliases.{id_}: Claude Code's picker shows no id without `claude` or `anthropic` in it."
    shown: dict[str, list[str]] = {}
    for id_, name in table.aliases.items():
        shown.setdefault(name, []).append(id_)
    for name, ids in shown.items():
        if len(ids) > 1:
            yield f"aliases {', '.join(ids)} are all shown as {name!r}: a picker cannot tell them apart."


def _switches(settings: Settings, table: RouteTable) -> Iterator[str]:
    """Settings that are never used."""
    of_providers = [
        (f"providers.{name}", name, one.quirks.switches) for name, one in settings.providers.items()
    ]
    of_targets = [(_name(one), one.provider, one.quirks.switches) for one in _targets(table)]
    for where, provider, quirks in (*of_providers, *of_targets):
        kind = settings.providers[provider].kind
        reads = {kind, KINDS[kind].switches_of}
        for switch in quirks:
            if reads.isdisjoint(kinds := READ_BY.get(switch, (kind,))):
                read_by = choices_text(kinds)
                yield f"{where}: `quirks.{switch}` does nothing for kind `{kind}`, only for {read_by}."


def _outputs(table: RouteTable) -> Iterator[str]:
    limits = {(_name(one), one.context_window, one.max_output_tokens): None for one in _targets(table)}
    for name, window, most in limits:
        if window is not None and most is not None and most >= window:
            yield f"{name}: max_output_tokens, {most}, leaves a prompt nothing of context_window, {window}."


def _windows(settings: Settings, table: RouteTable) -> Iterator[str]:
    targets = [target for target in _targets(table) if settings.providers[target.provider].kind == "ollama"]
    unsaid = [_name(target) for target in targets if target.context_window is None]
    if unsaid:
        yield (
            f"No context_window is set for {', '.join(dict.fromkeys(unsaid))}: Ollama is asked for "
            f"{ADVISED_WINDOW} tokens."
        )
    windows: dict[str, set[int]] = {}
    for target in targets:
        windows.setdefault(_name(target), set()).add(target.context_window or ADVISED_WINDOW)
    for name, several in windows.items():
        if len(several) > 1:
            yield f"{name} has several values of context_window: Ollama reloads it at each change."


def small_windows(table: RouteTable) -> Iterator[str]:
    """Small windows of targets that Claude Code's main thread uses: for other clients they may be large
    enough."""
    windows = {_name(target): target.context_window for target in table.for_typical_request()}
    for name, window in windows.items():
        if window is not None and window < MIN_WINDOW:
            yield f"{name}: {too_small(window)}."


def _targets(table: RouteTable) -> list[ModelTarget]:
    default = [table.default] if table.default else []
    return [target for route in [*table.routes, *default] for target in route.targets]


def _providers(settings: Settings) -> Iterator[str]:
    for name, provider in settings.providers.items():
        if provider.kind == "openai" and recognise(provider.kind, provider.base_url) == "ollama":
            yield (
                f"{name} looks like Ollama, but has kind `openai`: that way its window stays at Ollama's own "
                "4096 tokens or so. Use kind `ollama`."
            )
        if not provider.verify:
            yield f"{name}: the server's certificate is not checked (verify: false)."
        timeouts = timeouts_for(settings, name)
        if timeouts.first_byte > timeouts.total:
            yield f"{name}: timeouts.first_byte is longer than timeouts.total, which ends the wait first."


def _name(target: ModelTarget) -> str:
    return f"{target.provider}/{target.model}"
