"""Nulls that stand where a property was left out -> left out.

A strict schema has no optional properties, so that models write null for what they would leave out; the
client's own schema decides which nulls those are.
"""

from __future__ import annotations

from typing import Any

from gateway.schemas.inline import target
from gateway.schemas.nodes import COMBINERS, Node, is_node, named, nodes, strings, types


def dropped(value: Any, schema: Any, root: Node) -> Any:
    """`value` without the nulls that `schema`, a part of `root`, does not ask for."""
    if isinstance(value, list):
        items = nodes(value)
        for below in _all(schema, root):
            items = [dropped(item, below.get("items"), root) for item in items]
        return items
    if not is_node(value):
        return value
    out = dict(value)
    for node in _all(schema, root):
        required = strings(node.get("required"))
        for name, below in named(node.get("properties")).items():
            if name not in out:
                continue
            if out[name] is None and name not in required and not _takes_null(below, root):
                del out[name]
            else:
                out[name] = dropped(out[name], below, root)
    return out


def _all(schema: Any, root: Node, depth: int = 8) -> list[Node]:
    """The schema and all its alternatives, references followed."""
    if not is_node(schema) or not depth:
        return []
    found = [schema]
    if "$ref" in schema:
        found += _all(target(root, schema["$ref"]), root, depth - 1)
    for key in COMBINERS:
        for below in nodes(schema.get(key)):
            found += _all(below, root, depth - 1)
    return found


def _takes_null(schema: Any, root: Node) -> bool:
    if not is_node(schema):
        return schema is True
    return any(
        "null" in types(node)
        or None in nodes(node.get("enum"))
        or ("const" in node and node["const"] is None)
        for node in _all(schema, root)
    )
