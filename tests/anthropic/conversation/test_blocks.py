"""Every block type gives parts, a tool change or a notice, in each position where it can occur."""

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.blocks import BlockConverter
from gateway.anthropic.conversation.content_parts import (
    IMAGES,
    MESSAGES,
    BlockLocation,
    ContentConverter,
    ContentPart,
    ImagePart,
)
from gateway.anthropic.media_sources import DocumentSource, ImageSource
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.tools.tool_changes import ToolChange
from gateway.anthropic.tools.tool_names import ToolNames
from gateway.errors import RequestRefused
from gateway.parts import Notice

PLACE = MESSAGES.below(0)
PNG = a.Image(ImageSource("base64", "image/png", "AAAA"))
TEXT_FILE = a.Document(DocumentSource("text", "text/plain", "é"))


def unknown(raw: str, text: str = "", kind: str | None = None) -> a.Unknown:
    return a.Unknown(kind or raw.split('"')[3], Raw(raw.encode()), text)


@pytest.fixture
def notes() -> NoticeCollector:
    return NoticeCollector()


@pytest.fixture
def blocks(notes: NoticeCollector) -> BlockConverter:
    return BlockConverter(ContentConverter(IMAGES, notes), ToolNames(limit=12))


def dropped(*what: str) -> tuple[Notice, ...]:
    return tuple(Notice("dropped.block", one) for one in what)


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        (a.Text("x"), ["x"]),
        (a.Text(""), []),
        (a.Quoted(Raw(b'"\\u00e9"')), ["é"]),
        (a.Quoted(Raw(b'""')), []),
        (PNG, [ImagePart("image/png", "AAAA")]),
        (TEXT_FILE, ["<document>\né\n</document>"]),
        (a.ToolReference("T"), ["Tool loaded: T"]),
        (a.ToolReference("a_long_tool_name"), ["Tool loaded: a_l_f890baaa"]),
        (unknown('{"type":"new"}', "its text"), ["its text"]),
        (unknown('{"type":"browser_state","tabs":[]}'), ["No browser tab is open."]),
        (unknown('{"type":"fallback"}'), []),
    ],
)
def test_block_of_a_user_gives_parts(
    blocks: BlockConverter, notes: NoticeCollector, block: a.Block, parts: list[ContentPart]
):
    assert blocks.convert(block, PLACE) == parts
    assert blocks.convert_all((block,), PLACE) == parts
    assert notes.notices == ()


def test_search_result_of_a_user_gives_its_texts(blocks: BlockConverter):
    raw = '{"type":"search_result","source":"u","title":"T","content":[{"type":"text","text":"found"}]}'
    (text,) = blocks.convert(unknown(raw), PLACE)
    assert isinstance(text, str)
    assert "found" in text


@pytest.mark.parametrize(
    ("block", "what"),
    [
        (a.ThinkingBlock("x"), "thinking in a user's message or a tool result"),
        (a.RedactedThinking(), "redacted_thinking in a user's message or a tool result"),
        (a.ToolUse("t", "T"), "tool_use in a user's message or a tool result"),
        (a.ToolResult("t"), "tool_result in a user's message or a tool result"),
        (unknown('{"type":"new"}'), "new"),
        (unknown('{"type":"browser_state","tabs":1}'), "browser_state"),
    ],
)
def test_block_without_content_for_a_user_is_dropped_with_a_notice(
    blocks: BlockConverter, notes: NoticeCollector, block: a.Block, what: str
):
    assert blocks.convert(block, PLACE) == []
    assert notes.notices == dropped(what)


def test_content_is_shown_in_order_and_references_collected(blocks: BlockConverter):
    shown = blocks.convert_all((a.Text("a"), a.Text(""), a.ToolReference("T"), PNG, a.Text("b")), PLACE)
    assert shown == ["a", "Tool loaded: T", ImagePart("image/png", "AAAA"), "b"]
    assert blocks.mentions == [ToolChange("reference", "T")]


@pytest.mark.parametrize(
    ("raw", "id_"),
    [
        ('{"type":"container_upload","file_id":"f1"}', "f1"),
        ('{"type":"container_upload","file_id":1}', ""),
    ],
)
def test_uploaded_file_is_not_available(blocks: BlockConverter, notes: NoticeCollector, raw: str, id_: str):
    assert blocks.convert(unknown(raw), PLACE) == [f"[file '{id_}' is not available]"]
    assert notes.notices == (Notice("dropped.file", id_),)


def test_uploaded_file_in_the_newest_turn_is_refused_with_its_path(blocks: BlockConverter):
    upload = unknown('{"type":"container_upload","file_id":"f1"}')
    with pytest.raises(RequestRefused) as refused:
        blocks.convert_all((a.Text("x"), upload), BlockLocation(0, MESSAGES, strict=True))
    assert refused.value.message == "messages.0.content.1: file 'f1' is not available on this gateway"


@pytest.mark.parametrize(
    ("block", "text", "notices"),
    [
        (unknown('{"type":"connector_text"}', "said"), "said", ()),
        (unknown('{"type":"fallback"}'), "", ()),
        (unknown('{"type":"new"}'), "", dropped("new")),
        (a.RedactedThinking("x"), "", ()),
        (PNG, "", dropped("a user's block in an assistant turn")),
        (a.ToolReference("T"), "", dropped("a user's block in an assistant turn")),
    ],
)
def test_block_in_an_assistant_turn(
    blocks: BlockConverter, notes: NoticeCollector, block: a.Block, text: str, notices: tuple[Notice, ...]
):
    assert blocks.assistant_text(block) == text
    assert notes.notices == notices


def test_system_message_holds_texts_and_tool_changes(blocks: BlockConverter, notes: NoticeCollector):
    added = unknown('{"type":"tool_addition","tool":{"name":"A"}}')
    removed = unknown('{"type":"tool_removal","tool":{"name":"B"}}')
    sent = (a.Text("x"), added, unknown('{"type":"new"}', "its text"), removed)
    blocks.changes(sent, PLACE)
    assert blocks.mentions == [ToolChange("addition", "A"), ToolChange("removal", "B")]
    assert notes.notices == ()


def test_other_blocks_of_a_system_message_are_dropped(blocks: BlockConverter, notes: NoticeCollector):
    blocks.changes((unknown('{"type":"new"}'), PNG), PLACE)
    assert notes.notices == dropped("new", "a block that is not text in a system message")


def test_malformed_tool_change_is_refused_with_its_path(blocks: BlockConverter):
    with pytest.raises(RequestRefused) as refused:
        blocks.changes((a.Text("x"), unknown('{"type":"tool_removal"}')), PLACE)
    assert refused.value.message == "messages.0.content.1.tool: field required"


def test_blocks_of_the_system_prompt_without_text_are_dropped(blocks: BlockConverter, notes: NoticeCollector):
    blocks.add_strays((a.Stray(0, "image", has_text=False), a.Stray(1, "new", has_text=True)))
    assert notes.notices == dropped("image in the system prompt")


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (
            '{"tool_references":[{"tool_name":"A"},{"tool_name":""},{"tool_name":"B"}]}',
            ["A", "B"],
        ),
        ('{"error_code":"unavailable"}', []),
        ("[]", []),
    ],
)
def test_tools_found_by_a_search_are_loaded(blocks: BlockConverter, content: str, names: list[str]):
    raw = f'{{"type":"tool_search_tool_result","tool_use_id":"s","content":{content}}}'
    blocks.searched(unknown(raw))
    assert blocks.mentions == [ToolChange("reference", name) for name in names]
