"""Errors of structuring -> (key path, message), all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
from cattrs.errors import AttributeValidationNote, ForbiddenExtraKeysError, IterableValidationNote

from gateway.settings import models as m
from gateway.settings import scripted_replies, server
from gateway.settings.errors import KeyPath, choices_text, dotted_path, suggestion
from gateway.settings.loading import units as u
from gateway.settings.quirks import Overrides, Quirks


class AlreadyReported(Exception):
    """The value is `INVALID`: its error was reported already."""


def structure_mistakes(error: BaseException, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every error inside, with its key path."""
    match error:
        case BaseExceptionGroup():
            for inner in error.exceptions:
                yield from structure_mistakes(inner, path + _step(inner))
        case ForbiddenExtraKeysError():
            for key in sorted(error.extra_fields):
                yield (*path, key), _unknown(key, error.cl, path)
        case AlreadyReported():
            pass
        case KeyError():
            yield path[:-1], f"`{path[-1]}` is missing{_expected(error)}"
        case _:
            yield path, str(error)


def _step(error: BaseException) -> KeyPath:
    match _note(error):
        case AttributeValidationNote() as note:
            return (key_of(note.name),)
        case IterableValidationNote() as note:
            return (note.index,)
        case None:
            return ()


def _note(error: BaseException) -> AttributeValidationNote | IterableValidationNote | None:
    notes = getattr(error, "__notes__", ())
    kinds = (AttributeValidationNote, IterableValidationNote)
    return next((note for note in notes if isinstance(note, kinds)), None)


def _expected(missing: KeyError) -> str:
    """The valid values of a missing required key."""
    kind: Any = getattr(_note(missing), "type", None)
    if get_origin(kind) is Literal:
        return f"; expected {choices_text(get_args(kind))}"
    return "; expected a URL such as `http://127.0.0.1:8000`" if kind == u.Url else ""


_SECTIONS: Mapping[str, type[Any]] = {
    "server": server.Server,
    "defaults": m.Defaults,
    "defaults.timeouts": m.Timeouts,
    "providers.NAME": m.Provider,
    "providers.NAME.quirks": Quirks,
    "models.PATTERN": m.ModelTarget,
    "models.PATTERN.sampling": m.Sampling,
    "routes[].match": m.Match,
    "providers.NAME.replies[]": scripted_replies.ScriptedReply,
    "providers.NAME.replies[].when": scripted_replies.ScriptedWhen,
}


def _unknown(key: str, cls: type[Any], path: KeyPath) -> str:
    known = (*key_names(cls), *_BESIDE.get(cls, ()))
    hint = _inside(key, cls) or suggestion(key, known)
    if not hint:
        places = [place for place, section in _SECTIONS.items() if key in key_names(section)]
        hint = f"; did you mean `{places[0]}.{key}`?" if places and places[0] != dotted_path(path) else ""
    return f"unknown key{hint}" if hint else f"unknown key; known here: {', '.join(known)}"


_BESIDE: Mapping[type[Any], tuple[str, ...]] = {m.Settings: ("include",)}
"""Keys that are processed before sections are read."""


def _inside(key: str, cls: type[Any]) -> str:
    """A key that belongs into a section below: `temperature` into `sampling`."""
    for one in attrs.fields(cls):
        section = _kinds(cls).get(one.name)
        below = Quirks if section is Overrides else section
        if isinstance(below, type) and attrs.has(below) and key in key_names(below):
            return f"; did you mean `{key_of(one.name)}.{key}`?"
    return ""


@cache
def _kinds(cls: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(cls)


def key_names(cls: type[Any]) -> tuple[str, ...]:
    """The keys that the YAML may have for this class."""
    return tuple(key_of(one.name) for one in attrs.fields(cls) if one.name != "default_target")


def key_of(field: str) -> str:
    """A field's key: `class_` is `class`, a reserved word in Python."""
    return field.rstrip("_")
