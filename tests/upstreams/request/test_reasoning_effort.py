"""The effort to send for the one that the client asks for."""

import pytest

from gateway.anthropic.notices import NoticeCollector
from gateway.parts import Notice
from gateway.upstreams.request.reasoning_effort import Highest, effort, off


@pytest.mark.parametrize(
    ("asked", "highest", "refused", "sent", "notice"),
    [
        (None, "max", [], None, None),
        ("high", "max", [], "high", None),
        ("max", "max", [], "max", None),
        ("max", "xhigh", [], "xhigh", "max to xhigh"),
        ("xhigh", "high", [], "high", "xhigh to high"),
        ("high", "max", ["high"], "medium", "high to medium"),
        ("high", "max", ["high", "medium", "low"], "minimal", "high to minimal"),
        ("low", "max", ["low", "minimal"], "medium", "low to medium"),
        ("low", "high", ["low", "minimal", "medium"], "high", "low to high"),
        ("ultra", "max", [], "ultra", None),
    ],
)
def test_unknown_effort_is_replaced_by_the_nearest(
    asked: str | None, highest: Highest, refused: list[str], sent: str | None, notice: str | None
):
    notes = NoticeCollector()
    assert effort(asked, highest, refused, notes) == sent
    assert notes.notices == ((Notice("clamped.effort", notice),) if notice else ())


@pytest.mark.parametrize(
    ("asked", "refused"), [("ultra", ["ultra"]), ("low", ["high", "medium", "low", "minimal"])]
)
def test_effort_without_an_alternative_is_dropped(asked: str, refused: list[str]):
    notes = NoticeCollector()
    assert effort(asked, "high", refused, notes) is None
    assert notes.notices == (Notice("dropped.effort", asked),)


@pytest.mark.parametrize(
    ("refused", "sent"),
    [
        ([], "none"),
        (["none"], "minimal"),
        (["none", "minimal"], "low"),
        (["none", "minimal", "low"], None),
    ],
)
def test_off_is_sent_as_the_lowest_effort_not_refused(refused: list[str], sent: str | None):
    assert off(refused) == sent
