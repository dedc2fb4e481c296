"""What a client gets for each upstream answer in goldens/answers/<kind>, written out.

`<name>.sse` and `<name>.ndjson` are streams, `<name>.json` plain bodies; `<name>.events` holds the events
and, as comments, the notices. `options.json` says what differs from a plain request that asks for reasoning.
`GATEWAY_REWRITE_GOLDENS=1 pytest <this file>` writes the events anew: the diff is the review.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from attrs import evolve

from gateway.anthropic import events as e
from gateway.anthropic.fold import fold
from gateway.anthropic.names import Returned
from gateway.anthropic.writer import MessageWriter
from gateway.errors import UpstreamFailed
from gateway.parts import Part
from gateway.upstreams.built import ReplyWish
from gateway.upstreams.facts import ModelFacts
from gateway.upstreams.ollama.reader import NativeReader
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.responses.reader import ResponsesReader

FOLDER = Path(__file__).parents[1] / "goldens" / "answers"
KINDS = {
    "openai": (ChatReader, "vllm"),
    "ollama": (NativeReader, "ollama"),
    "responses": (ResponsesReader, "responses"),
}
ANSWERS = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.glob("*/*")
    if path.suffix in (".sse", ".ndjson", ".json") and path.name != "options.json"
)


def options(answer: str) -> dict:
    return json.loads((FOLDER / answer).with_name("options.json").read_text()).get(Path(answer).stem, {})


def reader(answer: str) -> ChatReader | NativeReader | ResponsesReader:
    kind, preset = KINDS[Path(answer).parent.name]
    says = options(answer)
    quirks = evolve(PRESETS[preset], **says.get("quirks", {}))
    facts = ModelFacts("up", "model", quirks, context_window=says.get("context_window"))
    wish = ReplyWish(
        thinking=says.get("thinking", True),
        display=says.get("display"),
        stop_sequences=tuple(says.get("stop_sequences", ())),
        max_tokens=says.get("max_tokens"),
    )
    return kind(facts, wish)


def writer(answer: str) -> MessageWriter:
    says, minted = options(answer), iter(range(1, 1000))
    return MessageWriter(
        "msg_x",
        "m",
        "req_x",
        input_tokens=11,
        mint=lambda: f"toolu_minted{next(minted)}",
        history_ids=says.get("history_ids", {}),
        returned={sent: Returned(**known) for sent, known in says.get("returned", {}).items()},
        single_tool=says.get("single_tool", False),
    )


def written(answer: str, parts: list[Part]) -> tuple[list[e.Event], str]:
    """The events, and how they and the notices are written down."""
    to = writer(answer)
    events = [event for part in parts for event in to.write(part)]
    assert to.ended
    notices = "".join(f": {notice.name} {notice.detail}".rstrip() + "\n" for notice in to.notices)
    return events, e.render(events).decode() + notices


def read(answer: str, pieces: Iterator[bytes]) -> list[Part]:
    reading = reader(answer)
    parts = [part for piece in pieces for part in reading.feed(piece)]
    return [*parts, *reading.close()]


def accumulated(events: list[e.Event]) -> dict:
    """What the official SDK makes of the events."""
    message, buffers = None, {}
    for line in e.render(events).decode().split("\n"):
        if line.startswith("data: "):
            event = json.loads(line.removeprefix("data: "))
            message = accumulate_event(event=event, current_snapshot=message, json_bufs=buffers)
    assert message is not None
    return message.to_dict()


@pytest.mark.parametrize("answer", ANSWERS)
def test_client_gets_what_is_written_down(answer: str):
    path = (FOLDER / answer).with_suffix(".events")
    body = (FOLDER / answer).read_bytes()
    _, got = written(answer, reader(answer).whole(body))
    if os.environ.get("GATEWAY_REWRITE_GOLDENS"):
        path.write_text(got, encoding="utf-8")
    assert got == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("answer", ANSWERS)
def test_cutting_the_bytes_anywhere_changes_nothing(answer: str):
    body = (FOLDER / answer).read_bytes()
    expected = written(answer, read(answer, iter([body])))
    assert written(answer, read(answer, (body[i : i + 1] for i in range(len(body))))) == expected
    for at in range(len(body)):
        assert written(answer, read(answer, iter([body[:at], body[at:]]))) == expected


@pytest.mark.parametrize("answer", ANSWERS)
def test_official_sdk_accumulates_the_folded_message(answer: str):
    events, _ = written(answer, reader(answer).whole((FOLDER / answer).read_bytes()))
    if isinstance(events[-1], e.Error):
        with pytest.raises(UpstreamFailed):
            fold(events)
        return
    folded, summed = fold(events), accumulated(events)
    assert summed["stop_reason"] == folded["stop_reason"]
    assert summed["usage"]["output_tokens"] == folded["usage"]["output_tokens"]
    if folded["stop_reason"] != "max_tokens":
        for block in folded["content"]:
            block.pop("citations", None)
        assert summed["content"] == folded["content"]
