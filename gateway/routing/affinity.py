"""Session affinity: distributes sessions over weighted targets without storing state.

- A session's key is (client, session header, agent header, hash of the system prompt and the first user
  message): one session header covers titles, subagents and the main thread, whose prompts have nothing in
  common.
- Each target gets a number from the session's key and its own name, divided by its weight; the lowest wins
  (rendezvous hashing). So a session stays, and when a target is added or removed only that target's sessions
  move.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b

from attrs import frozen

from gateway.anthropic import wire as a
from gateway.anthropic.request.system_prompt import ATTRIBUTION
from gateway.inbound import Inbound
from gateway.settings.models import ModelTarget

_PERSON = b"gateway session"


def session_key(inbound: Inbound) -> bytes:
    digest = blake2b(digest_size=16, person=_PERSON)
    for text in (inbound.client, inbound.session, inbound.agent, *_beginning(inbound.request)):
        digest.update(text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.digest()


def _beginning(request: a.MessagesRequest) -> list[str]:
    """The system prompt, without the line that changes with the client's version, and the first user
    message."""
    first = next((message.content for message in request.messages if message.role == "user"), ())
    system = [text for text in request.system if not text.startswith(ATTRIBUTION)]
    return [*system, *(block.text for block in first if isinstance(block, a.Text))]


@frozen
class SessionShares:
    """The distribution of sessions over the targets of one route. Targets without a weight come last, in
    order."""

    names: tuple[str, ...]
    weights: tuple[int, ...]
    others: int
    """How many targets have no weight."""

    @classmethod
    def of(cls, targets: Sequence[ModelTarget]) -> SessionShares:
        shared = [one for one in targets if one.weight is not None]
        names = _distinct([f"{one.provider}/{one.model}" for one in shared])
        return cls(names, tuple(one.weight or 1 for one in shared), len(targets) - len(shared))

    def order(self, inbound: Inbound) -> Sequence[int]:
        """The indices of the targets, in the order in which they are tried for this session."""
        count = len(self.names)
        rest = range(count, count + self.others)
        return [*rank_targets(session_key(inbound), self.names, self.weights), *rest] if count else rest


def rank_targets(key: bytes, names: Sequence[str], weights: Sequence[int]) -> list[int]:
    """The indices of the targets: the session's own first, then the target it would have without that one."""
    scores = [_score(key, name) / weight for name, weight in zip(names, weights, strict=True)]
    return sorted(range(len(names)), key=scores.__getitem__)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """A model may occur twice, with different overrides: `b`, `b#2`."""
    return tuple(
        name if (before := names[:at].count(name)) == 0 else f"{name}#{before + 1}"
        for at, name in enumerate(names)
    )


def _score(key: bytes, name: str) -> float:
    """Exponentially distributed: divided by the weight, the lowest score wins in proportion to the
    weights."""
    number = int.from_bytes(blake2b(name.encode(), key=key, digest_size=8).digest(), "big")
    return -math.log((number + 1) / 2**64)
