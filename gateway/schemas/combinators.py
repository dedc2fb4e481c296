"""Schemas that have to hold together, or instead of each other -> one schema, as well as that can be said."""

from __future__ import annotations

from typing import Any

from gateway.schemas.refs import target
from gateway.schemas.schema import COMBINERS, Node, described, is_node, named, nodes, strings


def flattened(node: Node) -> Node:
    """The node with its `allOf` merged into it."""
    parts = [flattened(part) for part in nodes(node.get("allOf")) if is_node(part)]
    rest = {key: value for key, value in node.items() if key != "allOf"}
    return _all([rest, *parts]) if parts else rest


def _all(parts: list[Node]) -> Node:
    """What has to match all: properties and required names of each; of anything else the first."""
    whole: Node = {}
    for part in reversed(parts):
        whole.update(part)
    properties = [part["properties"] for part in parts if "properties" in part]
    if len(properties) > 1:
        merged: Node = {}
        for one in properties:
            for name, value in named(one).items():
                merged.setdefault(name, value)
        whole["properties"] = merged
    required = [part["required"] for part in parts if "required" in part]
    if len(required) > 1:
        whole["required"] = list(dict.fromkeys(name for one in required for name in strings(one)))
    return whole


def opened(root: Node) -> Node:
    """A root without `anyOf`, `oneOf`, `allOf`, `enum` and `not`: parameters of a function may not have them.

    The properties of all alternatives are its properties; required is what each of them requires, and what
    was meant stands in the description.
    """
    alternatives = [key for key in ("anyOf", "oneOf") if nodes(root.get(key))]
    whole = flattened(_followed(root, root))
    facts: Node = {}
    for key in alternatives:
        branches = [flattened(_followed(root, b)) for b in nodes(root[key]) if is_node(b)]
        facts[key] = [_sketch(branch) for branch in branches]
        whole = _any(whole, branches)
    for key in ("enum", "not"):
        if key in root:
            facts[key] = root[key]
    kept = {key: value for key, value in whole.items() if key not in (*COMBINERS, "enum", "not", "$ref")}
    return described(kept, facts)


def _followed(root: Node, node: Node) -> Node:
    """The node with the references in it and in its `allOf` followed, one step."""
    found = target(root, node.get("$ref")) or {}
    whole = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    if "allOf" in whole:
        whole["allOf"] = [_followed(root, part) if is_node(part) else part for part in nodes(whole["allOf"])]
    return whole


def _any(node: Node, branches: list[Node]) -> Node:
    properties: Node = dict(named(node.get("properties")))
    for branch in branches:
        for name, value in named(branch.get("properties")).items():
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
    """What tells an alternative from the others."""
    required = strings(branch.get("required"))
    return {"required": required} if required else {"properties": list(named(branch.get("properties")))}
