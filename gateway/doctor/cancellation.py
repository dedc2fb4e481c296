"""Does the server stop working when the client disconnects?

- llama.cpp, vLLM and SGLang report how many requests they work on: proof.
- For others the time of a short question shows it, if they handle one request at a time: it waits while a
  long answer is written, but not after that answer was cancelled, if the server really stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncGenerator

from gateway.doctor import json_access as js
from gateway.doctor.client import ProbeError
from gateway.doctor.dialect import ChatQuestion, chat_body, chat_url, stream_chunks
from gateway.doctor.finding import Finding, ProbeContext

PATIENCE = 60.0
WATCHED = 20.0
"""Seconds that the server is given to react."""
_POLL = 0.2
_LONG = ChatQuestion("Count from 1 to 2000, one number on each line.", max_tokens=1500)
_SHORT = ChatQuestion("Reply with one word: ready", max_tokens=8)
_GAUGES = {
    "vLLM": r"^vllm:num_requests_running\S* ([\d.]+)",
    "SGLang": r"^sglang:num_running_reqs\S* ([\d.]+)",
}
_BURNS = "an answer that you interrupt goes on using the machine, and the next question waits for it"


async def probe_cancellation(subject: ProbeContext) -> list[Finding]:
    try:
        before = await _running(subject)
        return [await (_timed(subject) if before is None else _counted(subject, before))]
    except ProbeError as error:
        return [Finding("cancellation", "unknown", str(error))]


async def _counted(subject: ProbeContext, before: int) -> Finding:
    async with _long_answer(subject):
        during = await _running(subject)
    if during is None or during <= before:
        return Finding("cancellation", "unknown", "the long answer was over too soon")
    left = time.monotonic()
    while (waited := time.monotonic() - left) < WATCHED:
        now = await _running(subject)
        if now is not None and now <= before:
            return Finding("cancellation", "yes", f"it stopped within {waited:.1f} s")
        await asyncio.sleep(_POLL)
    return Finding("cancellation", "no", f"it still worked {WATCHED:.0f} s later", _BURNS)


async def _timed(subject: ProbeContext) -> Finding:
    alone = await _short(subject)
    patience = 3 * alone + 2
    async with _long_answer(subject):
        beside = await _short(subject, patience)
    after = await _short(subject, patience)
    times = (
        f"a short question takes {alone:.1f} s; during a long answer {beside:.1f} s, after it {after:.1f} s"
    )
    if beside < patience:
        return Finding("cancellation", "unknown", f"it does several things at once: {times}")
    if after < patience:
        return Finding("cancellation", "yes", times)
    return Finding("cancellation", "no", times, _BURNS)


async def _short(subject: ProbeContext, seconds: float = PATIENCE) -> float:
    try:
        async with asyncio.timeout(seconds):
            return (await subject.ask(_SHORT, seconds)).seconds
    except TimeoutError:
        return seconds


@contextlib.asynccontextmanager
async def _long_answer(subject: ProbeContext) -> AsyncGenerator[None]:
    """Runs the block while it is being written; leaving the block cancels it. Raises ProbeError."""
    body = chat_body(subject.manner, _LONG)
    async with subject.line.open(chat_url(subject.line, subject.manner), body, PATIENCE) as stream:
        if stream.status >= 300:
            raise ProbeError(f"the long question was refused with {stream.status}")
        async with contextlib.aclosing(stream_chunks(stream, subject.manner.kind)) as chunks:
            async for _ in chunks:
                break
            yield


async def _running(subject: ProbeContext) -> int | None:
    """How many requests are in progress; None if the server does not report it."""
    if subject.server.product == "llama.cpp":
        response = await subject.line.get(f"{subject.line.root}/slots")
        slots = js.items(response.json)
        return sum(js.flag(slot, "is_processing") is True for slot in slots) if slots else None
    if gauge := _GAUGES.get(subject.server.product):
        response = await subject.line.get(f"{subject.line.root}/metrics")
        found = (
            re.findall(gauge, response.body.decode("utf-8", "replace"), re.MULTILINE) if response.ok else []
        )
        return int(sum(float(one) for one in found)) if found else None
    return None
