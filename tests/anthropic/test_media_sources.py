"""Each type of source requires its own fields; a source of an unknown type requires none."""

import msgspec
import pytest

from gateway.anthropic.media_sources import DocumentContent, DocumentSource, ImageSource


@pytest.mark.parametrize(
    ("type_", "sent"),
    [
        (ImageSource, {"type": "base64", "media_type": "image/png", "data": "AAAA"}),
        (ImageSource, {"type": "url", "url": "u"}),
        (ImageSource, {"type": "file", "file_id": "f"}),
        (ImageSource, {"type": "hologram"}),
        (DocumentSource, {"type": "text", "media_type": "text/plain", "data": ""}),
        (DocumentSource, {"type": "base64", "media_type": "application/pdf", "data": "A"}),
        (DocumentSource, {"type": "content", "content": []}),
        (DocumentSource, {"type": "url", "url": "u"}),
        (DocumentSource, {"type": "file", "file_id": "f"}),
        (DocumentSource, {"type": "hologram"}),
        (DocumentContent, {"type": "text", "text": ""}),
        (DocumentContent, {"type": "image", "source": {"type": "url", "url": "u"}}),
        (DocumentContent, {"type": "hologram"}),
    ],
)
def test_source_with_its_fields_is_accepted(type_: type, sent: dict):
    found = msgspec.json.decode(msgspec.json.encode(sent), type=type_)
    assert {name: msgspec.to_builtins(getattr(found, name)) for name in sent if name != "source"} == {
        name: value for name, value in sent.items() if name != "source"
    }


@pytest.mark.parametrize(
    ("type_", "sent", "missing"),
    [
        (ImageSource, {"type": "base64"}, "media_type"),
        (ImageSource, {"type": "base64", "media_type": "image/png", "data": ""}, "data"),
        (ImageSource, {"type": "url"}, "url"),
        (ImageSource, {"type": "file", "url": "u"}, "file_id"),
        (DocumentSource, {"type": "text", "data": "x"}, "media_type"),
        (DocumentSource, {"type": "base64", "media_type": "application/pdf"}, "data"),
        (DocumentSource, {"type": "content", "content": None}, "content"),
        (DocumentSource, {"type": "url"}, "url"),
        (DocumentSource, {"type": "file"}, "file_id"),
        (DocumentContent, {"type": "text"}, "text"),
        (DocumentContent, {"type": "image", "text": "x"}, "source"),
    ],
)
def test_source_without_its_field_is_refused(type_: type, sent: dict, missing: str):
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(msgspec.json.encode(sent), type=type_)
    assert str(refused.value) == f"Object missing required field `{missing}`"
