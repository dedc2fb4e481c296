"""What an upstream cannot take as it is gets found, wherever it stands."""

import json

import pytest

from gateway.anthropic.conversation.content_parts import InputModalities
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.request.media import media_blocks
from gateway.attachments.requirements import RequiredAttachments, required_attachments


def found(*messages: tuple[str, list], modalities: InputModalities | None = None) -> RequiredAttachments:
    body = [{"role": role, "content": content} for role, content in messages]
    request = decode_request(json.dumps({"model": "m", "messages": body}).encode())
    return required_attachments(media_blocks(request.messages), modalities or InputModalities())


def image(url: str) -> dict:
    return {"type": "image", "source": {"type": "url", "url": url}}


def document(**source: object) -> dict:
    return {"type": "document", "source": source}


def pdf(data: str) -> dict:
    return document(type="base64", media_type="application/pdf", data=data)


def result(*content: dict) -> dict:
    return {"type": "tool_result", "tool_use_id": "t", "content": list(content)}


def test_failures_count_only_in_the_newest_user_turn_outside_results():
    said = found(
        ("user", [image("old")]),
        ("assistant", [{"type": "text", "text": "ok"}]),
        ("user", [image("new"), result(image("shown"))]),
        ("system", []),
        modalities=InputModalities(),
    )
    assert said.images == {"old": False, "new": True, "shown": False}


def test_url_that_stands_twice_is_tried_again_if_it_is_new():
    text = ("assistant", [{"type": "text", "text": "ok"}])
    assert found(("user", [image("a")]), text, ("user", [image("a")])).images == {"a": True}


def test_assistant_alone_makes_nothing_fail():
    assert found(("assistant", [{"type": "text", "text": "x"}]), ("system", [])).nothing


@pytest.mark.parametrize(
    ("modalities", "images", "documents", "pdfs"),
    [
        (InputModalities(), {"i"}, {"d"}, {"p", "q"}),
        (InputModalities(image_urls=True), set(), {"d"}, {"p", "q"}),
        (InputModalities(vision=False), set(), {"d"}, {"p", "q"}),
        (InputModalities(pdf=True), {"i"}, {"d"}, set()),
        (InputModalities(pdf=True, pdf_urls=True), {"i"}, set(), set()),
    ],
)
def test_only_what_the_target_does_not_take(
    modalities: InputModalities, images: set, documents: set, pdfs: set
):
    blocks = [
        *(image("i"), image("data:image/png;base64,AAAA"), document(type="url", url="d")),
        pdf("p"),
        document(type="url", url="data:application/pdf;base64,q"),
        *(document(type="text", media_type="text/plain", data="x"), document(type="file", file_id="f")),
    ]
    said = found(("user", blocks), modalities=modalities)
    assert (set(said.images), set(said.documents), set(said.pdfs)) == (images, documents, pdfs)


def test_document_inside_a_fetched_page_and_picture_inside_a_document():
    page = {"type": "web_fetch_result", "url": "u", "content": pdf("p")}
    fetched = {"type": "web_fetch_tool_result", "tool_use_id": "s", "content": page}
    error = {**fetched, "content": {"type": "web_fetch_tool_result_error", "error_code": "unavailable"}}
    inner = document(type="content", content=[image("i"), {"type": "text", "text": "x"}])
    said = found(("assistant", [fetched, error, {"type": "hologram"}]), ("user", [inner]))
    assert (said.pdfs, said.images) == ({"p": False}, {"i": True})
