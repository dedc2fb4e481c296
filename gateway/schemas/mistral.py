"""Schemas for Mistral, which refuses closed objects (`additionalProperties: false`), `$schema` and `$id`."""

from __future__ import annotations

from typing import Any

from gateway.schemas.schema import Node, is_node, map_subschemas

_IDENTITY = frozenset({"$schema", "$id"})


def mistral_schema(root: Node) -> Node:
    return _node(root)


def _node(value: Any) -> Any:
    if not is_node(value):
        return value
    kept = {key: below for key, below in value.items() if key not in _IDENTITY}
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    return map_subschemas(kept, _node)
