"""What Ollama launches a model with: said in every request, and the same in each.

Ollama loads a model again for a request that says, or leaves out, another value of any of these. So this is
the one place where they are decided, for answers and for the trials of `doctor` and `check --probe`.

Rules:
- `num_ctx` is the configured window, else `WINDOW`.
- `shift` is off: an answer that fills the window ends there, and the start of the prompt is not forgotten.
  With the quirk `context_shift` it is left out, as other clients of the same server leave it out.
- `extra_body` wins over both, and may hold more of them under `options`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from attrs import frozen

from gateway.settings.quirks import Quirks
from gateway.settings.windows import ADVISED_WINDOW

WINDOW = ADVISED_WINDOW
"""Tokens, where the configuration says nothing: Ollama's own 4096 cannot hold Claude Code's first turn."""
OPTIONS = frozenset({"num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread"})
"""Those of `options` that a model is launched with (`api.Runner` in Ollama's source); the others are not."""


@frozen
class LaunchOptions:
    """`shift` None: it is not said, and on."""

    num_ctx: int
    shift: bool | None

    def request(self, extra_body: Mapping[str, object]) -> dict[str, object]:
        """The fields of a request, with what the configuration says otherwise."""
        own = extra_body.get("options")
        options = cast("dict[str, object]", own) if isinstance(own, dict) else {}
        said: dict[str, object] = {"num_ctx": self.num_ctx}
        said |= {name: value for name, value in options.items() if name in OPTIONS}
        shift = extra_body.get("shift", self.shift)
        kept = {name: value for name, value in said.items() if value is not None}
        return {"options": kept, **({} if shift is None else {"shift": shift})}


def launch_options(window: int | None, quirks: Quirks) -> LaunchOptions:
    return LaunchOptions(window or WINDOW, None if quirks.context_shift else False)
