"""Schemas for Ollama's tools: seven keywords, and nothing that its decoder would refuse.

Ollama decodes a tool's parameters into types of its own (`api/types.go`, read at fb307609) with the fields
`type`, `items`, `description`, `enum`, `properties`, `required` and `anyOf`. Other keywords are dropped
silently, and one value of a wrong type makes it answer 400 to the whole request.

Rules (specification 10.5):
- References are inlined, `allOf` is merged, `oneOf` becomes `anyOf`, `const` an `enum`.
- Other constraints are moved to the description, where the model can read them.
- A schema that is not an object becomes `{}`; values of a wrong type are left out.
"""

from __future__ import annotations

from typing import Any

from gateway.schemas.combinators import merge_all_of
from gateway.schemas.refs import inline_refs
from gateway.schemas.schema import Node, is_idle, is_node, schema_list, strings, subschemas, type_of, without

_KNOWN = ("type", "items", "description", "enum", "properties", "required", "anyOf")


def ollama_schema(root: Node) -> Node:
    return _node(inline_refs(root))


def _node(value: Any) -> Node:
    if not is_node(value):
        return {}
    node = _renamed(merge_all_of(value))
    node = without(node, (key for key in node if key not in _KNOWN))
    return {key: _below(key, value) for key, value in node.items() if _readable(key, value)}


def _readable(key: str, value: Any) -> bool:
    """Whether Ollama's decoder takes the value."""
    match key:
        case "type":
            return isinstance(value, str) or _only_strings(value)
        case "description":
            return isinstance(value, str)
        case "required":
            return _only_strings(value)
        case "properties":
            return is_node(value)
        case "anyOf" | "enum":
            return isinstance(value, list)
        case _:
            return True


def _below(key: str, value: Any) -> Any:
    match key:
        case "properties":
            return {name: _node(each) for name, each in subschemas(value).items()}
        case "anyOf":
            return [_node(each) for each in schema_list(value)]
        case "items":
            return _node(schema_list(value)[0] if schema_list(value) else value)
        case _:
            return value


def _renamed(node: Node) -> Node:
    """Keeps the position of the old name."""
    out: Node = {}
    for key, value in node.items():
        if is_idle(key, value):
            continue
        if key == "const":
            if "type" not in node and (kind := type_of(value)):
                out["type"] = kind
            out["enum"] = [value]
        elif key == "oneOf":
            out["anyOf"] = schema_list(out.get("anyOf")) + schema_list(value)
        elif key == "anyOf" and "anyOf" in out:
            out["anyOf"] = out["anyOf"] + schema_list(value)
        else:
            out[key] = value
    return out


def _only_strings(value: Any) -> bool:
    return isinstance(value, list) and len(strings(value)) == len(schema_list(value))
