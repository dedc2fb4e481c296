"""What routes and aliases alone cannot tell: clients that have a key, ids that are one, weights that share.

It looks at the tree, like `consistency`, so that its mistakes are found beside all the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.settings.document import Tree
from gateway.settings.mistakes import KeyPath, one_of, quoted, suggestion

Found = Iterator[tuple[KeyPath, str]]


def crossings(tree: dict[str, Tree]) -> Found:
    yield from _unknown_clients(tree)
    yield from _duplicate_aliases(tree)
    for path, to in _lists(tree):
        yield from _weights(path, to)
    models = tree.get("models")
    for pattern, target in models.items() if isinstance(models, dict) else ():
        yield from _weights(("models", pattern), target)


def targets(tree: dict[str, Tree]) -> Iterator[tuple[KeyPath, Tree]]:
    """Every target, wherever it stands."""
    yield ("defaults", "model"), _below(tree.get("defaults"), "model")
    models = tree.get("models")
    for pattern, target in models.items() if isinstance(models, dict) else ():
        yield ("models", pattern), target
    for path, several in _lists(tree):
        if isinstance(several, list):
            yield from (((*path, index), one) for index, one in enumerate(several))
        else:
            yield path, several


def _lists(tree: dict[str, Tree]) -> Iterator[tuple[KeyPath, Tree]]:
    """Every `to`: one target, or a list."""
    aliases, routes = tree.get("aliases"), tree.get("routes")
    for id_, alias in aliases.items() if isinstance(aliases, dict) else ():
        yield ("aliases", id_, "to"), _below(alias, "to")
    for number, route in enumerate(routes if isinstance(routes, list) else ()):
        yield ("routes", number, "to"), _below(route, "to")


def _below(section: Tree, key: str) -> Tree:
    return section.get(key) if isinstance(section, dict) else None


def _unknown_clients(tree: dict[str, Tree]) -> Found:
    keys, routes = _below(tree.get("server"), "keys"), tree.get("routes")
    names = list(_client_names(keys if isinstance(keys, list) else []))
    for number, route in enumerate(routes if isinstance(routes, list) else ()):
        said = _below(_below(route, "match"), "client")
        for name in said if isinstance(said, list) else [said]:
            if isinstance(name, str) and name not in names:
                there = f"; there is {one_of(names)}" if names else "; `server.keys` has none"
                hint = suggestion(name, names) or there
                yield (
                    ("routes", number, "match", "client"),
                    f"there is no client key named {quoted(name)}{hint}",
                )


def _client_names(keys: list[Tree]) -> Iterator[str]:
    for number, key in enumerate(keys, 1):
        name = _below(key, "name")
        yield name if isinstance(name, str) else f"key-{number}"


def _duplicate_aliases(tree: dict[str, Tree]) -> Found:
    """An exact name of `models` is published, too."""
    aliases, models = tree.get("aliases"), tree.get("models")
    for id_, alias in aliases.items() if isinstance(aliases, dict) else ():
        if isinstance(models, dict) and id_ in models and _below(alias, "to") is not None:
            yield ("aliases", id_, "to"), f"`models.{id_}` says where this id goes, too; remove one of them"


def _weights(path: KeyPath, to: Tree) -> Found:
    """Those with a weight stand first, and are never alone."""
    if to == []:
        yield path, "names no target"
    items = {(*path, index): one for index, one in enumerate(to)} if isinstance(to, list) else {path: to}
    weighed = [place for place, one in items.items() if _below(one, "weight") is not None]
    if len(weighed) == 1:
        yield (*weighed[0], "weight"), "has nobody to share with: give another target a weight, or remove it"
    elif late := [place for place, right in zip(weighed, items, strict=False) if place != right]:
        yield (
            (*late[0], "weight"),
            "stands behind a target without one: those come last, for when it fails",
        )
