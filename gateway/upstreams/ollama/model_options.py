"""Options that Ollama loads a model with, identical in every request.

Ollama reloads a model for a request in which any of these is missing or has another value. So they are
decided only here, for answers and for the requests of `doctor` and `check --probe`.

Rules:
- `num_ctx` is the configured window, else `WINDOW`.
- `shift` is off: an answer that fills the window ends there, and the start of the prompt is kept. With the
  quirk `context_shift` it is not sent, as other clients of the same server do not send it.
- `extra_body` overrides both, and may add more of them under `options`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from attrs import frozen

from gateway.settings.quirks import Quirks
from gateway.settings.windows import ADVISED_WINDOW

WINDOW = ADVISED_WINDOW
"""Tokens, if none are configured: Ollama's own 4096 cannot hold Claude Code's first turn."""
OPTIONS = frozenset({"num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread"})
"""The `options` that a model is loaded with (`api.Runner` in Ollama's source); the others are not."""


@frozen
class LaunchOptions:
    """`shift` None: not sent, so the server's default (on) applies."""

    num_ctx: int
    shift: bool | None

    def request(self, extra_body: Mapping[str, object]) -> dict[str, object]:
        """The fields of a request, overridden by `extra_body`."""
        own = extra_body.get("options")
        options = cast("dict[str, object]", own) if isinstance(own, dict) else {}
        merged: dict[str, object] = {"num_ctx": self.num_ctx}
        merged |= {name: value for name, value in options.items() if name in OPTIONS}
        shift = extra_body.get("shift", self.shift)
        kept = {name: value for name, value in merged.items() if value is not None}
        return {"options": kept, **({} if shift is None else {"shift": shift})}


def launch_options(window: int | None, quirks: Quirks) -> LaunchOptions:
    return LaunchOptions(window or WINDOW, None if quirks.context_shift else False)
