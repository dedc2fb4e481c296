"""The upstream answers in goldens/answers/<kind>, each read and written for a client.

`options.json` says what differs from a plain request that asks for reasoning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve

from gateway.anthropic.response import events as e
from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds
from gateway.anthropic.tools.tool_names import ClientToolName
from gateway.parts import Part
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.upstream_request import ResponseOptions
from tests.upstreams.client_side import KINDS

FOLDER = Path(__file__).parents[1] / "goldens" / "answers"
ANSWERS = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.glob("*/*")
    if path.suffix in (".sse", ".ndjson", ".json") and path.name != "options.json"
)


def options(answer: str) -> dict:
    return json.loads((FOLDER / answer).with_name("options.json").read_text()).get(Path(answer).stem, {})


def reader(answer: str) -> ResponseReader:
    kind, preset = KINDS[Path(answer).parent.name]
    says = options(answer)
    quirks = evolve(PRESETS[preset], **says.get("quirks", {}))
    facts = ModelInfo("up", "model", quirks, context_window=says.get("context_window"))
    wish = ResponseOptions(
        thinking=says.get("thinking", True),
        display=says.get("display"),
        stop_sequences=tuple(says.get("stop_sequences", ())),
        max_tokens=says.get("max_tokens"),
    )
    return ResponseReader(kind(facts, wish))


def writer(answer: str) -> MessageWriter:
    says, minted = options(answer), iter(range(1, 1000))
    writer = MessageWriter(
        "msg_x",
        "m",
        "req_x",
        input_tokens=11,
        call_ids=ClientCallIds(lambda: f"toolu_minted{next(minted)}", says.get("history_ids", {})),
    )
    terms = AnswerTerms(
        returned={sent: ClientToolName(**known) for sent, known in says.get("returned", {}).items()},
        single_tool=says.get("single_tool", False),
        schema_of=lambda name: json.dumps(says.get("schemas", {}).get(name, {})).encode(),
    )
    writer.begin(terms)
    return writer


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
