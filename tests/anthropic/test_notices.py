from gateway.anthropic.notices import AND_MORE, DETAILS, NoticeCollector
from gateway.parts import Notice


def test_a_notice_is_said_once_for_each_detail_in_the_order_they_came_up():
    notes = NoticeCollector()
    for name, detail in [("b", "x"), ("a", ""), ("b", "y"), ("b", "x"), ("a", "")]:
        notes.add(name, detail)
    assert notes.notices == (Notice("b", "x"), Notice("a", ""), Notice("b", "y"))


def test_a_notice_with_endless_details_says_that_there_are_more():
    notes = NoticeCollector()
    for i in range(3 * DETAILS):
        notes.add("a", f"{i}")
        notes.add("b")
    assert [one.detail for one in notes.notices if one.name == "a"] == [
        *(f"{i}" for i in range(DETAILS)),
        AND_MORE,
    ]
    assert [one for one in notes.notices if one.name == "b"] == [Notice("b")]
