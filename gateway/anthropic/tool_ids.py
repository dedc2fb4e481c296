"""Maps tool-call ids: the upstream's <-> the client's.

    upstream `call_0`     -> client `call_0`                   the first time in a conversation
    upstream `call_0`     -> client `toolu_gw1_Y2FsbF8w`       when it is used again
    upstream `f.Read:0`   -> client `toolu_gw_Zi5SZWFkOjA`     characters that a client's id must not contain

Rules:
- The client's ids are unique over the whole conversation: Claude Code loops without end on an id it has seen
  before.
- There is no state. The number follows from the ids in the request's history, and the encoded id contains the
  original: `original_id(client_id(x, n, m)) == x` for every non-empty x.
- An upstream gets its own ids back, unless an id occurs twice in an assistant turn or is longer than the
  upstream takes: then call and result both get the hash form.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from attrs import Factory, define, field

from gateway.anthropic import wire as a

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_PREFIX = "toolu_gw"
_OURS = re.compile(_PREFIX + r"(?P<n>[1-9][0-9]{0,8})?_(?P<original>[A-Za-z0-9_-]+)", re.ASCII)
_SHORT = 16
"""With a lower id limit there is no room for a prefix (Mistral: exactly nine letters and digits)."""


def ids_in_history(request: a.MessagesRequest) -> Mapping[str, int]:
    """Upstream ids in the request's history -> the number for the next call with that id.

    The number is how often the id occurs, or one more than the highest number already given to it, in case
    the client has dropped earlier turns.
    """
    found: dict[str, int] = {}
    for message in request.messages:
        for block in message.content:
            if isinstance(block, a.ToolUse):
                was, n = _decode(block.id)
                found[was] = max(found.get(was, 0), n) + 1
    return found


def original_id(client_id: str) -> str:
    """The upstream's id of the call; ids that are not in the gateway's form are returned unchanged."""
    return _decode(client_id)[0]


def client_id(original: str, history_count: int, seen: int) -> str:
    """The client's id for a call that the upstream named `original` (never empty: mint those).

    `history_count`: its value in `ids_in_history`. `seen`: how often it occurred earlier in this answer.
    """
    n = history_count + seen
    if n == 0 and _PLAIN.fullmatch(original) and not _OURS.fullmatch(original):
        return original
    return _encode(original, n)


@define
class ClientCallIds:
    """The client's ids for the calls of one answer. `mint` makes one for a call that has none."""

    mint: Callable[[], str]
    history: Mapping[str, int] = Factory(dict[str, int])
    _seen: Counter[str] = field(factory=Counter[str], init=False)

    def of(self, original: str) -> str:
        if not original:
            return self.mint()
        seen = self._seen[original]
        self._seen[original] += 1
        return client_id(original, self.history.get(original, 0), seen)


def upstream_id(
    client_id: str,
    taken: Collection[str],
    limit: int | None,
    *,
    exact: bool = False,
    tried: dict[str, int] | None = None,
) -> str:
    """The upstream's id for a call of the history; `taken` are those before it in its assistant turn.

    `exact`: ids must have exactly `limit` letters and digits. `tried`: by the client's id, how many hash
    forms of it are in `taken`; it is updated, so that a turn of many equal ids costs no more than one of
    different ids.
    """
    was = original_id(client_id) if client_id.startswith(_PREFIX) else client_id
    fits = limit is None or len(was) <= limit
    if exact:
        fits = len(was) == limit and was.isascii() and was.isalnum()
    if was and was not in taken and fits:
        return was
    occurrence = tried.get(client_id, 0) if tried is not None else 0
    while (hashed := _hash(f"{client_id}#{occurrence}", limit)) in taken:
        occurrence += 1
    if tried is not None:
        tried[client_id] = occurrence + 1
    return hashed


def _encode(original: str, n: int) -> str:
    text = urlsafe_b64encode(original.encode()).decode().rstrip("=")
    return f"{_PREFIX}{n or ''}_{text}"


def _decode(client_id: str) -> tuple[str, int]:
    """Only an id that `_encode` would write, byte for byte, is decoded."""
    match = _OURS.fullmatch(client_id) if client_id.startswith(_PREFIX) else None
    if match is None:
        return client_id, 0
    coded, n = match["original"], int(match["n"] or 0)
    try:
        text = urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except (Base64Error, UnicodeDecodeError):
        return client_id, 0
    return (text, n) if _encode(text, n) == client_id else (client_id, 0)


def _hash(text: str, limit: int | None) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    if limit is not None and limit < _SHORT:
        return digest[:limit]
    return f"call_{digest}"[: min(limit or 29, 29)]
