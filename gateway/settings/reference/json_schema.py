"""The settings' classes -> a JSON Schema (draft 7), with which editors complete and check `gateway.yaml`.

It describes the values of each key; any text may be a reference instead. A schema cannot express the other
checks of `gateway check` (providers that do not exist, unreachable routes).
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs

from gateway.settings import models as m
from gateway.settings.loading import units as u
from gateway.settings.loading.include import KEY, PARKING
from gateway.settings.quirks import Overrides, Quirks
from gateway.settings.reference.fields import SettingField, field_text, setting_fields
from gateway.settings.server import ClientKey

Schema = dict[str, Any]

_REFERENCE: Schema = {"type": "string", "pattern": r"\$\{|^file:"}
_TEXT: Schema = {"type": "string", "minLength": 1}
_TARGET = {"type": "string", "pattern": r"^[^/\s]+/.+|\$\{", "description": "`provider/model`"}
_EMPTY: Schema = {"type": "null"}
_ADDRESS: Schema = {
    "anyOf": [{"required": ["base_url"]}, {"properties": {"kind": {"const": "scripted"}}}, {"type": "null"}]
}
"""For a provider: only kind `scripted` needs no address."""


def settings_schema() -> Schema:
    whole = _object(m.Settings)
    properties: Schema = whole["properties"]
    properties["models"] |= _mapping(_ref("target"))
    properties[KEY] = _one_or_more(_TEXT) | {
        "description": "Files to read as if they stood here, relative to this one."
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "gateway.yaml",
        **whole,
        "required": [],
        "patternProperties": {f"^{PARKING}": {"description": "A place for anchors; it means nothing else."}},
        "definitions": {"target": {"anyOf": [_TARGET, _object(m.ModelTarget)]}},
    }


def schema_text() -> str:
    """As in the repository."""
    return json.dumps(settings_schema(), indent=1, ensure_ascii=False) + "\n"


def _object(cls: type[attrs.AttrsInstance]) -> Schema:
    """An empty section counts as absent."""
    every = list(setting_fields(cls))
    more: Schema = _ADDRESS if cls is m.Provider else {}
    return {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {key.name: _described(key) for key in every},
        "required": [key.name for key in every if key.required],
        **more,
    }


def _described(key: SettingField) -> Schema:
    words = field_text(key)
    found = _holds(key.kind)
    below = {"allOf": [found]} if "$ref" in found else found
    return {"description": words, **below} if words else below


def _holds(kind: Any) -> Schema:
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _any_of(*(_holds(one) for one in inside if one is not type(None)), _EMPTY)
    if origin is Literal:
        return _any_of({"enum": list(inside)}, _REFERENCE)
    if origin is Annotated:
        return _marked(*inside)
    if origin is tuple:
        return {"type": ["array", "null"], "items": _holds(inside[0])}
    if origin is not None:
        return _mapping(_holds(inside[1]))
    return _of_class(kind)


def _of_class(kind: Any) -> Schema:
    if kind in (m.ModelTarget, m.ModelRule):
        return _ref("target")
    if kind is Overrides:
        return _object(Quirks)
    if kind is ClientKey:
        return _any_of(_TEXT, _object(ClientKey))
    if kind in _PLAIN:
        return _PLAIN[kind]
    return _object(kind)


def _marked(base: Any, *marks: object) -> Schema:
    if any(isinstance(mark, u.OneOrMore) for mark in marks):
        return _one_or_more(_holds(get_args(base)[0]))
    units = [_UNITS[mark.name] for mark in marks if isinstance(mark, u.Unit) and mark.name in _UNITS]
    bounds = next((mark for mark in marks if isinstance(mark, u.Bounds)), None)
    if units:
        return units[0](bounds)
    return _number("integer")(bounds) if base is int else _PLAIN.get(base, _TEXT)


def _number(kind: str) -> Callable[[u.Bounds | None], Schema]:
    def within(bounds: u.Bounds | None) -> Schema:
        limits: Schema = {} if bounds is None else {"minimum": bounds.least, "maximum": bounds.most}
        return _any_of(
            {"type": kind, **{key: one for key, one in limits.items() if one is not None}}, _REFERENCE
        )

    return within


def _duration(_: u.Bounds | None) -> Schema:
    return {"type": "string", "pattern": r"^\s*\d+(\.\d+)? *(ms|s|m|h)\s*$|\$\{|^file:"}


def _size(_: u.Bounds | None) -> Schema:
    return {"type": "string", "pattern": r"^\s*\d+(\.\d+)? *([kmgKMG][iI]?[bB]?)\s*$|\$\{|^file:"}


_PLAIN: Mapping[Any, Schema] = {
    str: _TEXT,
    u.Secret: _TEXT,
    int: {"anyOf": [{"type": "integer"}, _REFERENCE]},
    bool: {"anyOf": [{"type": "boolean"}, _REFERENCE]},
}
_UNITS: Mapping[str, Callable[[u.Bounds | None], Schema]] = {
    "duration": _duration,
    "size": _size,
    "tokens": _number("integer"),
    "number": _number("number"),
    "target": lambda _: _TARGET,
    "arguments": lambda _: {"type": ["object", "string"]},
    "JSON object": lambda _: {"type": "object"},
}


def _any_of(*kinds: Schema) -> Schema:
    """Nested alternatives are flattened."""
    flat = [one for kind in kinds for one in kind.get("anyOf", [kind])]
    return {"anyOf": flat}


def _one_or_more(item: Schema) -> Schema:
    return _any_of(item, {"type": "array", "items": item}, _EMPTY)


def _mapping(item: Schema) -> Schema:
    return {"type": ["object", "null"], "additionalProperties": item}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
