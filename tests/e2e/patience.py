"""The real client through 13 minutes of an upstream's silence, with the gateway's own timers.

It is longer than any of the client's limits. Run by `make patience`, not by the gate.
"""

from __future__ import annotations

import pytest

from gateway.testing.upstream import Reply

SILENCE = 780.0

pytestmark = pytest.mark.timeout(SILENCE + 120)


@pytest.fixture
def client(claude, start_gateway, settings):
    return claude(start_gateway(settings(provider={"timeouts": {"first_byte": "30m", "idle": "30m"}})))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="at last", before_headers=SILENCE),
        Reply(text="at last", pieces=2, pause_after=1, pause=SILENCE),
        Reply(text="at last", reasoning="hm " * 50, pieces=3, pause_after=1, pause=SILENCE),
    ],
    ids=["before the answer", "inside the text", "inside the reasoning"],
)
def test_one_request_lives_through_it(client, upstream, reply):
    upstream.script(reply)
    outcome = client.run("-p", "x", seconds=SILENCE + 100)
    assert (outcome.code, outcome.out) == (0, "at last")
    assert len(upstream.chats()) == 1
