"""Schemas for servers that convert them to a grammar (llama.cpp; vLLM and SGLang with xgrammar).

Rules (specification 10.6):
- Keywords that such a grammar supports stay. Patterns with lookarounds, formats that the engines do not
  support, and repetitions too large for the grammar to compile are moved to the description.
- `without_constraints`, for a server whose 400 names the grammar: no limits on strings, numbers, lengths.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.schemas.schema import Node, is_node, map_subschemas, without

_REPEATED = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
LIMIT = 1_000
"""More repetitions than this are not worth a constraint in the grammar."""
_FORMATS = frozenset({"date-time", "date", "time", "uuid"})
"""Formats for which llama.cpp has rules; xgrammar has more."""
_LOOKING = re.compile(r"\(\?|\\[bB1-9]")
"""Lookarounds, groups with flags, word boundaries, backreferences."""
_BARE = frozenset(
    "pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf uniqueItems propertyNames "
    "patternProperties contains".split()
).union(_REPEATED)


def grammar_schema(root: Node) -> Node:
    return _node(root)


def without_constraints(root: Node) -> Node:
    return _stripped(root)


def _node(value: Any) -> Any:
    if not is_node(value):
        return value
    return map_subschemas(without(value, _hard(value)), _node)


def _hard(node: Node) -> list[str]:
    found = [key for key in _REPEATED if isinstance(size := node.get(key), int | float) and size > LIMIT]
    if isinstance(pattern := node.get("pattern"), str) and _LOOKING.search(pattern):
        found.append("pattern")
    if isinstance(kind := node.get("format"), str) and kind not in _FORMATS:
        found.append("format")
    return found


def _stripped(value: Any) -> Any:
    if not is_node(value):
        return value
    return map_subschemas(without(value, _BARE), _stripped)
