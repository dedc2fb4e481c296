"""The exact secrets of one request, and their redaction from texts.

Rules:
- Secrets are the provider's key, the values of its configured headers and query, and the client's credentials
  where these are forwarded: a server may repeat anything it was sent.
- They are replaced before anything is masked by its pattern (see `error_body`): a mask that matches a part of
  a secret would leave the rest of it readable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar

HIDDEN = "[hidden]"
SHORTEST_SECRET = 8
"""Characters. A shorter value protects nothing, and may be an ordinary word."""
_HEADER = re.compile(r"auth|key|token|secret|cookie|password|signature|credential", re.IGNORECASE)

_secrets: ContextVar[Sequence[str]] = ContextVar("_secrets", default=())


def secrets_of(headers: Mapping[str, str], key: str | None = None) -> Sequence[str]:
    """The key and the secret words of headers, in every spelling, the longest first."""
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
    """Make `redacted` replace these secrets in the current task. Called for every chunk of an answer."""
    _secrets.set(secrets)


def _spellings(word: str) -> tuple[str, ...]:
    """The word itself and its escaped forms: `"`, and PHP's `\\/`."""
    escaped = json.dumps(word)[1:-1]
    return (word, escaped, escaped.replace("/", "\\/"))
