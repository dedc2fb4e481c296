"""Values of a setting that are JSON: a mapping of plain types."""

from __future__ import annotations

from typing import Any, cast

from gateway.settings.errors import InvalidValue, value_excerpt

_OURS = ("model", "messages", "stream")
"""Keys of an upstream request that the gateway itself must set."""


def json_object(value: Any) -> dict[str, object]:
    if not isinstance(value, dict):
        raise InvalidValue(f"expected a mapping, got {value_excerpt(value)}")
    tree = cast("dict[str, object]", value)
    for key in _OURS:
        if key in tree:
            raise InvalidValue(f"`{key}` cannot be set here: the gateway says it itself")
    return {key: _plain_json(one) for key, one in tree.items()}


def tool_arguments(value: Any) -> dict[str, object] | str:
    """Arguments of a tool call: JSON, or a text that replaces it."""
    if not isinstance(value, dict | str):
        raise InvalidValue(f"expected a mapping, or text for broken JSON, got {value_excerpt(value)}")
    return cast("dict[str, object] | str", _plain_json(cast("object", value)))


def _plain_json(value: object) -> object:
    """The same tree with only JSON's own types."""
    match value:
        case str():
            return str(value)
        case dict():
            return {key: _plain_json(one) for key, one in cast("dict[str, object]", value).items()}
        case list():
            return [_plain_json(one) for one in cast("list[object]", value)]
        case _:
            return value
