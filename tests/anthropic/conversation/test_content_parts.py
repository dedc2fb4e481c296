"""Pieces are joined as paragraphs, pictures stay between them; what cannot be shown is said or refused."""

import base64

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.content_parts import (
    BlockLocation,
    ContentConverter,
    ImagePart,
    InputModalities,
    join_texts,
    merge_texts,
)
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.attachments import Attachments, FetchedFile
from gateway.errors import RequestRefused
from gateway.testing.samples import png


def test_texts_are_joined_by_a_blank_line_or_the_line_end_that_is_there():
    assert join_texts(["a", "b\n", "c"]) == "a\n\nb\n\nc"
    assert join_texts(["a\n\n", "b"]) == "a\n\n\nb"


def test_neighbouring_texts_are_merged_around_pictures():
    picture = ImagePart("image/png", "AAAA")
    assert merge_texts(["a", "b", picture, "c", "d"]) == ["a\n\nb", picture, "c\n\nd"]


def test_place_tells_its_path_and_hands_its_strictness_down():
    place = BlockLocation("messages.1.content", strict=True).below(2).below("source")
    assert (place.path, place.strict) == ("messages.1.content.2.source", True)


NEW = BlockLocation("messages.0.content.0", strict=True)
OLD = BlockLocation("messages.0.content.0")


def image(**source: str) -> a.Image:
    return a.Image(a.ImageSource(**source))


def test_picture_by_url_is_what_was_fetched():
    converter = ContentConverter(
        InputModalities(), NoticeCollector(), Attachments({"u": FetchedFile("image/png", "AAAA")})
    )
    assert converter.image(image(type="url", url="u"), NEW) == ImagePart("image/png", "AAAA")


def test_picture_by_data_url_needs_no_fetching():
    url = "data:image/gif;charset=x;base64,R0lG"
    assert ContentConverter(InputModalities(), NoticeCollector()).image(
        image(type="url", url=url), NEW
    ) == ImagePart("image/gif", "R0lG")


@pytest.mark.parametrize(
    ("source", "line", "refusal"),
    [
        (
            image(type="url", url="u"),
            "[image at u is not available]",
            "could not be fetched: it was not fetched",
        ),
        (image(type="file", file_id="f"), "[file 'f' is not available]", "file 'f' is not available"),
        (image(type="hologram"), "[image is not available]", "an image by hologram cannot be sent"),
    ],
)
def test_picture_that_cannot_be_had_is_a_line_or_refused_where_it_is_new(
    source: a.Image, line: str, refusal: str
):
    notes = NoticeCollector()
    converter = ContentConverter(InputModalities(), notes)
    assert converter.image(source, OLD) == line
    assert len(notes.notices) == 1
    with pytest.raises(RequestRefused, match=refusal):
        converter.image(source, NEW)


def test_pictures_for_a_model_without_vision_can_be_refused():
    converter = ContentConverter(InputModalities(vision=False, strict_images=True), NoticeCollector())
    with pytest.raises(RequestRefused, match="the model has no vision"):
        converter.image(image(type="base64", media_type="image/png", data="AAAA"), OLD)


def test_picture_too_large_for_a_client_that_wants_to_know_is_refused():
    data = base64.b64encode(png(9000, 1)).decode()
    large = a.Image(a.ImageSource("base64", "image/png", data), a.Transformations("error"))
    with pytest.raises(
        RequestRefused, match=r"messages\.0\.content\.0: the image has 9000 x 1 pixels"
    ) as refused:
        ContentConverter(InputModalities(), NoticeCollector()).image(large, OLD)
    assert refused.value.details == {
        "error_code": "image_dimensions_too_large",
        "max_side_length_pixels": 8000,
        "paths": ["messages.0.content.0"],
    }
    scaled = a.Image(large.source, a.Transformations("downsize"))
    assert ContentConverter(InputModalities(), NoticeCollector()).image(scaled, OLD) == ImagePart(
        "image/png", data
    )
