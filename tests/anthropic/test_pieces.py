"""Pieces are joined as paragraphs, and pictures stay between them."""

from gateway.anthropic.pieces import Picture, Place, joined, merged


def test_texts_are_joined_by_a_blank_line_or_the_line_end_that_is_there():
    assert joined(["a", "b\n", "c"]) == "a\n\nb\n\nc"
    assert joined(["a\n\n", "b"]) == "a\n\n\nb"


def test_neighbouring_texts_are_merged_around_pictures():
    picture = Picture("image/png", "AAAA")
    assert merged(["a", "b", picture, "c", "d"]) == ["a\n\nb", picture, "c\n\nd"]


def test_place_tells_its_path_and_hands_its_strictness_down():
    place = Place("messages.1.content", strict=True).below(2).below("source")
    assert (place.path, place.strict) == ("messages.1.content.2.source", True)
