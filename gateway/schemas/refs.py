"""Inlines the references in a schema, for targets that do not support them.

Rules:
- `#/$defs/X`, `#/definitions/X` and any other path inside the schema are resolved; a reference that does not
  exist, or leads out of the document, allows everything.
- Keys next to a `$ref` override the keys of the referenced schema.
- A schema that contains itself is cut after `DEPTH` levels: there any object is allowed.
- The result has at most `SIZE` schemas; further ones allow everything.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from gateway.schemas.schema import Node, is_node, map_subschemas, schema_list

DEPTH = 3
SIZE = 5_000
_DEFINITIONS = ("$defs", "definitions")


def inline_refs(root: Node) -> Node:
    """`root` without references and without the definitions that they named."""
    whole = _Inlining(root).resolved(root, ())
    return {key: value for key, value in whole.items() if key not in _DEFINITIONS}


def resolve_ref(root: Node, reference: Any) -> Node | None:
    """The target of a reference; None if it is not a schema object."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found: Any = root
    steps = reference[1:].split("/")[1:]
    for step in (step.replace("~1", "/").replace("~0", "~") for step in steps):
        if is_node(found):
            found = found.get(step)
        elif step.isdecimal() and int(step) < len(schema_list(found)):
            found = schema_list(found)[int(step)]
        else:
            return None
    return found if is_node(found) else None


@define
class _Inlining:
    root: Node
    left: int = SIZE

    def resolved(self, node: Any, path: tuple[str, ...]) -> Any:
        """`path`: the references that led here."""
        if not is_node(node):
            return node
        self.left -= 1
        if self.left < 0:
            return {}
        node = {key: value for key, value in node.items() if node is not self.root or key not in _DEFINITIONS}
        if "$ref" not in node:
            return map_subschemas(node, lambda below: self.resolved(below, path))
        reference = node.pop("$ref")
        found = resolve_ref(self.root, reference)
        if found is not None and path.count(reference) >= DEPTH:
            found = {"type": "object"}
        return self.resolved({**(found or {}), **node}, (*path, str(reference)))
