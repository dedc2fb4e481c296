"""gateway/upstreams/response/think_tags.py."""

from typing import Any

import pytest

from gateway.upstreams.response.think_tags import ThinkTagParser


def read(*pieces: str, **how: Any) -> tuple[str, str]:
    """All reasoning and all text."""
    opening = ThinkTagParser(**how)
    passages = [passage for piece in pieces for passage in opening.feed(piece)] + opening.close()
    thought = "".join(passage.text for passage in passages if passage.thinking)
    return thought, "".join(passage.text for passage in passages if not passage.thinking)


@pytest.mark.parametrize(
    ("content", "how", "expected"),
    [
        ("\n<think>hm</think>\n\nYes", {}, ("hm", "Yes")),
        ("<think>\n\n</think>\n\nYes", {}, ("", "Yes")),
        ("<think>\nhm\n</think>Yes <think>", {}, ("hm\n", "Yes <think>")),
        ("<think>hm</think>  ", {}, ("hm", "")),
        ("<think>hm</th", {}, ("hm</th", "")),
        ("Hi <think>x</think>", {}, ("", "Hi <think>x</think>")),
        ("  Hi", {}, ("", "  Hi")),
        ("<thi", {}, ("", "<thi")),
        ("<thinking>x", {}, ("", "<thinking>x")),
        ("<think>x</think>y", {"tags": False}, ("", "<think>x</think>y")),
        ("hm</think>\nYes", {"opened": True}, ("hm", "Yes")),
        ("\n<think>\nhm</think>Yes", {"opened": True}, ("hm", "Yes")),
        ("<th</think>Yes", {"opened": True}, ("<th", "Yes")),
        ("hm", {"opened": True}, ("hm", "")),
        ("plain answer", {"opened": True, "patient": True}, ("", "plain answer")),
        ("hm</think>Yes", {"opened": True, "patient": True}, ("hm", "Yes")),
        ("<thought>hm</thought>Yes", {"tag": "thought"}, ("hm", "Yes")),
        ("<think>hm</think>Yes", {"tag": "thought"}, ("", "<think>hm</think>Yes")),
        ("Once upon", {"prefill": "Once"}, ("", " upon")),
        ("Only upon", {"prefill": "Once"}, ("", "Only upon")),
        ("OnceOnce", {"prefill": "Once"}, ("", "Once")),
        ("On", {"prefill": "Once"}, ("", "On")),
        ("Once<think>a</think>b", {"prefill": "Once"}, ("a", "b")),
        ("Once<think>a", {"prefill": "Once", "tags": False}, ("", "<think>a")),
    ],
)
def test_start_of_the_content_decides_wherever_it_is_cut(content, how, expected):
    assert read(content, **how) == expected
    assert read(*content, **how) == expected
    for at in range(len(content)):
        assert read(content[:at], content[at:], **how) == expected


def test_nothing_is_held_back_that_cannot_become_a_tag():
    opening = ThinkTagParser()
    opening.feed("<think>")
    assert [passage.text for passage in opening.feed("a < b </p")] == ["a < b </p"]
    assert [passage.text for passage in opening.feed("x </thi")] == ["x "]


@pytest.mark.parametrize("content", ["Hi", "<think>a</think>b", "<thx"])
def test_opening_is_past_once_text_has_begun(content):
    opening = ThinkTagParser()
    opening.feed(content)
    assert opening.past


def test_opening_without_anything_to_look_for_is_past_at_once():
    assert ThinkTagParser(tags=False).past
