from __future__ import annotations

import pytest

from gateway.errors import KINDS, Kind


@pytest.fixture
def rows(page):
    return page("docs/errors.md").rows("| kind |")


def test_page_has_every_kind_once_in_the_codes_order(rows):
    assert [row[0].strip("`") for row in rows] == [kind.value for kind in KINDS]


def test_page_says_what_the_code_answers(rows):
    retry = {None: "", False: "no", True: "yes"}
    for name, status, kind, again, after, when in rows:
        answer = KINDS[Kind(name.strip("`"))]
        assert (int(status), kind.strip("`"), again, after) == (
            answer.status,
            answer.type,
            retry[answer.should_retry],
            str(answer.retry_after or ""),
        ), name
        assert when
