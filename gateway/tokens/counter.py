"""`CountablePrompt` -> tokens. Never blocks the event loop and never fails.

Rules:
- The vocabulary is imported and loaded at the first count, once, in the counting thread
  (`test_concurrent_first_counts_load_once`, `test_import_brings_no_tiktoken`).
- Text that looks like a special token is counted as text.
- Text goes to tiktoken in pieces: it panics on about 1 MB of one white-space run, and its time grows faster
  than a run's length. 1 MB of anything takes well under a second (`test_one_megabyte_of_anything`).
- After any error, including a panic (a BaseException), the text is estimated as bytes / 3.5
  (`test_a_panic_falls_back_to_bytes`); the first such failure is logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import ceil

from gateway.upstreams.token_prompt import CountablePrompt

MESSAGE_TOKENS = 4
"""Estimated tokens that a chat template adds around each message."""

PIECE = 20_000
"""Characters given to tiktoken at once: at most 80 kB. Each cut adds about one token."""

BYTES_PER_TOKEN = 3.5

STOPS = (KeyboardInterrupt, SystemExit, asyncio.CancelledError)

log = logging.getLogger(__name__)

Measure = Callable[[str], int]
"""Tokens in a text."""


def load_encoding() -> Measure:
    """Imports tiktoken and builds the encoding; slow, so for a worker thread only."""
    from gateway.tokens.o200k import encoding  # noqa: PLC0415  importing tiktoken must wait for a count

    encode = encoding().encode_ordinary
    return lambda text: len(encode(text))


class TokenCounter:
    """One per process: it keeps the vocabulary (60 MB) from the first count on.

    All counts use one thread, which loads before it counts. tiktoken releases the GIL, so streams continue
    meanwhile, and many counts at once take no more than one core.
    """

    def __init__(self, load: Callable[[], Measure] = load_encoding) -> None:
        self._load = load
        self._measure: Measure | None = None
        self._failed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokens")

    async def count(self, prompt: CountablePrompt) -> int:
        """The prompt's tokens in o200k_base."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._weigh, prompt)

    def close(self) -> None:
        """Queued counts are dropped; the running one completes."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _weigh(self, prompt: CountablePrompt) -> int:
        texts = sum(self._tokens(text) for text in prompt.texts)
        return texts + MESSAGE_TOKENS * prompt.messages + prompt.media_tokens

    def _tokens(self, text: str) -> int:
        return sum(self._piece(text[at : at + PIECE]) for at in range(0, len(text), PIECE))

    def _piece(self, text: str) -> int:
        try:
            if self._measure is None:
                self._measure = self._load()
            return self._measure(text)
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001  a panic of tiktoken's is a BaseException
            self._give_way(error)
            return estimate_by_length(text)

    def _give_way(self, error: BaseException) -> None:
        """Log the first failure; a vocabulary that did not load is not loaded again."""
        if not self._failed:
            log.warning("tiktoken failed, so this count is an estimate by length: %r", error)
        self._failed = True
        self._measure = self._measure or estimate_by_length


def estimate_by_length(text: str) -> int:
    """An estimate without the vocabulary."""
    return ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN)
