"""Values held against a JSON Schema.

jsonschema-rs does it, loaded when it is first needed (7 MB, 70 ms). Where it cannot be installed, or a schema
is none, every value is taken for valid: a client checks the arguments of its tools itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

Check = Callable[[Any], str | None]
"""None for a valid value; else what is wrong with it, and where."""

WORDS = 500
"""How much is said about one value, in characters."""


@lru_cache(maxsize=256)
def validator(schema: bytes) -> Check:
    """The check for a schema. References out of the document lead nowhere: nothing is fetched."""
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
