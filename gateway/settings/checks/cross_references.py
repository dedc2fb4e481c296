"""Checks across keys: clients that have a key, equal keys and ids, weights that share.

It examines the tree, like `consistency`, so that its errors are reported together with all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from gateway.settings.errors import InterpolatedText, KeyPath, choices_text, quoted, suggestion
from gateway.settings.kinds import KINDS, Preset, spec_of
from gateway.settings.loading.document import Tree

FoundMistake = Iterator[tuple[KeyPath, str]]


def check_cross_references(tree: dict[str, Tree]) -> FoundMistake:
    yield from _equal_keys(tree)
    yield from _unknown_clients(tree)
    yield from _empty_conditions(tree)
    yield from _duplicate_aliases(tree)
    yield from _presets(tree)
    yield from _switches(tree)
    for path, to in _lists(tree):
        yield from _weights(path, to)
    models = tree.get("models")
    for pattern, target in models.items() if isinstance(models, dict) else ():
        yield from _weights(("models", pattern), target)


def all_targets(tree: dict[str, Tree]) -> Iterator[tuple[KeyPath, Tree]]:
    """Every target of the configuration."""
    yield ("defaults", "model"), _below(tree.get("defaults"), "model")
    models = tree.get("models")
    for pattern, target in models.items() if isinstance(models, dict) else ():
        yield ("models", pattern), target
    for path, several in _lists(tree):
        if isinstance(several, list):
            yield from (((*path, index), one) for index, one in enumerate(several))
        else:
            yield path, several


def _presets(tree: dict[str, Tree]) -> FoundMistake:
    """A preset describes servers of one kind; for another kind its switches have no meaning, or another
    one."""
    providers = tree.get("providers")
    for name, provider in providers.items() if isinstance(providers, dict) else ():
        kind, preset = _below(provider, "kind"), _below(provider, "preset")
        spec = spec_of(kind)
        if not isinstance(preset, str) or preset not in get_args(Preset) or spec is None:
            continue
        if preset in spec.presets:
            continue
        takers = [one for one, other in KINDS.items() if other.has_server and preset in other.presets]
        meant = " or ".join(f"`{one}`" for one in takers)
        why = f"`{preset}` is for providers of kind {meant}; leave it out, and set single `quirks` instead"
        yield ("providers", name, "preset"), why


def _switches(tree: dict[str, Tree]) -> FoundMistake:
    """Switches of one kind that would make another kind answer wrongly."""
    providers = tree.get("providers")
    known = providers if isinstance(providers, dict) else {}
    of_providers = [(("providers", name), name, section) for name, section in known.items()]
    of_targets = [(path, _below(target, "provider"), target) for path, target in all_targets(tree)]
    for path, name, section in (*of_providers, *of_targets):
        kind = _below(known.get(name), "kind") if isinstance(name, str) else None
        quirks = _below(section, "quirks")
        if kind != "responses" and str(_below(quirks, "web_search")).lower() == "true":
            why = "only providers of kind `responses` can search the web themselves"
            yield (*path, "quirks", "web_search"), why
        prefill = _below(quirks, "prefill")
        if kind == "responses" and prefill in ("continue", "flags"):
            why = "providers of kind `responses` cannot continue an assistant's message; leave it out"
            yield (*path, "quirks", "prefill"), why
        for switch in ("image_urls", "pdf", "pdf_urls") if kind == "ollama" else ():
            if str(_below(quirks, switch)).lower() == "true":
                why = "Ollama takes images only as data, and no PDFs; leave it out, and their text is sent"
                yield (*path, "quirks", switch), why
        if kind == "ollama" and prefill == "flags":
            yield (
                (*path, "quirks", "prefill"),
                "only providers of kind `openai` have the flags; write `continue`",
            )


def _lists(tree: dict[str, Tree]) -> Iterator[tuple[KeyPath, Tree]]:
    """Every `to`: one target, or a list."""
    aliases, routes = tree.get("aliases"), tree.get("routes")
    for id_, alias in aliases.items() if isinstance(aliases, dict) else ():
        yield ("aliases", id_, "to"), _below(alias, "to")
    for number, route in enumerate(routes if isinstance(routes, list) else ()):
        yield ("routes", number, "to"), _below(route, "to")


def _below(section: Tree, key: str) -> Tree:
    return section.get(key) if isinstance(section, dict) else None


def _equal_keys(tree: dict[str, Tree]) -> FoundMistake:
    """Keys identify clients and their permissions. The keys themselves are not shown."""
    keys = _below(tree.get("server"), "keys")
    values = (
        [_below(key, "key") if isinstance(key, dict) else key for key in keys]
        if isinstance(keys, list)
        else []
    )
    for number, value in enumerate(values):
        if isinstance(value, str) and value and value in values[:number]:
            same = values.index(value)
            yield (
                ("server", "keys", number),
                f"duplicates `server.keys[{same}]`: client keys must be unique",
            )
    admin = _below(tree.get("server"), "admin_key")
    if isinstance(admin, str) and admin and admin in values:
        same = values.index(admin)
        yield (
            ("server", "admin_key"),
            f"is a client's key, too: `server.keys[{same}]` could reload and read the status",
        )


def _empty_conditions(tree: dict[str, Tree]) -> FoundMistake:
    """An empty list would match everything."""
    routes = tree.get("routes")
    for number, route in enumerate(routes if isinstance(routes, list) else ()):
        for key in ("model", "class", "client"):
            names = _below(_below(route, "match"), key)
            if isinstance(names, list) and not any(
                one != "" or not isinstance(one, InterpolatedText) for one in names
            ):
                yield ("routes", number, "match", key), "names nothing; without this key everything matches"


def _unknown_clients(tree: dict[str, Tree]) -> FoundMistake:
    keys, routes = _below(tree.get("server"), "keys"), tree.get("routes")
    names = list(_client_names(keys if isinstance(keys, list) else []))
    for number, route in enumerate(routes if isinstance(routes, list) else ()):
        clients = _below(_below(route, "match"), "client")
        for name in clients if isinstance(clients, list) else [clients]:
            if isinstance(name, str) and name and name not in names:
                there = f"; there is {choices_text(names)}" if names else "; `server.keys` has none"
                hint = suggestion(name, names) or there
                yield (
                    ("routes", number, "match", "client"),
                    f"there is no client key named {quoted(name)}{hint}",
                )


def _client_names(keys: list[Tree]) -> Iterator[str]:
    for number, key in enumerate(keys, 1):
        name = _below(key, "name")
        yield name if isinstance(name, str) else f"key-{number}"


def _duplicate_aliases(tree: dict[str, Tree]) -> FoundMistake:
    """An exact name of `models` is published, too."""
    aliases, models = tree.get("aliases"), tree.get("models")
    for id_, alias in aliases.items() if isinstance(aliases, dict) else ():
        if isinstance(models, dict) and id_ in models and _below(alias, "to") is not None:
            yield ("aliases", id_, "to"), f"`models.{id_}` says where this id goes, too; remove one of them"


def _weights(path: KeyPath, to: Tree) -> FoundMistake:
    """Targets with a weight come first, and are at least two."""
    if to == []:
        yield path, "names no target"
    items = {(*path, index): one for index, one in enumerate(to)} if isinstance(to, list) else {path: to}
    weighed = [place for place, one in items.items() if _below(one, "weight") is not None]
    if len(weighed) == 1:
        yield (
            (*weighed[0], "weight"),
            "shares with no other target: give another target a weight, or remove it",
        )
    elif late := [place for place, right in zip(weighed, items, strict=False) if place != right]:
        yield (
            (*late[0], "weight"),
            "stands behind a target without one: those come last, for when it fails",
        )
