"""Pieces are joined as paragraphs, pictures stay between them; what cannot be shown is said or refused."""

import base64

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.content_parts import Eyes, Picture, Place, Sight, joined, merged
from gateway.anthropic.notices import Notes
from gateway.anthropic.request.attachments import Attachments, Fetched
from gateway.errors import RequestRefused
from gateway.testing.samples import png


def test_texts_are_joined_by_a_blank_line_or_the_line_end_that_is_there():
    assert joined(["a", "b\n", "c"]) == "a\n\nb\n\nc"
    assert joined(["a\n\n", "b"]) == "a\n\n\nb"


def test_neighbouring_texts_are_merged_around_pictures():
    picture = Picture("image/png", "AAAA")
    assert merged(["a", "b", picture, "c", "d"]) == ["a\n\nb", picture, "c\n\nd"]


def test_place_tells_its_path_and_hands_its_strictness_down():
    place = Place("messages.1.content", strict=True).below(2).below("source")
    assert (place.path, place.strict) == ("messages.1.content.2.source", True)


NEW = Place("messages.0.content.0", strict=True)
OLD = Place("messages.0.content.0")


def image(**source: str) -> a.Image:
    return a.Image(a.ImageSource(**source))


def test_picture_by_url_is_what_was_fetched():
    eyes = Eyes(Sight(), Notes(), Attachments({"u": Fetched("image/png", "AAAA")}))
    assert eyes.image(image(type="url", url="u"), NEW) == Picture("image/png", "AAAA")


def test_picture_by_data_url_needs_no_fetching():
    url = "data:image/gif;charset=x;base64,R0lG"
    assert Eyes(Sight(), Notes()).image(image(type="url", url=url), NEW) == Picture("image/gif", "R0lG")


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
    notes = Notes()
    eyes = Eyes(Sight(), notes)
    assert eyes.image(source, OLD) == line
    assert len(notes.notices) == 1
    with pytest.raises(RequestRefused, match=refusal):
        eyes.image(source, NEW)


def test_pictures_for_a_model_without_vision_can_be_refused():
    eyes = Eyes(Sight(vision=False, strict_images=True), Notes())
    with pytest.raises(RequestRefused, match="the model has no vision"):
        eyes.image(image(type="base64", media_type="image/png", data="AAAA"), OLD)


def test_picture_too_large_for_a_client_that_wants_to_know_is_refused():
    data = base64.b64encode(png(9000, 1)).decode()
    large = a.Image(a.ImageSource("base64", "image/png", data), a.Transformations("error"))
    with pytest.raises(
        RequestRefused, match=r"messages\.0\.content\.0: the image has 9000 x 1 pixels"
    ) as refused:
        Eyes(Sight(), Notes()).image(large, OLD)
    assert refused.value.details == {
        "error_code": "image_dimensions_too_large",
        "max_side_length_pixels": 8000,
        "paths": ["messages.0.content.0"],
    }
    scaled = a.Image(large.source, a.Transformations("downsize"))
    assert Eyes(Sight(), Notes()).image(scaled, OLD) == Picture("image/png", data)
