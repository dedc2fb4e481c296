"""Every notice is brought about by a request, told to the client, and true of what went upstream."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from gateway.notices import NOTICES, Timing
from gateway.testing.upstream import Reply
from tests.integration.notice_cases import CASES

ASKED: dict[str, Any] = {
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "hello"}],
}
COMMENT = ": gateway-warnings: "


def test_every_notice_of_the_table_has_its_request():
    assert CASES.keys() == NOTICES.keys()
    assert all(case.kind in (NOTICES[name].kinds or (case.kind,)) for name, case in CASES.items())


def told(url: str, asked: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The names in the header, and those in the stream's comment."""
    model = "claude-stream" if asked["stream"] else "claude-whole"
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        response = client.post("/v1/messages", content=json.dumps({"model": model, **ASKED, **asked}))
    assert response.status_code == 200, response.text
    header = response.headers.get("x-gateway-warnings", "")
    late = [line.removeprefix(COMMENT) for line in response.text.splitlines() if line.startswith(COMMENT)]
    assert len(late) <= 1
    return _names(header), _names("".join(late))


def _names(text: str) -> list[str]:
    return text.split(", ") if text else []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", NOTICES)
def test_client_is_told_and_the_upstream_got_what_it_says(
    start_gateway, settings, upstream, name: str, stream: bool
):
    case = CASES[name]
    gateway = start_gateway(settings(case.kind, provider=case.provider, **case.config))
    upstream.script(*case.answers)
    header, late = told(gateway.url, {**case.asked, "stream": stream})
    if NOTICES[name].found is Timing.REQUEST or not stream:
        assert name in header
    else:  # what fits one read with the headers is still in them
        assert (name in header) != (name in late)
    assert case.sees(upstream.chats()) == case.expected


def test_what_comes_after_the_headers_is_in_the_comment(start_gateway, settings, upstream):
    gateway = start_gateway(settings())
    upstream.script(Reply(text="a b", pieces=2, pause_after=1, pause=0.3, usage_in="none"))
    assert told(gateway.url, {"stream": True, "top_k": 5}) == (["dropped.top_k"], ["estimated.usage"])
