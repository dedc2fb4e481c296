"""`validation: strict` refuses blocks in places where the API has none."""

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.media_sources import DocumentContent, DocumentSource, ImageSource
from gateway.anthropic.request.block_placement import check_placement

PNG = ImageSource("base64", "image/png", "AAAA")
TEXT = a.Text("x")
ANYWHERE = "user messages or assistant messages or system messages or tool results"


def unknown(kind: str) -> a.Unknown:
    return a.Unknown(kind, Raw(b"{}"))


@pytest.mark.parametrize(
    ("where", "blocks"),
    [
        ("user", (TEXT, a.Image(PNG), a.ToolResult("t", (a.Quoted(Raw(b'"x"')), a.Image(PNG))))),
        ("user", (a.Image(ImageSource("url", url="u")), a.Image(ImageSource("file", file_id="f")))),
        ("user", (a.Document(DocumentSource("text", "text/plain", "x")),)),
        ("user", (a.Document(DocumentSource("content", content="x")),)),
        (
            "user",
            (
                a.Document(
                    DocumentSource(
                        "content",
                        content=[DocumentContent("text", "x"), DocumentContent("image", source=PNG)],
                    )
                ),
            ),
        ),
        ("assistant", (a.Text(""), a.ThinkingBlock("x"), a.ToolUse("t", "T"), unknown("server_tool_use"))),
        ("system", (TEXT, unknown("tool_addition"))),
        ("tool_result", (TEXT, a.ToolReference("T"), unknown("search_result"))),
        ("user", ()),
    ],
)
def test_blocks_in_their_places_pass(where: str, blocks: tuple[a.Block, ...]):
    assert list(check_placement(blocks, where, "messages.0.content")) == []


@pytest.mark.parametrize(
    ("where", "block", "errors"),
    [
        ("user", unknown("neu"), ["p.0.type: unexpected block type 'neu'"]),
        ("user", a.ToolUse("t", "T"), ["p.0: `tool_use` blocks can only be in assistant messages"]),
        ("assistant", a.Image(PNG), ["p.0: `image` blocks can only be in user messages or tool results"]),
        ("user", a.ToolReference("T"), ["p.0: `tool_reference` blocks can only be in tool results"]),
        (
            "developer",
            TEXT,
            [f"p.0: `text` blocks can only be in {ANYWHERE}"],
        ),
        ("user", a.Text(""), ["p.0: text content blocks must be non-empty"]),
        (
            "user",
            a.ToolResult("t", (TEXT, a.ToolUse("t", "T"))),
            ["p.0.content.1: `tool_use` blocks can only be in assistant messages"],
        ),
        ("user", a.Image(ImageSource("blob")), ["p.0.source.type: expected one of base64, file, url"]),
        (
            "user",
            a.Image(ImageSource("base64", "image/bmp", "AAAA")),
            ["p.0.source.media_type: expected one of image/gif, image/jpeg, image/png, image/webp"],
        ),
        (
            "user",
            a.Document(DocumentSource("blob")),
            ["p.0.source.type: expected one of base64, content, file, text, url"],
        ),
        (
            "user",
            a.Document(
                DocumentSource(
                    "content",
                    content=[DocumentContent("tool_use"), DocumentContent("image", source=ImageSource("x"))],
                )
            ),
            [
                "p.0.source.content.0: `tool_use` blocks can only be in assistant messages",
                "p.0.source.content.1.source.type: expected one of base64, file, url",
            ],
        ),
    ],
)
def test_misplaced_block_is_reported_with_its_path(where: str, block: a.Block, errors: list[str]):
    assert list(check_placement((block,), where, "p")) == errors
