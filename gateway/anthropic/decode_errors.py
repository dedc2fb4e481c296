"""msgspec's validation errors -> a refusal in the API's wording, with the JSON path.

Object missing required field `text` - at `$.content[0]`  ->  messages.3.content.0.text: field required
"""

from __future__ import annotations

import re

import msgspec

from gateway.errors import RequestRefused

_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")


def missing_field(field: str) -> ValueError:
    """For a `__post_init__`, in msgspec's wording: the decoder adds the path."""
    return ValueError(f"Object missing required field `{field}`")


def decode_error(error: msgspec.ValidationError, base: str) -> RequestRefused:
    """`base`: the path of the decoded value; empty for the whole request."""
    text = str(error)
    at = _AT.search(text)
    steps = re.findall(r"[^.\[\]]+", at["path"]) if at else []
    message = _AT.sub("", text)
    if absent := _MISSING.match(message):
        steps.append(absent["field"])
        message = "field required"
    if "..." in steps:
        steps.remove("...")
    path = ".".join([base, *steps] if base else steps)
    return RequestRefused(f"{path}: {message}" if path else message)
