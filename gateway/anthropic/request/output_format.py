"""The requested format of the answer: `output_config.format`, or `output_format`, its original name.

Rules:
- Both together are refused, and so is a JSON schema that is missing or not an object.
- Other format types are not interpreted here.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from gateway.anthropic import wire as a
from gateway.anthropic.decode_errors import decode_error
from gateway.errors import RequestRefused


class OutputFormat(Struct, frozen=True):
    """`path`: its position in the request. `schema`: that of type `json_schema`, else empty."""

    path: str
    type: str
    schema: Raw = Raw()


class _Typed(Struct, frozen=True):
    type: str


class _JsonSchema(Struct, frozen=True):
    schema: Raw


_TYPED = msgspec.json.Decoder(_Typed)
_JSON_SCHEMA = msgspec.json.Decoder(_JsonSchema)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def requested_format(request: a.MessagesRequest) -> OutputFormat | None:
    """Raises RequestRefused if the format cannot be read."""
    newer = bytes(request.output_config.format) if request.output_config else b""
    sent = {"output_config.format": newer, "output_format": bytes(request.output_format)}
    given = [(path, form) for path, form in sent.items() if form not in (b"", b"null")]
    if len(given) == 2:
        raise RequestRefused("output_format: cannot be combined with output_config.format")
    return _form(*given[0]) if given else None


def _form(path: str, sent: bytes) -> OutputFormat:
    try:
        kind = _TYPED.decode(sent).type
        if kind != "json_schema":
            return OutputFormat(path, kind)
        schema = _JSON_SCHEMA.decode(sent).schema
    except msgspec.ValidationError as error:
        raise decode_error(error, path) from None
    try:
        _OBJECT.decode(schema)
    except msgspec.ValidationError as error:
        raise decode_error(error, f"{path}.schema") from None
    return OutputFormat(path, kind, schema)
