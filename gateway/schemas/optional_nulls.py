"""Removes nulls that stand for omitted properties.

A strict schema has no optional properties, so models write null for properties they would omit; the client's
own schema decides which nulls those are.

Rules:
- If several schemas may apply to a value (alternatives, parts of an `allOf`), each is checked: a null that
  one of them does not require is removed.
- Each value is processed once, whatever the number of its schemas: a schema that contains itself in several
  alternatives would double the work with each level of nesting.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import Factory, define, frozen

from gateway.schemas.refs import resolve_ref
from gateway.schemas.schema import COMBINERS, Node, is_node, schema_list, strings, subschemas, types


def drop_optional_nulls(value: Any, root: Node) -> Any:
    """`value` without the nulls that `root` does not require."""
    try:
        return NullRemover(root).dropped(value, (root,))
    except RecursionError:
        return value


def alternatives(schemas: Iterable[Any], root: Node) -> list[Node]:
    """The schemas and all their alternatives, references resolved: each once."""
    found: dict[int, Node] = {}
    waiting = [schema for schema in schemas if is_node(schema)]
    while waiting:
        node = waiting.pop(0)
        if id(node) in found:
            continue
        found[id(node)] = node
        inner = [below for key in COMBINERS for below in schema_list(node.get(key))]
        waiting += filter(is_node, [resolve_ref(root, node.get("$ref")), *inner])
    return list(found.values())


@frozen
class ExpectedValue:
    """The combined content of several schemas for one value."""

    properties: dict[str, list[Any]]
    """The schemas of each property."""
    idle: frozenset[str]
    """Properties whose null means that they are omitted."""
    items: list[Any]


@define
class NullRemover:
    root: Node
    known: dict[tuple[int, ...], ExpectedValue] = Factory(dict[tuple[int, ...], ExpectedValue])
    """Cache by the identities of the schemas."""
    nullable: dict[str, bool] = Factory(dict[str, bool])
    """Cache by reference: whether null matches."""
    visits: int = 0
    """How many objects and lists were processed."""

    def dropped(self, value: Any, schemas: Iterable[Any]) -> Any:
        if not isinstance(value, dict | list):
            return value
        self.visits += 1
        wanted = self._wanted(schemas)
        if not is_node(value):
            return [self.dropped(item, wanted.items) for item in schema_list(value)]
        return {
            name: self.dropped(below, wanted.properties.get(name, ()))
            for name, below in value.items()
            if below is not None or name not in wanted.idle
        }

    def _wanted(self, schemas: Iterable[Any]) -> ExpectedValue:
        key = tuple(map(id, schemas))
        if key not in self.known:
            self.known[key] = self._read(alternatives(schemas, self.root))
        return self.known[key]

    def _read(self, every: list[Node]) -> ExpectedValue:
        properties: dict[str, list[Any]] = {}
        idle: set[str] = set()
        for node in every:
            required = set(strings(node.get("required")))
            for name, below in subschemas(node.get("properties")).items():
                properties.setdefault(name, []).append(below)
                if name not in required and name not in idle and not self._takes_null(below):
                    idle.add(name)
        return ExpectedValue(
            properties, frozenset(idle), [node["items"] for node in every if "items" in node]
        )

    def _takes_null(self, schema: Any) -> bool:
        if not is_node(schema):
            return schema is True
        reference = schema.get("$ref")
        if len(schema) > 1 or not isinstance(reference, str):
            return any(map(_says_null, alternatives([schema], self.root)))
        if reference not in self.nullable:
            self.nullable[reference] = any(map(_says_null, alternatives([schema], self.root)))
        return self.nullable[reference]


def _says_null(node: Node) -> bool:
    return (
        "null" in types(node)
        or None in schema_list(node.get("enum"))
        or ("const" in node and node["const"] is None)
    )
