"""What a client gets for each upstream answer in goldens/answers/<kind>, written out.

`<name>.sse` and `<name>.ndjson` are streams, `<name>.json` plain bodies; `<name>.events` holds the events
and, as comments, the notices. `options.json` says what differs from a plain request that asks for reasoning.
`GATEWAY_REWRITE_GOLDENS=1 pytest <this file>` writes the events anew: the diff is the review.
"""

import os

import pytest

from gateway.anthropic.response import events as e
from gateway.anthropic.response.accumulate import fold
from gateway.errors import UpstreamFailed
from tests.upstreams.client_side import accumulated, is_folded
from tests.upstreams.golden_answers import ANSWERS, FOLDER, read, reader, written

CUTS = 50
"""Places at which each answer is cut in two. `tests/codecs` cuts at every byte; only codecs see the cuts."""


@pytest.mark.parametrize("answer", ANSWERS)
def test_client_gets_what_is_written_down(answer: str):
    path = (FOLDER / answer).with_suffix(".events")
    body = (FOLDER / answer).read_bytes()
    _, got = written(answer, reader(answer).whole(body))
    if os.environ.get("GATEWAY_REWRITE_GOLDENS"):
        path.write_text(got, encoding="utf-8")
    assert got == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("answer", ANSWERS)
def test_cutting_the_bytes_anywhere_changes_nothing(answer: str):
    body = (FOLDER / answer).read_bytes()
    expected = written(answer, read(answer, iter([body])))
    assert written(answer, read(answer, (body[i : i + 1] for i in range(len(body))))) == expected
    for at in range(0, len(body), max(1, len(body) // CUTS)):
        assert written(answer, read(answer, iter([body[:at], body[at:]]))) == expected


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("answer", ANSWERS)
def test_official_sdk_accumulates_the_folded_message(answer: str):
    events, _ = written(answer, reader(answer).whole((FOLDER / answer).read_bytes()))
    if isinstance(events[-1], e.Error):
        with pytest.raises(UpstreamFailed):
            fold(events)
        return
    assert is_folded(accumulated(events), events)
