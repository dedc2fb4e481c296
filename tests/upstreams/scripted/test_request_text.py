"""The texts of a request, by which replies are selected and tokens are counted."""

from base64 import b64encode

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.media_sources import DocumentSource, ImageSource
from gateway.testing.samples import png
from gateway.upstreams.scripted.request_text import last_user, prompt_of, texts
from gateway.upstreams.token_prompt import CountablePrompt

IMAGE = a.Image(ImageSource("base64", "image/png", b64encode(png(1500, 1)).decode()))


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (a.Text("é"), ["é"]),
        (a.Quoted(Raw(b'"\\u00e9"')), ["é"]),
        (a.ThinkingBlock("hm"), ["hm"]),
        (a.ToolUse("t", "T", Raw(b'{"a": 1}')), ["T", '{"a": 1}']),
        (a.ToolResult("t", (a.Text("x"), IMAGE, a.Text("y"))), ["x", "y"]),
        (a.ToolResult("t"), []),
        (a.Unknown("new", Raw(b"{}"), "text"), ["text"]),
        (IMAGE, []),
        (a.Document(DocumentSource("text", "text/plain", "x")), []),
        (a.RedactedThinking("x"), []),
        (a.ToolReference("T"), []),
    ],
)
def test_texts_of_a_block(block: a.Block, found: list[str]):
    assert list(texts((block,))) == found


def request(*messages: a.Message, **more) -> a.MessagesRequest:
    return a.MessagesRequest(model="m", messages=messages, **more)


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ((), ""),
        ((a.Message("assistant", (a.Text("x"),)),), ""),
        ((a.Message("user", (a.Text("x"), a.Text("y"))), a.Message("assistant", (a.Text("z"),))), "x\ny"),
        ((a.Message("user", (a.Text("x"),)), a.Message("user", ())), ""),
    ],
)
def test_text_of_the_last_user_message(messages: tuple[a.Message, ...], text: str):
    assert last_user(request(*messages)) == text


def test_prompt_counts_system_messages_tools_and_images():
    tools = (a.ToolDefinition("T", "does", Raw(b"{}")), a.ToolDefinition("U"))
    sent = request(
        a.Message("user", (a.Text("x"), IMAGE)),
        a.Message("assistant", (a.Text("y"),)),
        system=("s1", "s2"),
        tools=tools,
    )
    assert prompt_of(sent) == CountablePrompt(("s1", "s2", "x", "y", "T", "does", "{}", "U", "", ""), 2, 2)
