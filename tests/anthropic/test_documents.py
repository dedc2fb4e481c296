"""Documents and search results become text between tags."""

import json

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.documents import document, search_result
from gateway.anthropic.notes import Notes
from gateway.anthropic.pieces import Eyes, Picture, Place, Sight
from gateway.errors import RequestRefused

PLACE = Place("messages.0.content.0")
EYES = Eyes(Sight(), Notes())


def shown(source: object, **more: str) -> list:
    block = a.Document(a.Raw(json.dumps(source).encode()), **more)
    return document(block, Eyes(Sight(), Notes()), PLACE)


def test_plain_text_stands_between_tags_with_title_and_context():
    assert shown({"type": "text", "data": "words"}, title="T", context="C") == [
        '<document title="T" context="C">\nwords\n</document>'
    ]


def test_content_is_flattened_in_place():
    assert shown({"type": "content", "content": "words"}) == ["<document>\nwords\n</document>"]
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    text = {"type": "text", "text": "see"}
    assert shown({"type": "content", "content": [text, image]}) == [
        "<document>",
        "see",
        Picture("image/png", "AAAA"),
        "</document>",
    ]


@pytest.mark.parametrize("source", [{"type": 3}, {"type": "content", "content": [{"text": 3}]}, "x"])
def test_wrong_types_are_refused_with_their_path(source: object):
    with pytest.raises(RequestRefused, match=r"^messages\.0\.content\.0\.source"):
        shown(source)


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
