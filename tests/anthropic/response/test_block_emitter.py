"""Content blocks become events: one open at a time, numbered without gaps."""

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.response import events as e
from gateway.anthropic.response.block_emitter import BlockEmitter, OpenBlock, tool_use
from gateway.anthropic.signatures import Replay, replayed_reasoning
from gateway.anthropic.tools.tool_names import ClientToolName


@pytest.mark.parametrize(
    ("known", "block"),
    [
        (None, e.ToolUseBlock("t", "sent")),
        (ClientToolName("Ours"), e.ToolUseBlock("t", "Ours")),
        (
            ClientToolName("click", "browser"),
            e.ToolUseBlock("t", "click", toolset_name="browser", caller={"type": "direct"}),
        ),
    ],
)
def test_call_has_the_clients_name(known: ClientToolName | None, block: e.ToolUseBlock):
    assert tool_use("t", "sent", known) == block


def test_events_are_taken_once_and_blocks_numbered():
    blocks = BlockEmitter()
    blocks.emit(e.Ping())
    blocks.begin(OpenBlock.TEXT, e.TextBlock())
    blocks.delta(e.TextDelta("å"))
    assert blocks.open is OpenBlock.TEXT
    assert blocks.take() == [
        e.Ping(),
        e.ContentBlockStart(0, e.TextBlock()),
        e.ContentBlockDelta(0, e.TextDelta("å")),
    ]
    blocks.end()
    blocks.begin(OpenBlock.TOOL, e.ToolUseBlock("t", "T"))
    blocks.end()
    assert blocks.take() == [
        e.ContentBlockStop(0),
        e.ContentBlockStart(1, e.ToolUseBlock("t", "T")),
        e.ContentBlockStop(1),
    ]
    assert (blocks.take(), blocks.open, blocks.index) == ([], OpenBlock.NOTHING, 1)


def signed(blocks: BlockEmitter) -> Replay:
    """What the signature of the thinking block that ends now replays."""
    blocks.end()
    signature = blocks.take()[-2]
    assert isinstance(signature, e.ContentBlockDelta)
    assert isinstance(signature.delta, e.SignatureDelta)
    return replayed_reasoning(a.ThinkingBlock("", signature.delta.signature), "f")


def test_thinking_block_ends_with_a_signature_of_all_that_was_added():
    blocks = BlockEmitter()
    blocks.begin(OpenBlock.THINKING, e.ThinkingBlock())
    blocks.sign({"p": "f", "id": "one"}, "Grü")
    blocks.sign({"enc": "E"}, "ße")
    blocks.sign({"p": "f"}, "")
    assert signed(blocks) == Replay("Grüße", "one", "E")


def test_signature_keeps_details_instead_of_text():
    detail = Raw(b'{"type":"reasoning.encrypted","data":"x"}')
    blocks = BlockEmitter()
    blocks.begin(OpenBlock.THINKING, e.ThinkingBlock())
    blocks.sign({"p": "f"}, "hidden", (detail,))
    assert signed(blocks) == Replay(details=(detail,))


def test_next_thinking_block_does_not_repeat_the_last_signature():
    blocks = BlockEmitter()
    blocks.begin(OpenBlock.THINKING, e.ThinkingBlock())
    blocks.sign({"p": "f", "id": "one"}, "hidden", (Raw(b"{}"),))
    blocks.end()
    blocks.begin(OpenBlock.THINKING, e.ThinkingBlock())
    blocks.sign({"p": "f"}, "")
    assert signed(blocks) == Replay()


@pytest.mark.parametrize(
    ("known", "state", "same"),
    [
        ({}, {}, True),
        ({}, {"id": "a"}, True),
        ({"id": "a"}, {}, True),
        ({"id": "a"}, {"id": "a"}, True),
        ({"id": "a"}, {"id": "b"}, False),
    ],
)
def test_two_items_of_reasoning_are_two_blocks(known: dict, state: dict, same: bool):
    blocks = BlockEmitter()
    blocks.begin(OpenBlock.THINKING, e.ThinkingBlock())
    blocks.sign(known, "")
    assert blocks.is_of(state) is same


@pytest.mark.parametrize(
    ("block", "start", "delta"),
    [
        (
            {"type": "text", "text": "é", "citations": []},
            {"type": "text", "text": "", "citations": []},
            e.TextDelta("é"),
        ),
        (
            {"type": "server_tool_use", "id": "s", "input": {"q": "é"}},
            {"type": "server_tool_use", "id": "s", "input": {}},
            e.InputJsonDelta('{"q":"é"}'),
        ),
        (
            {"type": "compaction", "content": "Sum"},
            {"type": "compaction", "content": None},
            e.CompactionDelta("Sum"),
        ),
        (
            {"type": "compaction", "content": None},
            {"type": "compaction", "content": None},
            e.CompactionDelta(None),
        ),
        (
            {"type": "web_search_tool_result", "content": []},
            {"type": "web_search_tool_result", "content": []},
            None,
        ),
    ],
)
def test_complete_block_sends_what_clients_accumulate_as_a_delta(
    block: dict, start: dict, delta: e.Delta | None
):
    blocks = BlockEmitter()
    blocks.whole(block)
    deltas = [e.ContentBlockDelta(0, delta)] if delta else []
    assert blocks.take() == [e.ContentBlockStart(0, start), *deltas, e.ContentBlockStop(0)]
    assert blocks.open is OpenBlock.NOTHING


@pytest.mark.parametrize(
    ("kind", "delta"),
    [
        (OpenBlock.THINKING, e.ThinkingDelta("")),
        (OpenBlock.TOOL, e.InputJsonDelta("")),
        (OpenBlock.TEXT, e.TextDelta("")),
        (OpenBlock.DRIP, e.TextDelta("")),
    ],
)
def test_empty_delta_is_of_the_open_blocks_kind(kind: OpenBlock, delta: e.Delta):
    blocks = BlockEmitter()
    blocks.begin(kind, e.TextBlock())
    blocks.empty_delta()
    assert blocks.take()[1:] == [e.ContentBlockDelta(0, delta)]
