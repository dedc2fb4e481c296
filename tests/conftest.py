"""The processes the tests talk to: the scripted upstream and the gateway, both real, both on loopback."""

from __future__ import annotations

import pytest

from gateway.testing.upstream import ScriptedUpstream


@pytest.fixture(scope="session")
def upstream_process():
    with ScriptedUpstream.start() as upstream:
        yield upstream


@pytest.fixture
def upstream(upstream_process: ScriptedUpstream):
    """The scripted upstream with an empty script. Requests that no script answers fail the test."""
    upstream_process.reset()
    yield upstream_process
    unscripted = [chat.number for chat in upstream_process.chats() if not chat.scripted]
    assert not unscripted, f"requests that the script had no answer for: {unscripted}"
