"""Documents and search results become text between tags."""

import json

import msgspec
import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.content_parts import (
    BlockLocation,
    ContentConverter,
    ImagePart,
    InputModalities,
    PdfPart,
)
from gateway.anthropic.conversation.documents import document, search_result
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.attachments import Attachments, FetchedFile, PdfText
from gateway.errors import RequestRefused

PLACE = BlockLocation("messages.0.content.0")
EYES = ContentConverter(InputModalities(), NoticeCollector())


def shown(source: object, **more: str) -> list:
    block = a.Document(msgspec.convert(source, a.DocumentSource), **more)
    return document(block, ContentConverter(InputModalities(), NoticeCollector()), PLACE)


def test_plain_text_stands_between_tags_with_title_and_context():
    assert shown({"type": "text", "media_type": "text/plain", "data": "words"}, title="T", context="C") == [
        '<document title="T" context="C">\nwords\n</document>'
    ]


def test_content_is_flattened_in_place():
    assert shown({"type": "content", "content": "words"}) == ["<document>\nwords\n</document>"]
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    text = {"type": "text", "text": "see"}
    assert shown({"type": "content", "content": [text, image]}) == [
        "<document>",
        "see",
        ImagePart("image/png", "AAAA"),
        "</document>",
    ]


def test_search_result_keeps_title_and_source():
    raw = {
        "type": "search_result",
        "source": "u",
        "title": "T",
        "content": [{"type": "text", "text": "found"}],
    }
    block = a.Unknown("search_result", a.Raw(json.dumps(raw).encode()))
    assert search_result(block, EYES) == ['<search_result title="T" source="u">\nfound\n</search_result>']
    assert search_result(a.Unknown("search_result", a.Raw(b'{"content":3}')), EYES) == []


# ---------------------------------------------------------------- PDFs


def pdf(data: str = "UERG", **more: object) -> a.Document:
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return a.Document(msgspec.convert(source, a.DocumentSource), **more)


READ = Attachments(texts={"UERG": PdfText("[page 1]\nwords")})


def test_pdf_is_its_text_where_the_upstream_reads_none():
    converter = ContentConverter(InputModalities(), NoticeCollector(), READ)
    assert document(pdf(title="T", context="C"), converter, PLACE) == [
        '<document title="T" context="C">\n[page 1]\nwords\n</document>'
    ]


def test_pdf_stays_one_where_the_upstream_reads_it():
    converter = ContentConverter(InputModalities(pdf=True), NoticeCollector())
    assert document(pdf(title="T"), converter, PLACE) == [PdfPart("T", "UERG")]
    assert document(pdf(context="C"), converter, PLACE) == [
        '<document context="C">',
        PdfPart("document", "UERG"),
        "</document>",
    ]


def test_pdf_without_text_is_a_line_with_a_notice_or_refused_where_it_is_new():
    notes = NoticeCollector()
    converter = ContentConverter(
        InputModalities(), notes, Attachments(texts={"UERG": PdfText(failure="its pages hold no text")})
    )
    assert document(pdf(title="T"), converter, PLACE) == ["[PDF 'T': no text could be extracted]"]
    assert [(n.name, n.detail) for n in notes.notices] == [("dropped.document", "T: its pages hold no text")]
    with pytest.raises(
        RequestRefused, match=r"no text could be extracted from the PDF \(its pages hold no text\)"
    ):
        document(pdf(), converter, BlockLocation("messages.0.content.0", strict=True))


def test_pages_left_out_leave_a_notice():
    notes = NoticeCollector()
    converter = ContentConverter(
        InputModalities(), notes, Attachments(texts={"UERG": PdfText("text", left_out=7)})
    )
    document(pdf(title="T"), converter, PLACE)
    assert [(n.name, n.detail) for n in notes.notices] == [("clamped.document", "T: 7 pages left out")]


@pytest.mark.parametrize("modalities", [InputModalities(), InputModalities(pdf=True)])
def test_document_by_url_is_what_was_fetched(modalities: InputModalities):
    table = Attachments({"https://a.example/b.pdf?c": FetchedFile("application/pdf", "UERG")}, READ.texts)
    shown_ = document(
        url_document("https://a.example/b.pdf?c"),
        ContentConverter(modalities, NoticeCollector(), table),
        PLACE,
    )
    assert shown_ == (
        [PdfPart("b.pdf", "UERG")] if modalities.pdf else ["<document>\n[page 1]\nwords\n</document>"]
    )


def url_document(url: str) -> a.Document:
    return a.Document(msgspec.convert({"type": "url", "url": url}, a.DocumentSource))


def test_document_by_url_goes_as_it_is_where_the_upstream_fetches():
    converter = ContentConverter(InputModalities(pdf=True, pdf_urls=True), NoticeCollector())
    assert document(url_document("https://a.example/b.pdf"), converter, PLACE) == [
        PdfPart("b.pdf", url="https://a.example/b.pdf")
    ]


def test_document_that_could_not_be_fetched_is_a_line_or_refused_where_it_is_new():
    notes = NoticeCollector()
    converter = ContentConverter(
        InputModalities(), notes, Attachments({"https://a.example/b": FetchedFile(failure="gone")})
    )
    block = url_document("https://a.example/b")
    assert document(block, converter, PLACE) == ["[document at https://a.example/b is not available]"]
    assert [n.name for n in notes.notices] == ["dropped.document"]
    with pytest.raises(
        RequestRefused, match=r"the document at https://a\.example/b could not be fetched: gone"
    ):
        document(block, converter, BlockLocation("p", strict=True))


def test_citations_are_left_out_with_a_notice():
    notes = NoticeCollector()
    converter = ContentConverter(InputModalities(), notes, READ)
    document(pdf(citations=a.Citations(enabled=False)), converter, PLACE)
    assert notes.notices == ()
    document(pdf(citations=a.Citations(enabled=True)), converter, PLACE)
    search_result(a.Unknown("search_result", a.Raw(b'{"citations":{"enabled":true}}')), converter)
    assert [n.name for n in notes.notices] == ["dropped.citations"]


def test_document_of_an_unknown_kind_is_said_or_refused():
    assert shown({"type": "hologram"}) == ["[document is not available]"]
