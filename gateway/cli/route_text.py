"""Routes as text and as JSON, for `check` and `routes`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import attrs

from gateway.routing.conditions import FITS, TOKENS
from gateway.routing.table import Route
from gateway.routing.targets import target_name
from gateway.settings.loading.load import LoadedConfig
from gateway.settings.models import ModelTarget

_TRUTHS = {
    "images": ("with images", "without images"),
    "pdf": ("with a PDF", "without PDFs"),
    "thinking": ("thinking", "not thinking"),
    "tools": ("with tools", "without tools"),
    "server_tools": ("with server tools", "without server tools"),
}


def route_conditions(route: Route) -> str:
    """The conditions of a route: `claude-haiku-*, with images`."""
    names = " or ".join(route.patterns) or "any model"
    conditions = (one for one in route.conditions if one.key != FITS)
    return ", ".join([names, *(condition(one.key, one.wanted) for one in conditions)])


def condition(key: str, wanted: tuple[Hashable, ...]) -> str:
    if key in _TRUTHS:
        yes, no = _TRUTHS[key]
        return yes if wanted[0] else no
    if key == TOKENS:
        return f"over {wanted[0]} tokens"
    if key == FITS:
        return f"up to {wanted[0]} tokens if auxiliary"
    return f"{key} {' or '.join(map(str, wanted))}"


def targets_text(targets: Iterable[ModelTarget]) -> str:
    """`a/x (75 %) or b/y (25 %), then c/z`: shares of the sessions, then the fallbacks."""
    every = list(targets)
    shared = [f"{target_name(one)} ({share(one, every)})" for one in every if one.weight is not None]
    others = [target_name(one) for one in every if one.weight is None]
    return ", then ".join(filter(None, [" or ".join(shared), *others]))


def share(target: ModelTarget, targets: Iterable[ModelTarget]) -> str:
    """`75 %`, for a target with a weight."""
    whole = sum(one.weight or 0 for one in targets)
    return f"{100 * (target.weight or 0) / whole:.3g} %"


def place(loaded: LoadedConfig, source: str) -> str:
    """The file is printed above all tables: for a value in it, the line is enough."""
    file, _, line = source.rpartition(":")
    return f"line {line}" if loaded.path and file == str(loaded.path) else source


def target_json(target: ModelTarget) -> dict[str, object]:
    """Its configured facts; of `extra_body` only the keys, since a value may be a secret."""
    fields: dict[str, object] = attrs.asdict(target, recurse=False)
    for key in ("sampling", "timeouts"):
        fields[key] = _explicit_fields(getattr(target, key))
    fields["quirks"] = dict(target.quirks.switches)
    return _kept(fields | {"extra_body": sorted(target.extra_body)})


def _explicit_fields(section: attrs.AttrsInstance) -> dict[str, object]:
    return _kept(attrs.asdict(section))


def _kept(fields: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value is not None and value not in ({}, [])}


def route_json(route: Route, source: str) -> dict[str, object]:
    return {
        "route": route.label,
        "models": route.patterns,
        "conditions": {one.key: one.wanted for one in route.conditions if one.key != FITS},
        "to": [target_json(target) for target in route.targets],
        "from": source,
    }
