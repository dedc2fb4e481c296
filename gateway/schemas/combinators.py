"""Merges combined schemas (`allOf`, alternatives) into one schema, as far as possible."""

from __future__ import annotations

from typing import Any

from gateway.schemas.refs import resolve_ref
from gateway.schemas.schema import COMBINERS, Node, describe, is_node, schema_list, strings, subschemas


def merge_all_of(node: Node) -> Node:
    """The node with its `allOf` merged into it."""
    parts = [merge_all_of(part) for part in schema_list(node.get("allOf")) if is_node(part)]
    rest = {key: value for key, value in node.items() if key != "allOf"}
    return _all([rest, *parts]) if parts else rest


def _all(parts: list[Node]) -> Node:
    """A schema that requires all parts: properties and required names of each; for other keys the first
    value."""
    whole: Node = {}
    for part in reversed(parts):
        whole.update(part)
    properties = [part["properties"] for part in parts if "properties" in part]
    if len(properties) > 1:
        merged: Node = {}
        for one in properties:
            for name, value in subschemas(one).items():
                merged.setdefault(name, value)
        whole["properties"] = merged
    required = [part["required"] for part in parts if "required" in part]
    if len(required) > 1:
        whole["required"] = list(dict.fromkeys(name for one in required for name in strings(one)))
    return whole


def without_root_combinators(root: Node) -> Node:
    """A root without `anyOf`, `oneOf`, `allOf`, `enum` and `not`: function parameters must not have them.

    It has the properties of all alternatives, requires those that each alternative requires, and describes
    the original in its description.
    """
    alternatives = [key for key in ("anyOf", "oneOf") if schema_list(root.get(key))]
    whole = merge_all_of(_followed(root, root))
    facts: Node = {}
    for key in alternatives:
        branches = [merge_all_of(_followed(root, b)) for b in schema_list(root[key]) if is_node(b)]
        facts[key] = [_sketch(branch) for branch in branches]
        whole = _any(whole, branches)
    for key in ("enum", "not"):
        if key in root:
            facts[key] = root[key]
    kept = {key: value for key, value in whole.items() if key not in (*COMBINERS, "enum", "not", "$ref")}
    return describe(kept, facts)


def _followed(root: Node, node: Node) -> Node:
    """The node with its references and those in its `allOf` resolved, one step."""
    found = resolve_ref(root, node.get("$ref")) or {}
    whole = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    if "allOf" in whole:
        whole["allOf"] = [
            _followed(root, part) if is_node(part) else part for part in schema_list(whole["allOf"])
        ]
    return whole


def _any(node: Node, branches: list[Node]) -> Node:
    properties: Node = dict(subschemas(node.get("properties")))
    for branch in branches:
        for name, value in subschemas(branch.get("properties")).items():
            properties.setdefault(name, value)
    whole = {**node, "properties": properties}
    shared = _shared([strings(branch.get("required")) for branch in branches])
    if required := list(dict.fromkeys(strings(node.get("required")) + shared)):
        whole["required"] = required
    return whole


def _shared(lists: list[list[str]]) -> list[str]:
    if not lists:
        return []
    others = [frozenset(one) for one in lists[1:]]
    return [name for name in lists[0] if all(name in other for other in others)]


def _sketch(branch: Node) -> Any:
    """The part of an alternative that distinguishes it from the others."""
    required = strings(branch.get("required"))
    return {"required": required} if required else {"properties": list(subschemas(branch.get("properties")))}
