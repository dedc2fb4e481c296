"""A client that notes what came over the wire, and when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import pytest
from attrs import define, field

from gateway.testing.process import GatewayProcess

Event = dict[str, Any]


@define
class Answered:
    """One answer. `events`: seconds since the request, and the event's data.

    `asked_at` is when the request was, by the machine's monotonic clock.
    """

    status: int
    headers: httpx.Headers
    headers_at: float
    asked_at: float = 0.0
    events: list[tuple[float, Event]] = field(factory=list)
    body: Event = field(factory=dict)

    @property
    def types(self) -> list[str]:
        return [event["type"] for _, event in self.events]

    @property
    def content(self) -> list[Event]:
        """The events that are no pings."""
        return [event for _, event in self.events if event["type"] != "ping"]

    @property
    def text(self) -> str:
        deltas = [event["delta"] for event in self.content if event["type"] == "content_block_delta"]
        return "".join(delta.get("text", "") for delta in deltas)


def question(**more: Any) -> Event:
    asked = {"model": "claude-x", "max_tokens": 1000, "messages": [{"role": "user", "content": "hello"}]}
    return {**asked, "stream": True, **more}


@pytest.fixture
def ask() -> Callable[..., Answered]:
    """`ask(gateway, stream=False, ...)`: one request to /v1/messages, read to its end."""

    def one(gateway: GatewayProcess, *, headers: dict[str, str] | None = None, **more: Any) -> Answered:
        begin = time.monotonic()
        with (
            httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as client,
            client.stream("POST", "/v1/messages", json=question(**more), headers=headers) as response,
        ):
            answered = Answered(response.status_code, response.headers, time.monotonic() - begin, begin)
            if response.headers["content-type"].startswith("text/event-stream"):
                answered.events = _events(response, begin)
            else:
                answered.body = json.loads(response.read())
        return answered

    return one


def _events(response: httpx.Response, begin: float) -> list[tuple[float, Event]]:
    events: list[tuple[float, Event]] = []
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            event = json.loads(line.removeprefix("data: "))
            assert event["type"] == name
            events.append((time.monotonic() - begin, event))
    return events


@pytest.fixture
def connect(start_gateway, settings) -> Callable[[str], anthropic.Anthropic]:
    """`connect(preset)`: the SDK, before a provider of that preset."""

    def to(preset: str) -> anthropic.Anthropic:
        gateway = start_gateway(settings("openai", provider={"preset": preset}))
        return anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0)

    return to
