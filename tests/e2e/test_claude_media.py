"""Claude Code through the gateway: pictures and PDFs, as what was read and as what was sent."""

from __future__ import annotations

import base64
import json

import pytest

from gateway.testing.samples import pdf, png
from gateway.testing.upstream import Call, Reply

PNG = png(16, 16)
STREAM_JSON = ("--output-format", "stream-json", "--input-format", "stream-json", "--verbose")


def read(path: object) -> Reply:
    return Reply(calls=(Call("Read", {"file_path": str(path)}),))


def pictures(message: dict) -> list[bytes]:
    """The pictures in a message of either kind."""
    content = message["content"]
    parts = content if isinstance(content, list) else []
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    coded = [url.removeprefix("data:image/png;base64,") for url in urls] + message.get("images", [])
    return [base64.b64decode(one) for one in coded]


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_a_picture_that_was_read_reaches_the_model(claude, start_gateway, settings, upstream, kind: str):
    client = claude(start_gateway(settings(kind)))
    (client.cwd / "pic.png").write_bytes(PNG)
    upstream.script(read(client.cwd / "pic.png"), Reply(text="red"))
    outcome = client.run("-p", "what colour is it?")
    assert (outcome.code, outcome.out) == (0, "red")
    _, second = upstream.chats()
    where = [i for i, message in enumerate(second.messages) if pictures(message)]
    assert len(where) == 1
    shown = second.messages[where[0]]
    assert len(pictures(shown)) == 1
    if kind == "ollama":
        assert shown["role"] == "tool"
    else:
        assert [second.messages[where[0] - 1]["role"], shown["role"]] == ["tool", "user"]
        assert "[image 1 attached below]" in second.texts("tool")[0]


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_the_text_of_a_pdf_that_was_read_reaches_the_model(
    claude, start_gateway, settings, upstream, kind: str
):
    client = claude(start_gateway(settings(kind)))
    (client.cwd / "doc.pdf").write_bytes(pdf("The secret word is heliotrope.", "It was cyan before."))
    upstream.script(read(client.cwd / "doc.pdf"), Reply(text="heliotrope"))
    outcome = client.run("-p", "what is the secret word?")
    assert (outcome.code, outcome.out) == (0, "heliotrope")
    _, second = upstream.chats()
    said = "\n".join(second.texts("tool") + second.texts("user"))
    assert "[page 1]\nThe secret word is heliotrope.\n\n[page 2]\nIt was cyan before." in said


def test_a_pdf_goes_as_a_file_where_the_upstream_reads_pdfs(claude, start_gateway, settings, upstream):
    client = claude(start_gateway(settings(provider={"preset": "openai"})))
    content = pdf("The secret word is heliotrope.")
    (client.cwd / "doc.pdf").write_bytes(content)
    upstream.script(read(client.cwd / "doc.pdf"), Reply(text="heliotrope"))
    outcome = client.run("-p", "what is the secret word?")
    assert (outcome.code, outcome.out) == (0, "heliotrope")
    _, second = upstream.chats()
    parts = [p for m in second.messages if isinstance(m["content"], list) for p in m["content"]]
    (file,) = [part["file"] for part in parts if part["type"] == "file"]
    assert base64.b64decode(file["file_data"].removeprefix("data:application/pdf;base64,")) == content
    assert file["filename"].endswith(".pdf")


def test_a_scan_that_was_read_does_not_end_the_session(claude, start_gateway, settings, upstream):
    client = claude(start_gateway(settings()))
    (client.cwd / "scan.pdf").write_bytes(pdf("", ""))
    upstream.script(read(client.cwd / "scan.pdf"), Reply(text="I cannot read it."))
    outcome = client.run("-p", "what does it say?")
    assert (outcome.code, outcome.out) == (0, "I cannot read it.")
    _, second = upstream.chats()
    assert "no text could be extracted]" in "\n".join(second.texts("tool") + second.texts("user"))


def test_a_picture_on_standard_input_reaches_the_model(claude, start_gateway, settings, upstream):
    client = claude(start_gateway(settings()))
    upstream.script(Reply(text="red"))
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}
    content = [{"type": "text", "text": "what colour is it?"}, {"type": "image", "source": source}]
    sent = {"type": "user", "message": {"role": "user", "content": content}}
    outcome = client.run("-p", *STREAM_JSON, stdin=json.dumps(sent) + "\n")
    assert outcome.code == 0
    assert outcome.lines[-1]["result"] == "red"
    (chat,) = upstream.chats()
    assert "what colour is it?" in str(chat.texts("user"))
    assert len([one for message in chat.messages for one in pictures(message)]) == 1
