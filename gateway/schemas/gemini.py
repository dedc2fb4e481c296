"""Schemas for Gemini: the subset of OpenAPI 3 that it takes (specification 10.4).

Rules:
- References are inlined, `allOf` is merged, `oneOf` becomes `anyOf`, `const` an `enum`.
- An `enum` has only strings; other values become strings if all of them have one simple type.
- Null among the types becomes `nullable`; several other types become alternatives.
- Keywords outside the subset are moved to the description.
"""

from __future__ import annotations

from typing import Any

from gateway.schemas.combinators import merge_all_of
from gateway.schemas.refs import inline_refs
from gateway.schemas.schema import (
    Node,
    is_idle,
    is_node,
    map_subschemas,
    schema_list,
    strings,
    subschemas,
    types,
    without,
)

_KEPT = frozenset(
    "type description properties required items anyOf enum format nullable minimum maximum minItems maxItems "
    "minLength maxLength pattern".split()
)
_FORMATS = frozenset({"enum", "date-time", "int32", "int64", "float", "double"})


def gemini_schema(root: Node) -> Node:
    return _node(inline_refs(root))


def _node(value: Any) -> Node:
    if not is_node(value):
        return {}
    node = _renamed(merge_all_of(value))
    node = without(node, (key for key in node if key not in _KEPT))
    node = map_subschemas(_without_null(node), _node)
    if isinstance(node.get("items"), list):
        node["items"] = (node["items"] or [{}])[0]
    elif "items" in node and not is_node(node["items"]):
        node["items"] = {}
    node = _typed(_listed(node))
    if "required" in node:
        names = [name for name in strings(node["required"]) if name in subschemas(node.get("properties"))]
        node = {key: value for key, value in node.items() if key != "required"}
        if names:
            node["required"] = names
    if types(node) == ["object"]:
        node.setdefault("properties", {})
    return node


def _renamed(node: Node) -> Node:
    out = {key: value for key, value in node.items() if not is_idle(key, value)}
    if "const" in out:
        out["enum"] = [out.pop("const")]
    if "oneOf" in out:
        out["anyOf"] = schema_list(out.get("anyOf")) + schema_list(out.pop("oneOf"))
    known = isinstance(out.get("format"), str) and out["format"] in _FORMATS
    return out if known else without(out, ["format"])


def _listed(node: Node) -> Node:
    """An `enum` of strings, or none."""
    if "enum" not in node:
        return node
    values = [value for value in schema_list(node["enum"]) if value is not None]
    out = {**node, "enum": [value if isinstance(value, str) else _word(value) for value in values]}
    if None in schema_list(node["enum"]):
        out["nullable"] = True
    if not values or any(isinstance(value, dict | list) for value in values):
        return without(node, ["enum"])
    return {**out, "type": "string"}


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(node: Node) -> Node:
    """One type, `nullable` for null, several as alternatives."""
    kinds = types(node)
    rest = [kind for kind in kinds if kind != "null"]
    if rest == kinds and len(kinds) < 2:
        return {**node, "type": kinds[0]} if kinds else {k: v for k, v in node.items() if k != "type"}
    out = {key: value for key, value in node.items() if key != "type"}
    if "null" in kinds:
        out["nullable"] = True
    if len(rest) == 1:
        return {"type": rest[0], **out}
    if not rest:
        return out
    items = {"items": out.pop("items")} if "array" in rest and "items" in out else {}
    return {**out, "anyOf": [{"type": kind, **(items if kind == "array" else {})} for kind in rest]}


def _without_null(node: Node) -> Node:
    """Null among the alternatives becomes `nullable`; one alternative alone is the node."""
    every = schema_list(node.get("anyOf"))
    left = [below for below in every if not (is_node(below) and types(below) == ["null"])]
    if len(left) == len(every):
        return node
    out = {key: value for key, value in node.items() if key != "anyOf"} | {"nullable": True}
    if len(left) == 1 and is_node(left[0]):
        return {**left[0], **out}
    return {**out, "anyOf": left} if left else out
