"""OpenAI's strict schemas: every object closed, every property required (specification 10.1).

Rules:
- An optional property becomes one that may be null, and nulls are deleted from the answer
  (`optional_nulls.drop_optional_nulls`).
- `oneOf` becomes `anyOf`, `const` an `enum` of one, `allOf` is merged.
- A schema without a strict form (a map with free keys, a value of any type, a root that is not a single
  object, conditions, exceeded limits) gives None.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from gateway.schemas.combinators import merge_all_of
from gateway.schemas.schema import (
    MAPS,
    Node,
    is_node,
    map_subschemas,
    schema_list,
    strings,
    subschemas,
    types,
)

PROPERTIES = 5_000
NESTING = 10
VALUES = 1_000
LETTERS = 120_000
"""OpenAI's limits: properties, levels, enum values, and characters of names and values in all."""
_REFUSED = frozenset(
    "not if then else dependentRequired dependentSchemas patternProperties propertyNames contains "
    "prefixItems unevaluatedProperties unevaluatedItems".split()
)
_SAYING = frozenset({"properties", "enum", "anyOf", "$ref"})
"""Keywords that determine a type like `type` does."""
_IDENTITY = frozenset({"$schema", "$id", "$comment", "default", "examples", "title"})


@define
class StrictSchema:
    """`optional`: some optional properties may now be null."""

    schema: Node
    optional: bool = False


def make_strict(root: Any) -> StrictSchema | None:
    if not is_node(root) or types(merge_all_of(root)) not in (["object"], []):
        return None
    if any(key in root for key in ("anyOf", "oneOf", "$ref", "enum")):
        return None
    closing = _Closing()
    try:
        whole = closing.closed({"type": "object", "properties": {}, **root}, 0)
    except _NotStrictError:
        return None
    return StrictSchema(whole, closing.optional)


class _NotStrictError(Exception):
    """This schema has no strict form."""


@define
class _Closing:
    optional: bool = False
    properties: int = 0
    values: int = 0
    letters: int = 0

    def closed(self, node: Any, level: int) -> Any:
        if not is_node(node) or level > NESTING:
            raise _NotStrictError
        node = _renamed(merge_all_of(node))
        if not _REFUSED.isdisjoint(node) or not _is_typed(node):
            raise _NotStrictError
        self._count(node)
        inner = level + 1 if "object" in types(node) or "properties" in node else level
        whole = map_subschemas(node, lambda below: self.closed(below, inner))
        return self._object(whole) if inner > level else whole

    def _object(self, node: Node) -> Node:
        if "properties" not in node or node.get("additionalProperties", False) is not False:
            raise _NotStrictError
        properties, required = subschemas(node["properties"]), strings(node.get("required"))
        missing = [name for name in properties if name not in required]
        self.optional = self.optional or bool(missing)
        return {
            **node,
            "properties": {
                name: _nullable(value) if name in missing else value for name, value in properties.items()
            },
            "required": list(properties),
            "additionalProperties": False,
        }

    def _count(self, node: Node) -> None:
        values = schema_list(node.get("enum"))
        names = [name for key in MAPS for name in subschemas(node.get(key))]
        self.properties += len(subschemas(node.get("properties")))
        self.values += len(values)
        self.letters += sum(map(len, [*names, *strings(values)]))
        if self.properties > PROPERTIES or self.values > VALUES or self.letters > LETTERS:
            raise _NotStrictError


def _is_typed(node: Node) -> bool:
    """Whether it states what it allows: a schema for any value has no strict form, and neither has a list of
    such."""
    if "items" in node and not is_node(node["items"]):
        return False
    if "array" in types(node) and "items" not in node:
        return False
    return bool(types(node)) or not _SAYING.isdisjoint(node)


def _renamed(node: Node) -> Node:
    out = {key: value for key, value in node.items() if key not in _IDENTITY}
    if "const" in out:
        out["enum"] = [out.pop("const")]
    if "oneOf" in out:
        out["anyOf"] = schema_list(out.get("anyOf")) + schema_list(out.pop("oneOf"))
    return out


def _nullable(node: Node) -> Node:
    """The same, or null: as an alternative if it has an `enum` or no `type`."""
    kinds = types(node)
    if "null" in kinds:
        return node
    if kinds and "enum" not in node:
        return {**node, "type": [*kinds, "null"]}
    if alternatives := schema_list(node.get("anyOf")):
        return {**node, "anyOf": [*alternatives, {"type": "null"}]}
    return {"anyOf": [node, {"type": "null"}]}
