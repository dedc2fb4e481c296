"""Adds `items`, which allows anything, to arrays that have none.

The Messages API takes an array without `items`; OpenAI and Gemini answer 400 to the whole request.

Rules:
- Every schema inside a schema is processed (branches, definitions, items of items), and nothing else: neither
  values (`default`, `enum`) nor properties that are merely called `items` or `type`.
- `prefixItems` alone is not enough for these servers; an empty `items` next to it changes nothing.
- Nothing is added next to a `$ref`: it could override the items of the referenced schema.
"""

from __future__ import annotations

from typing import Any

from gateway.schemas.schema import Node, is_node, map_subschemas, types


def add_missing_items(root: Node) -> Node:
    return _node(root)


def _node(value: Any) -> Any:
    if not is_node(value):
        return value
    node = map_subschemas(value, _node)
    if "array" in types(node) and "items" not in node and "$ref" not in node:
        node["items"] = {}
    return node
