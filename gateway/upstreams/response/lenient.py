"""Lenient decoding of answers that deviate from their protocol.

    {"choices": [null, {"index": "0", "delta": {"content": "Hi", "tool_calls": [null]}}]}   ->   "Hi"

Rules:
- It is used only for payloads that the wire types could not decode.
- Nulls in lists and fields of a wrong type are left out. Numbers in strings, and names that are numbers, are
  converted. Bytes that are not UTF-8, and lone surrogates, become U+FFFD.
- A high surrogate at the end of a text is kept back for the low one, with which the next text may begin. If
  none follows it is dropped.
- A payload that is not a JSON object stays unreadable: an array, an HTML page or a truncated answer is never
  an answer.
"""

from __future__ import annotations

import functools
import json
import re
from typing import Any, Generic, TypeVar, cast

import msgspec
from attrs import define
from msgspec import Raw, inspect

from gateway.parts import Notice, Part
from gateway.upstreams.response.finish import ends_in_error

T = TypeVar("T")
_TEXT = msgspec.json.Decoder(str)
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for unreadable input."""
REPAIRED = Notice("repaired.answer", "what the upstream sent was not quite of its protocol's form")
_ABSENT = object()
"""Marks a value that is left out."""
_FIRST_HALF = re.compile(r'([\ud800-\udbff])"')
"""At the end of a text."""
_SECOND_HALF = re.compile(r'(?<!\\)"([\udc00-\udfff])')
"""At the beginning of a text."""


def lenient(decoder: msgspec.json.Decoder[T], payload: bytes | Raw) -> T | None:
    """Decode `payload` leniently; None if that fails as well."""
    return LenientDecoder(decoder).at(payload)


@define
class LenientDecoder(Generic[T]):
    """Lenient decoding of an answer's payloads, in order."""

    decoder: msgspec.json.Decoder[T]
    _half: str = ""
    """The high surrogate that the last text ended with."""
    _remarked: bool = False

    def at(self, payload: bytes | Raw) -> T | None:
        """None if that fails as well."""
        try:
            value: object = json.loads(
                bytes(payload).decode("utf-8-sig", "replace"), parse_constant=lambda _: None
            )
            if not isinstance(value, dict):
                return None
            fitted = _fitted(cast("object", value), _form(self.decoder.type))
            text = self._joined(json.dumps(fitted, ensure_ascii=False))
            return self.decoder.decode(_whole_characters(text))
        except (ValueError, RecursionError):
            return None

    def remarked(self, parts: list[Part]) -> list[Part]:
        """The parts so decoded; the first time with a notice."""
        if self._remarked or ends_in_error(parts):
            return parts
        self._remarked = True
        return [REPAIRED, *parts]

    def _joined(self, text: str) -> str:
        half, self._half = self._half, ""
        if half:
            text = _SECOND_HALF.sub(lambda found: f'"{half}{found[1]}', text, count=1)
        if found := _FIRST_HALF.search(text):
            self._half = found[1]
            text = text[: found.start()] + text[found.start() + 1 :]
        return text


def decode_lenient(decoder: msgspec.json.Decoder[T], raw: bytes | Raw) -> T | None:
    """Decode `raw` strictly, and leniently if that fails."""
    try:
        return decoder.decode(raw)
    except UNREADABLE:
        return lenient(decoder, raw)


def is_nothing(payload: bytes) -> bool:
    """Whether a payload is JSON without content: null, a number, true or false."""
    try:
        value: object = msgspec.json.decode(payload)
    except UNREADABLE:
        return False
    return value is None or isinstance(value, int | float)


def text_value(raw: bytes | Raw) -> str:
    """The text of a JSON value: its own for a string, none for null or no value, else its JSON."""
    try:
        return _TEXT.decode(raw)
    except UNREADABLE:
        text = bytes(raw).decode("utf-8", "replace")
    if text in ("", "null"):
        return ""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _whole_characters(value) if isinstance(value, str) else text


@functools.cache
def _form(type_: Any) -> inspect.Type:
    return inspect.type_info(type_)


def _whole_characters(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _fitted(value: object, form: inspect.Type) -> object:
    """The part of `value` that fits this type."""
    match form:
        case inspect.CustomType() | inspect.RawType() | inspect.AnyType():
            return value
        case inspect.UnionType():
            return _chosen(value, form)
        case inspect.StructType():
            return _fields(value, form)
        case inspect.ListType():
            return _items(value, form)
        case inspect.StrType():
            return _text(value)
        case inspect.IntType():
            return _number(value)
        case inspect.BoolType():
            return value if isinstance(value, bool) else _ABSENT
        case _:
            return _ABSENT


def _chosen(value: object, form: inspect.UnionType) -> object:
    """The first member of the union that `value` fits strictly, else the first it can be converted to."""
    if value is None:
        return None if any(isinstance(member, inspect.NoneType) for member in form.types) else _ABSENT
    own = [member for member in form.types if isinstance(member, _OWN.get(type(value), ()))]
    fitted = (_fitted(value, member) for member in (*own, *form.types))
    return next((one for one in fitted if one is not _ABSENT), _ABSENT)


_OWN: dict[type, tuple[type[inspect.Type], ...]] = {
    str: (inspect.StrType,),
    list: (inspect.ListType,),
    dict: (inspect.StructType,),
    int: (inspect.IntType,),
    float: (inspect.IntType,),
}


def _fields(value: object, form: inspect.StructType) -> object:
    if not isinstance(value, dict):
        return _ABSENT
    sent = cast("dict[str, object]", value)
    fitted = {
        field.encode_name: _fitted(sent[field.encode_name], field.type)
        for field in form.fields
        if field.encode_name in sent
    }
    return {name: one for name, one in fitted.items() if one is not _ABSENT}


def _items(value: object, form: inspect.ListType) -> object:
    if isinstance(value, dict) and value:
        value = [cast("object", value)]
    if not isinstance(value, list):
        return _ABSENT
    sent = (one for one in cast("list[object]", value) if one is not None)
    return [one for one in (_fitted(one, form.item_type) for one in sent) if one is not _ABSENT]


def _text(value: object) -> object:
    """Join a list of texts, or of parts with a text, where one text is expected."""
    match value:
        case str():
            return value
        case bool():
            return _ABSENT
        case int() | float():
            return str(value)
        case list():
            texts = [_text(_part_text(part)) for part in cast("list[object]", value)]
            return "".join(text for text in texts if isinstance(text, str))
        case _:
            return _ABSENT


def _part_text(part: object) -> object:
    return cast("dict[str, object]", part).get("text") if isinstance(part, dict) else part


def _number(value: object) -> object:
    match value:
        case bool():
            return _ABSENT
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if value.strip().isdecimal():
            return int(value)
        case _:
            return _ABSENT
