"""Pictures by URL, PDFs and server tools' histories, from a client's request to what the upstream gets."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import anthropic
import httpx
import pytest

from gateway.testing.samples import pdf, png
from gateway.testing.upstream import Reply

PNG = png()
PDF = pdf("The secret word is heliotrope.")
FILES = {"/a.png": ("image/png", PNG), "/b.pdf": ("application/pdf", PDF)}


@pytest.fixture
def site() -> Iterator[str]:
    """A web server with two files; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = FILES.get(self.path)
            self.send_response(200 if found else 404)
            content_type, body = found or ("text/plain", b"")
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fetching(start_gateway, settings):
    """A gateway before Ollama that fetches from anywhere."""
    return start_gateway(settings("ollama", server={"fetch_urls": "all"}))


def image(url: str) -> dict:
    return {"type": "image", "source": {"type": "url", "url": url}}


def document(source: dict) -> dict:
    return {"type": "document", "source": source}


def inline(content: bytes) -> dict:
    data = base64.b64encode(content).decode()
    return document({"type": "base64", "media_type": "application/pdf", "data": data})


def asked(*content: dict) -> list[dict]:
    return [{"role": "user", "content": [*content, {"type": "text", "text": "what is it?"}]}]


def test_picture_and_pdf_by_url_reach_an_upstream_that_fetches_nothing(ask, fetching, upstream, site: str):
    upstream.script(Reply(text="red"))
    parts = (image(f"{site}/a.png"), document({"type": "url", "url": f"{site}/b.pdf"}))
    answered = ask(fetching, messages=asked(*parts))
    assert (answered.status, answered.text) == (200, "red")
    (chat,) = upstream.chats()
    (message,) = chat.messages
    assert base64.b64decode(message["images"][0]) == PNG
    assert "[page 1]\nThe secret word is heliotrope." in message["content"]


def test_url_that_cannot_be_had_is_refused_in_the_newest_turn_only(ask, fetching, upstream, site: str):
    answered = ask(fetching, messages=asked(image(f"{site}/gone.png")))
    assert answered.status == 400
    assert answered.body["error"]["message"] == (
        f"messages.0.content.0: the image at {site}/gone.png could not be fetched: the server answered 404;"
        " send it as base64"
    )
    upstream.script(Reply(text="no"))
    later = [*asked(image(f"{site}/gone.png")), {"role": "assistant", "content": "hm"}, *asked()]
    answered = ask(fetching, messages=later)
    assert (answered.status, answered.text) == (200, "no")
    assert "dropped.image" in answered.headers["x-gateway-warnings"]
    assert f"[image at {site}/gone.png is not available]" in upstream.chats()[-1].texts("user")[0]


def test_own_network_is_not_fetched_from_unless_allowed(ask, start_gateway, settings, upstream, site: str):
    answered = ask(start_gateway(settings("ollama")), messages=asked(image(f"{site}/a.png")))
    assert answered.status == 400
    assert "its address is not public" in answered.body["error"]["message"]
    assert upstream.chats() == []


def test_upstream_that_fetches_pictures_itself_is_given_the_url(ask, start_gateway, settings, upstream):
    upstream.script(Reply(text="red"))
    gateway = start_gateway(settings(provider={"preset": "openai"}))
    assert ask(gateway, messages=asked(image("https://a.example/b.png"))).status == 200
    assert upstream.chats()[0].messages[0]["content"][0]["image_url"]["url"] == "https://a.example/b.png"


def test_scan_is_refused_where_it_is_new(ask, fetching):
    answered = ask(fetching, messages=asked(inline(pdf(""))))
    assert answered.status == 400
    assert "no text could be extracted from the PDF" in answered.body["error"]["message"]


def test_tokens_of_a_pdf_are_those_of_its_text(fetching, site: str):
    client = anthropic.Anthropic(base_url=fetching.url, api_key="k", max_retries=0)
    few = client.messages.count_tokens(model="m", messages=asked(inline(pdf("word"))))
    many = client.messages.count_tokens(model="m", messages=asked(inline(pdf(*["word " * 15] * 20))))
    assert few.input_tokens < 60
    assert many.input_tokens > few.input_tokens + 250


def test_oversized_picture_has_the_details_that_sdks_read(fetching):
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png(9000, 1)).decode()}
    block = {"type": "image", "source": source, "transformations": {"oversized_image": "error"}}
    body = {"model": "m", "max_tokens": 9, "messages": asked(block)}
    answer = httpx.post(f"{fetching.url}/v1/messages", json=body, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {
        "error_code": "image_dimensions_too_large",
        "max_side_length_pixels": 8000,
        "paths": ["messages.0.content.0"],
    }


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_what_a_server_tool_found_reaches_the_model(ask, start_gateway, settings, upstream, kind: str):
    use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}
    hit = {"type": "web_search_result", "url": "https://e.x", "title": "T", "encrypted_content": "Eq"}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [hit]}
    said = {"role": "assistant", "content": [use, found, {"type": "text", "text": "T happened."}]}
    upstream.script(Reply(text="ok"))
    answered = ask(start_gateway(settings(kind)), messages=[*asked(), said, *asked()])
    assert answered.text == "ok"
    (chat,) = upstream.chats()
    assert [message["role"] for message in chat.messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert [(id_, name) for id_, name, _ in chat.calls] == [("srvtoolu_1", "web_search")]
    assert chat.texts("tool") == ["1. T — https://e.x"]


def test_summary_of_a_compaction_stands_for_what_was_before_it(ask, gateway, upstream):
    upstream.script(Reply(text="ok"))
    compacted = {"role": "assistant", "content": [{"type": "compaction", "content": "Summary S"}]}
    assert ask(gateway, messages=[*asked(), compacted, *asked()]).text == "ok"
    (message,) = upstream.chats()[0].messages
    assert message["content"] == "<conversation-summary>\nSummary S\n</conversation-summary>\n\nwhat is it?"
