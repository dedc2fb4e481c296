"""The exact secrets of one request, and texts without them.

Rules:
- They are the provider's key, what its configured headers and query hold, and the client's credentials where
  these are forwarded: a server may repeat whatever it was sent.
- They are replaced before anything is masked by its form (see `words`): a mask that fits a part of a secret
  would leave the rest of it readable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar

HIDDEN = "[hidden]"
SHORTEST_SECRET = 8
"""Characters. What is shorter guards nothing, and may be a word like any other."""
_HEADER = re.compile(r"auth|key|token|secret|cookie|password|signature|credential", re.IGNORECASE)

_secrets: ContextVar[Sequence[str]] = ContextVar("_secrets", default=())


def secrets_of(headers: Mapping[str, str], key: str | None = None) -> Sequence[str]:
    """The key, and the words of headers that hold a secret, in every spelling. The longest first."""
    values = [value for name, value in headers.items() if _HEADER.search(name)]
    if key:
        values.append(key)
    words = {word for value in values for word in (value, *value.split()) if len(word) >= SHORTEST_SECRET}
    spelled = {spelling for word in words for spelling in _spellings(word)}
    return sorted(spelled, key=len, reverse=True)


def redacted(text: str, secrets: Sequence[str] | None = None) -> str:
    """`text` without `secrets`; by default without those of the answer that is being read."""
    for secret in _secrets.get() if secrets is None else secrets:
        text = text.replace(secret, HIDDEN)
    return text


def hide(secrets: Sequence[str]) -> None:
    """From here on `redacted` replaces these in this task. Called for every chunk of an answer."""
    _secrets.set(secrets)


def _spellings(word: str) -> tuple[str, ...]:
    """Also with escapes: `"`, and PHP's `\\/`."""
    escaped = json.dumps(word)[1:-1]
    return (word, escaped, escaped.replace("/", "\\/"))
