"""Validates values against a JSON Schema.

Uses jsonschema-rs, loaded when it is first needed (7 MB, 70 ms). If it is not installed, or a schema is
invalid, every value counts as valid: a client checks the arguments of its tools itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

Check = Callable[[Any], str | None]
"""None for a valid value; otherwise the error and its position."""

WORDS = 500
"""Maximum length of the message about one value, in characters."""


@lru_cache(maxsize=256)
def validator(schema: bytes) -> Check:
    """The check for a schema. References out of the document are not resolved: nothing is fetched."""
    try:
        import jsonschema_rs  # noqa: PLC0415

        validator = jsonschema_rs.validator_for(msgspec.json.decode(schema), retriever=_nothing)
    except (ImportError, ValueError, msgspec.DecodeError, RecursionError):
        return _anything

    def wrong(value: Any) -> str | None:
        error = next(iter(validator.iter_errors(value)), None)
        if error is None:
            return None
        path = ".".join(map(str, error.instance_path))
        return (f"{path}: {error.message}" if path else error.message)[:WORDS]

    return wrong


def _anything(_: Any) -> None:
    return None


def _nothing(uri: str) -> Any:
    raise LookupError(uri)
