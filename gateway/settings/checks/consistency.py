"""Checks across keys: targets name providers that exist, and an open address has keys.

It examines the tree, not `Settings`, so that its errors are reported together with all others.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.settings.checks.cross_references import all_targets, check_cross_references
from gateway.settings.checks.scripted import check_required_keys
from gateway.settings.errors import (
    InterpolatedText,
    InvalidMarker,
    KeyPath,
    choices_text,
    quoted,
    suggestion,
    value_excerpt,
)
from gateway.settings.hosts import is_host, is_loopback_host
from gateway.settings.loading.document import Tree
from gateway.settings.loading.layers import LayeredConfig


def check_consistency(draft: LayeredConfig, *, allow_unauthenticated: bool) -> Iterator[tuple[KeyPath, str]]:
    yield from _unknown_providers(draft.tree)
    yield from check_cross_references(draft.tree)
    yield from check_required_keys(draft.tree)
    providers = draft.tree.get("providers")
    if (providers is None or providers == {}) and not _may_stand_elsewhere(draft):
        yield ("providers",), "is empty: name at least one upstream server; see config/examples"
    if not allow_unauthenticated:
        yield from _open_door(draft.tree)


def _may_stand_elsewhere(draft: LayeredConfig) -> bool:
    """In an included file that could not be read, or in incomplete variables."""
    return any(mistake.path in ("", "include") for mistake in draft.mistakes)


def _unknown_providers(tree: dict[str, Tree]) -> Iterator[tuple[KeyPath, str]]:
    providers = tree.get("providers")
    if not isinstance(providers, dict) or not providers:
        return
    for path, name in _named(tree):
        if name not in providers:
            hint = suggestion(name, list(providers)) or f"; there is {choices_text(list(providers))}"
            yield path, f"there is no provider {quoted(name)}{hint}"


def _named(tree: dict[str, Tree]) -> Iterator[tuple[KeyPath, str]]:
    """Every key that names a provider."""
    for path, target in all_targets(tree):
        match target:
            case str() if "/" in target.strip("/"):
                name = target.strip().partition("/")[0]
                yield (
                    path,
                    InterpolatedText(name, target.written) if isinstance(target, InterpolatedText) else name,
                )
            case {"provider": str(name)} if name.strip():
                yield (*path, "provider"), name
            case _:
                pass


def _open_door(tree: dict[str, Tree]) -> Iterator[tuple[KeyPath, str]]:
    server = tree.get("server")
    host = server.get("host") if isinstance(server, dict) else None
    if (
        not isinstance(server, dict)
        or not isinstance(host, str)
        or not is_host(host)
        or is_loopback_host(host)
    ):
        return
    if not _has_keys(server.get("keys")):
        yield (
            ("server", "host"),
            (
                f"{value_excerpt(host)} can be reached from other machines, and without `server.keys` anyone "
                "there could use your models. Set `server.keys`, or listen on 127.0.0.1. In a container, "
                "where 0.0.0.0 is needed, set keys, or publish the port on loopback only "
                "(`-p 127.0.0.1:8080:8080`) and give `--allow-unauthenticated`"
            ),
        )


def _has_keys(keys: Tree) -> bool:
    match keys:
        case list():
            return any(key != "" or not isinstance(key, InterpolatedText) for key in keys)
        case InvalidMarker():
            return True
        case _:
            return False
