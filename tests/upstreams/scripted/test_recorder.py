"""A provider's answers are recorded as replies that the kind `scripted` can play."""

import json
from pathlib import Path

import pytest
import yaml

from gateway.anthropic.request.attachments import NO_ATTACHMENTS, Attachments
from gateway.anthropic.request.decoding import decode_request
from gateway.errors import GatewayError, Kind, UpstreamFailed
from gateway.inbound import Inbound
from gateway.parts import (
    Finish,
    FinishReason,
    Notice,
    Part,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from gateway.settings.models import Timeouts
from gateway.settings.quirks import PLAIN
from gateway.upstreams.base import Attempt, Target
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.scripted.append_file import AppendFile
from gateway.upstreams.scripted.recorder import RecordingAdapter, append, reply_of
from gateway.upstreams.token_prompt import CountablePrompt, TokenCount
from gateway.upstreams.upstream_request import UpstreamRequest


def asking(text: str) -> Inbound:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    return Inbound("r", body, {}, decode_request(body))


class Answer:
    """An attempt that reads prepared lists of parts."""

    def __init__(self, reads: list[list[Part]]) -> None:
        self.request = UpstreamRequest(b"{}")
        self.reads = iter(reads)
        self.has_data = bool(reads)
        self.closed = False

    async def read(self) -> list[Part] | None:
        return next(self.reads, None)

    async def close(self) -> None:
        self.closed = True


class Server:
    """An adapter with one prepared answer or error."""

    def __init__(self, answer: Answer | GatewayError) -> None:
        self.answer = answer
        self.closed = False

    async def open(self, inbound: Inbound, target: Target, attachments: Attachments) -> Attempt:
        if isinstance(self.answer, GatewayError):
            raise self.answer
        return self.answer

    def prompt(self, inbound: Inbound, target: Target, attachments: Attachments) -> CountablePrompt:
        return CountablePrompt(("p",))

    async def count(self, inbound: Inbound, target: Target) -> TokenCount | None:
        return TokenCount(7)

    async def probe(self) -> str | None:
        return "down"

    async def close(self) -> None:
        self.closed = True


def recorded(path: Path) -> list | None:
    return yaml.safe_load(path.read_text()) if path.exists() else None


def recording(answer: Answer | GatewayError, path: Path) -> tuple[RecordingAdapter, Target]:
    adapter = RecordingAdapter(Server(answer), AppendFile(path))
    return adapter, Target(adapter, ModelInfo("p", "m", PLAIN), Timeouts())


async def test_whole_answer_passes_unchanged_and_is_recorded(tmp_path: Path):
    reads: list[list[Part]] = [[], [TextDelta("Grü")], [TextDelta("ße"), Finish()]]
    answer = Answer(reads)
    adapter, target = recording(answer, tmp_path / "replies.yaml")
    attempt = await adapter.open(asking("hi"), target, NO_ATTACHMENTS)
    assert attempt.has_data
    assert [await attempt.read() for _ in range(4)] == [*reads, None]
    await attempt.close()
    assert answer.closed
    assert recorded(tmp_path / "replies.yaml") == [
        {"when": {"last_user": "hi"}, "text": "Grüße", "finish": "stop"}
    ]


async def test_truncated_answer_is_not_recorded(tmp_path: Path):
    adapter, target = recording(
        Answer([[TextDelta("x"), StreamError(Kind.UPSTREAM_CUT, "cut")]]), tmp_path / "replies.yaml"
    )
    attempt = await adapter.open(asking("hi"), target, NO_ATTACHMENTS)
    while await attempt.read() is not None:
        pass
    assert recorded(tmp_path / "replies.yaml") is None


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (
            UpstreamFailed(Kind.RATE_LIMITED, "slow ${down}", retry_after=3),
            {"status": 429, "message": "slow $${down}", "retry_after": 3},
        ),
        (UpstreamFailed(Kind.UPSTREAM_FAILED, "boom"), {"status": 500, "message": "boom"}),
    ],
)
async def test_refusal_is_recorded_with_the_clients_status(
    tmp_path: Path, error: GatewayError, refusal: dict
):
    adapter, target = recording(error, tmp_path / "replies.yaml")
    with pytest.raises(UpstreamFailed) as raised:
        await adapter.open(asking("hi"), target, NO_ATTACHMENTS)
    assert raised.value is error
    assert recorded(tmp_path / "replies.yaml") == [{"when": {"last_user": "hi"}, "refusal": refusal}]


async def test_everything_else_is_the_providers(tmp_path: Path):
    server = Server(Answer([]))
    adapter = RecordingAdapter(server, AppendFile(tmp_path / "replies.yaml"))
    target = Target(adapter, ModelInfo("p", "m", PLAIN), Timeouts())
    assert adapter.prompt(asking("x"), target, NO_ATTACHMENTS) == CountablePrompt(("p",))
    assert await adapter.count(asking("x"), target) == TokenCount(7)
    assert await adapter.probe() == "down"
    await adapter.close()
    assert server.closed


@pytest.mark.parametrize(
    ("asked", "when"),
    [
        ("Köln?", {"when": {"last_user": "Köln?"}}),
        ("${HOME}", {"when": {"last_user": "$${HOME}"}}),
        ("/etc/", {"when": {"last_user": "etc/"}}),
        ("regex:x", {"when": {"last_user": "egex:x"}}),
        ("file:x", {"when": {"last_user": "ile:x"}}),
        (" \n", {}),
        ("/", {}),
    ],
)
def test_question_is_matched_as_text(tmp_path: Path, asked: str, when: dict):
    append(AppendFile(tmp_path / "replies.yaml"), asking(asked), {"text": "x"})
    assert recorded(tmp_path / "replies.yaml") == [{**when, "text": "x"}]


@pytest.mark.parametrize(
    ("parts", "reply"),
    [
        ([], {}),
        ([TextDelta(" \n"), Finish()], {"finish": "stop"}),
        ([Notice("empty_answer"), Finish(FinishReason.WINDOW)], {}),
        (
            [
                ReasoningDelta("h", {}),
                ReasoningDelta("m", {}),
                TextDelta("${x}"),
                Finish(FinishReason.LENGTH),
            ],
            {"reasoning": "hm", "text": "$${x}", "finish": "length"},
        ),
        (
            [
                ToolCallDelta(1, "a", "T", '{"a"'),
                ToolCallDelta(2, "b", "U"),
                ToolCallDelta(1, arguments=":1}", whole=True),
                Usage(input=5, output=6, cache_read=7, thinking=8),
                Finish(FinishReason.TOOLS),
            ],
            {
                "calls": [{"name": "T", "arguments": '{"a":1}'}, {"name": "U", "arguments": ""}],
                "usage": {"prompt": 12, "completion": 6, "cached": 7, "reasoning": 8},
                "finish": "tool_calls",
            },
        ),
        ([Usage()], {"usage": {"prompt": 0, "completion": 0, "cached": 0, "reasoning": 0}}),
    ],
)
def test_reply_is_the_whole_answer(parts: list[Part], reply: dict):
    assert reply_of(parts) == reply
