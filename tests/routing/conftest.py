"""Requests and tables to route with."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound

CLAUDE_CODE = {"x-claude-code-session-id": "7a1b"}


@pytest.fixture
def asking() -> Callable[..., Inbound]:
    """`asking("claude-x", client="alice", headers={...}, tools=[...])`: a request with these fields."""

    def build(
        model: str = "m", *, client: str = "", headers: dict[str, str] | None = None, **body: Any
    ) -> Inbound:
        said = {"model": model, "messages": [{"role": "user", "content": "Hello."}], **body}
        data = json.dumps(said).encode()
        return Inbound("req_1", data, headers or {}, decode_request(data), client)

    return build
