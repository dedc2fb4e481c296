"""The media blocks of a request, at any place, and whether they are in the newest user turn."""

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.media_sources import DocumentSource, ImageSource
from gateway.anthropic.request.media import MediaBlock, is_media, media_blocks

IMAGE = a.Image(ImageSource("base64", "image/png", "AAAA"))
PDF = a.Document(DocumentSource("url", url="u"))
NEW = a.Unknown("new", Raw(b'{"type":"new"}'))
TEXT = a.Text("x")


def messages(*sent: tuple[str, tuple[a.Block, ...]]) -> tuple[a.Message, ...]:
    return tuple(a.Message(role, blocks) for role, blocks in sent)


@pytest.mark.parametrize("block", [IMAGE, PDF, NEW])
def test_images_documents_and_unknown_blocks_are_media(block: a.Block):
    assert is_media(block)


@pytest.mark.parametrize(
    "block",
    [
        TEXT,
        a.Quoted(Raw(b'"x"')),
        a.ThinkingBlock("x"),
        a.RedactedThinking("x"),
        a.ToolUse("t", "T"),
        a.ToolReference("T"),
        a.ToolResult("t"),
    ],
)
def test_other_blocks_are_not(block: a.Block):
    assert not is_media(block)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ((), ()),
        (messages(("user", (TEXT,)), ("assistant", (a.ToolUse("t", "T"),))), ()),
        (messages(("user", (TEXT, IMAGE))), (MediaBlock(IMAGE, newest=True),)),
        (
            messages(("user", (IMAGE,)), ("assistant", (NEW,)), ("user", (PDF,)), ("user", (NEW,))),
            (
                MediaBlock(IMAGE, newest=False),
                MediaBlock(NEW, newest=False),
                MediaBlock(PDF, newest=True),
                MediaBlock(NEW, newest=True),
            ),
        ),
        (
            messages(("user", (a.ToolResult("t", (TEXT, IMAGE)), a.ToolResult("u"), PDF))),
            (MediaBlock(IMAGE, newest=False), MediaBlock(PDF, newest=True)),
        ),
        (
            messages(("user", (IMAGE,)), ("assistant", (TEXT,))),
            (MediaBlock(IMAGE, newest=True),),
        ),
    ],
)
def test_media_are_found_in_order(sent: tuple[a.Message, ...], found: tuple[MediaBlock, ...]):
    assert media_blocks(sent) == found
