"""A request's attachments are fetched and read when the target needs them, and once."""

import asyncio
import base64
import json

import pytest

from gateway.anthropic.conversation.content_parts import InputModalities
from gateway.anthropic.request.attachments import NO_ATTACHMENTS, Attachments
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.request.media import MediaBlock, media_blocks
from gateway.attachments import Resolver, pdf, resolver
from gateway.attachments.requirements import required_attachments
from gateway.settings.server import FetchUrls
from gateway.testing.samples import pdf as sample
from gateway.testing.samples import png

PNG = png()
ALL = InputModalities(image_urls=True, pdf=True, pdf_urls=True)


def sent_with(*contents: list) -> tuple[MediaBlock, ...]:
    roles = ["user", "assistant"] * len(contents)
    body = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    return media_blocks(decode_request(json.dumps({"model": "m", "messages": body}).encode()).messages)


async def resolved(
    kept: Resolver, sent: tuple[MediaBlock, ...], modalities: InputModalities, urls: FetchUrls
) -> Attachments:
    return await kept.resolve(required_attachments(sent, modalities), modalities, urls)


def image(url: str) -> dict:
    return {"type": "image", "source": {"type": "url", "url": url}}


def document(**source: str) -> dict:
    return {"type": "document", "source": source}


def inline(content: bytes) -> dict:
    data = base64.b64encode(content).decode()
    return document(type="base64", media_type="application/pdf", data=data)


async def test_text_needs_nothing():
    sent = sent_with(
        [{"type": "text", "text": "hi"}, {"type": "tool_use", "id": "t", "name": "n", "input": {}}]
    )
    assert await resolved(Resolver(), sent, InputModalities(), "public") is NO_ATTACHMENTS


async def test_target_that_takes_everything_needs_nothing(web):
    sent = sent_with([image(web.url("/a")), document(type="url", url=web.url("/b")), inline(b"%PDF-")])
    assert await resolved(Resolver(), sent, ALL, "all") is NO_ATTACHMENTS
    assert web.asked == []


async def test_model_without_vision_needs_no_pictures(web):
    assert (
        await resolved(Resolver(), sent_with([image(web.url("/a"))]), InputModalities(vision=False), "all")
        is NO_ATTACHMENTS
    )
    assert web.asked == []


async def test_picture_is_fetched_once_for_a_whole_conversation(web):
    url = web.put("/a", PNG)
    kept = Resolver()
    sent = sent_with([image(url), image(url)], [{"type": "text", "text": "ok"}], [image(url)])
    for _ in range(3):
        table = await resolved(kept, sent, InputModalities(), "all")
        assert base64.b64decode(table.files[url].data) == PNG
    assert web.asked == ["/a"]


async def test_pdf_is_read_once_wherever_it_stands(monkeypatch):
    reads = 0
    extract = pdf._extract

    async def counted(coded: bytes):
        nonlocal reads
        reads += 1
        return await extract(coded)

    monkeypatch.setattr(pdf, "_extract", counted)
    block = inline(sample("words"))
    result = {"type": "tool_result", "tool_use_id": "t", "content": [block]}
    fetched = {
        "type": "web_fetch_tool_result",
        "tool_use_id": "s",
        "content": {"type": "web_fetch_result", "url": "u", "content": block},
    }
    kept = Resolver()
    for sent in (sent_with([block]), sent_with([result]), sent_with([], [fetched], [])):
        table = await resolved(kept, sent, InputModalities(), "public")
        assert table.texts[block["source"]["data"]].text == "[page 1]\nwords"
    assert reads == 1


async def test_pdf_by_url_is_fetched_and_read(web):
    url = web.put("/a.pdf", sample("from afar"), "application/pdf")
    table = await resolved(Resolver(), sent_with([document(type="url", url=url)]), InputModalities(), "all")
    assert table.texts[table.files[url].data].text == "[page 1]\nfrom afar"


async def test_pdf_by_url_is_only_fetched_for_a_target_that_reads_pdfs(web):
    url = web.put("/a.pdf", sample("from afar"), "application/pdf")
    table = await resolved(
        Resolver(), sent_with([document(type="url", url=url)]), InputModalities(pdf=True), "all"
    )
    assert (table.files[url].media_type, table.texts) == ("application/pdf", {})


async def test_pictures_inside_documents_are_fetched(web):
    url = web.put("/a", PNG)
    block = {"type": "document", "source": {"type": "content", "content": [image(url)]}}
    assert (await resolved(Resolver(), sent_with([block]), InputModalities(), "all")).files[url].data


async def test_failure_of_the_past_stays_what_it_was_and_a_new_one_is_tried_again(web):
    url = web.url("/a")
    web.put("/a", b"", status="500 Oops")
    kept = Resolver()
    old = sent_with([image(url)], [{"type": "text", "text": "ok"}], [{"type": "text", "text": "more"}])
    assert (await resolved(kept, old, InputModalities(), "all")).files[
        url
    ].failure == "the server answered 500"
    web.put("/a", PNG)
    assert (await resolved(kept, old, InputModalities(), "all")).files[
        url
    ].failure == "the server answered 500"
    assert (await resolved(kept, sent_with([image(url)]), InputModalities(), "all")).files[url].data
    assert len(web.asked) == 2


@pytest.mark.parametrize(("urls", "why"), [("public", "not public"), ("never", "fetches no URLs")])
async def test_configuration_says_where_may_be_fetched_from(web, urls, why: str):
    url = web.put("/a", PNG)
    found = (await resolved(Resolver(), sent_with([image(url)]), InputModalities(), urls)).files[url]
    assert why in found.failure
    assert web.asked == []


async def test_only_so_many_urls_are_fetched_for_one_request(web, monkeypatch):
    monkeypatch.setattr(resolver, "URLS", 2)
    urls = [web.put(f"/{n}", PNG) for n in range(3)]
    table = await resolved(Resolver(), sent_with([image(url) for url in urls]), InputModalities(), "all")
    assert [bool(table.files[url].data) for url in urls] == [True, True, False]


async def test_what_came_in_time_is_there_when_the_rest_did_not(web, monkeypatch):
    monkeypatch.setattr(resolver, "PATIENCE", 0.5)

    async def silent(_: object) -> None:
        await asyncio.sleep(5)

    web.answers["/slow"] = silent
    quick, slow = web.put("/quick", PNG), web.url("/slow")
    table = await resolved(Resolver(), sent_with([image(quick), image(slow)]), InputModalities(), "all")
    assert (bool(table.files[quick].data), slow in table.files) == (True, False)
