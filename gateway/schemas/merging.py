"""Schemas that have to hold together, or instead of each other -> one schema, as well as that can be said."""

from __future__ import annotations

from functools import reduce
from typing import Any

from gateway.schemas.inline import target
from gateway.schemas.nodes import COMBINERS, Node, described, is_node, named, nodes, strings


def flattened(node: Node) -> Node:
    """The node with its `allOf` merged into it."""
    parts = [part for part in nodes(node.get("allOf")) if is_node(part)]
    rest = {key: value for key, value in node.items() if key != "allOf"}
    return reduce(_both, map(flattened, parts), rest)


def _both(one: Node, two: Node) -> Node:
    """What has to match both: properties and required names of each; of anything else the first."""
    whole = {**two, **one}
    if "properties" in one and "properties" in two:
        whole["properties"] = {**named(two["properties"]), **named(one["properties"])}
        whole["properties"] = {name: whole["properties"][name] for name in _order(one, two)}
    if "required" in one and "required" in two:
        whole["required"] = list(dict.fromkeys(strings(one["required"]) + strings(two["required"])))
    return whole


def _order(one: Node, two: Node) -> list[str]:
    return list(dict.fromkeys([*named(one["properties"]), *named(two["properties"])]))


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
    return [name for name in lists[0] if all(name in other for other in lists)] if lists else []


def _sketch(branch: Node) -> Any:
    """What tells an alternative from the others."""
    required = strings(branch.get("required"))
    return {"required": required} if required else {"properties": list(named(branch.get("properties")))}
