"""The request's types: raw JSON stays raw until it is read."""

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.media_sources import DocumentSource, ImageSource


@pytest.mark.parametrize(
    ("raw", "text"), [(b'"x"', "x"), (b'""', ""), (b'"a\\n\\u00e9"', "a\né"), ('"日本"'.encode(), "日本")]
)
def test_quoted_text_is_decoded_when_read(raw: bytes, text: str):
    assert a.Quoted(Raw(raw)).text == a.unquoted(Raw(raw)) == text


def test_json_string_is_written_unchanged():
    raw = Raw(b'"a\\u00e9"')
    assert a.as_it_is(raw) is raw
    assert a.as_it_is(Raw()) == ""


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        (a.Text("x"), "text"),
        (a.Quoted(Raw(b'"x"')), "text"),
        (a.Image(ImageSource("url", url="u")), "image"),
        (a.Document(DocumentSource("url", url="u")), "document"),
        (a.ThinkingBlock("x"), "thinking"),
        (a.RedactedThinking(), "redacted_thinking"),
        (a.ToolUse("t", "T"), "tool_use"),
        (a.ToolResult("t"), "tool_result"),
        (a.ToolReference("T"), "tool_reference"),
        (a.Unknown("new", Raw(b"{}")), "new"),
    ],
)
def test_type_of_a_block_as_sent(block: a.Block, kind: str):
    assert a.kind(block) == kind
