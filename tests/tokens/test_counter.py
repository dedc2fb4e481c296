"""Counting: what a prompt weighs, when the vocabulary is loaded, and what happens when tiktoken fails."""

import asyncio
import base64
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from gateway.tokens import TokenCounter, counter, o200k
from gateway.upstreams.token_prompt import CountablePrompt

MEGABYTE = 1_000_000
RANDOM = random.Random(7)

ANYTHING = {
    "one letter": "a" * MEGABYTE,
    "capitals": "A" * MEGABYTE,
    "spaces": " " * MEGABYTE,
    "newlines": "\n" * MEGABYTE,
    "tabs": "\t" * MEGABYTE,
    "equal signs": "=" * MEGABYTE,
    "letters without white space": "".join(RANDOM.choices("abcdefghijklmnopqrstuvwxyz", k=MEGABYTE)),
    "base64": base64.b64encode(RANDOM.randbytes(MEGABYTE * 3 // 4)).decode(),
    "digits": "".join(RANDOM.choices("0123456789", k=MEGABYTE)),
    "Chinese": "".join(chr(RANDOM.randint(0x4E00, 0x9FA5)) for _ in range(MEGABYTE // 3)),
    "emoji": "".join(chr(RANDOM.randint(0x1F300, 0x1F64F)) for _ in range(MEGABYTE // 4)),
    "code": "    return self.value[index] == 'text'  # note\n" * (MEGABYTE // 46),
}


class Panic(BaseException):
    """Stands for pyo3's PanicException, which nobody can import."""


@pytest.fixture(scope="module")
def loaded() -> Iterator[TokenCounter]:
    """A counter that shares one vocabulary among this module's tests."""
    ready = TokenCounter()
    asyncio.run(ready.count(CountablePrompt(("load",))))
    yield ready
    ready.close()


def by_letter(text: str) -> int:
    return len(text)


def test_import_brings_no_tiktoken():
    code = "import sys, gateway.tokens; sys.exit('tiktoken' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_texts_messages_and_images_are_added_up(loaded: TokenCounter):
    assert await loaded.count(CountablePrompt(("hello world", "hello"))) == 3
    assert await loaded.count(CountablePrompt((), messages=3, media_tokens=700)) == 3 * 4 + 700
    assert await loaded.count(CountablePrompt(())) == 0


async def test_special_tokens_are_text(loaded: TokenCounter):
    assert await loaded.count(CountablePrompt(("<|endoftext|>",))) == 7


async def test_lone_surrogates_are_counted(loaded: TokenCounter):
    assert await loaded.count(CountablePrompt(("a\ud800b",))) > 0


async def test_concurrent_first_counts_load_once():
    loads = []

    def load():
        loads.append(threading.current_thread())
        time.sleep(0.05)
        return by_letter

    lazy = TokenCounter(load)
    assert loads == []
    assert await asyncio.gather(*(lazy.count(CountablePrompt(("abc",))) for _ in range(27))) == [3] * 27
    assert len(loads) == 1
    assert loads[0] is not threading.main_thread()
    lazy.close()


async def test_counting_leaves_the_loop_free():
    """While the thread sleeps in a count, the loop goes on."""
    counting = threading.Event()

    def load():
        return lambda _: counting.wait(5) and 1

    slow = TokenCounter(load)
    waiting = asyncio.create_task(slow.count(CountablePrompt(("abc",))))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    counting.set()
    assert await waiting == 1
    slow.close()


@pytest.mark.parametrize("name", ANYTHING)
async def test_one_megabyte_of_anything(loaded: TokenCounter, name: str):
    """CPU time, since the wall clock of a busy machine says little; tiktoken really counts, no fallback."""
    started = time.process_time()
    tokens = await loaded.count(CountablePrompt((ANYTHING[name],)))
    assert time.process_time() - started < 1
    assert tokens != counter.estimate_by_length(ANYTHING[name])
    assert not loaded._failed


async def test_pieces_cost_next_to_nothing(loaded: TokenCounter):
    text = ANYTHING["code"][:300_000]
    exact = len(o200k.encoding().encode_ordinary(text))
    assert exact <= await loaded.count(CountablePrompt((text,))) <= exact + len(text) // counter.PIECE


async def test_pieces_stay_below_100_kb():
    sizes = []
    spy = TokenCounter(lambda: lambda piece: sizes.append(len(piece.encode())) or 1)
    await spy.count(CountablePrompt(("😀" * 100_000, "a" * 100_000)))
    assert sum(sizes) == 500_000
    assert max(sizes) <= 100_000
    spy.close()


async def test_a_panic_falls_back_to_bytes(caplog: pytest.LogCaptureFixture):
    def panic(text: str) -> int:
        if "bad" in text:
            raise Panic("StackOverflow")
        return 1

    shaky = TokenCounter(lambda: panic)
    assert await shaky.count(CountablePrompt(("good", "bad" * 7))) == 1 + 6
    assert await shaky.count(CountablePrompt(("bad" * 7, "good"))) == 6 + 1
    assert len(caplog.records) == 1
    shaky.close()


@pytest.mark.parametrize("failure", [OSError("gone"), ImportError("no tiktoken"), Panic("load")])
async def test_vocabulary_that_does_not_load_is_not_tried_again(failure: BaseException):
    loads = []

    def load():
        loads.append(1)
        raise failure

    bare = TokenCounter(load)
    assert await bare.count(CountablePrompt(("a" * 35, "b" * 36), messages=1)) == 10 + 11 + 4
    assert await bare.count(CountablePrompt(("ü" * 35,))) == 20
    assert len(loads) == 1
    bare.close()
