"""The interface between routing (`Target`) and an upstream kind (`Adapter`, `Attempt`)."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from gateway.anthropic.request.attachments import Attachments
from gateway.inbound import Inbound
from gateway.parts import Part
from gateway.settings.models import Timeouts
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.token_prompt import CountablePrompt, TokenCount
from gateway.upstreams.upstream_request import UpstreamRequest


@frozen
class Target:
    """Everything that routing decided for one attempt."""

    adapter: Adapter
    model_info: ModelInfo
    timeouts: Timeouts
    retries: int = 0
    route: str = ""
    """The label of the matching route; empty if the request named the target itself."""

    @property
    def name(self) -> str:
        return f"{self.model_info.provider}/{self.model_info.model}"


class Attempt(Protocol):
    """One upstream answer being read. It is independent of the client."""

    request: UpstreamRequest
    """The request that was sent, with notices of what was dropped or emulated when building it."""

    @property
    def has_data(self) -> bool:
        """Whether anything was read except what only keeps a connection open."""
        ...

    async def read(self) -> list[Part] | None:
        """The parts of one read; None at the end. An empty list still shows that the upstream is alive.

        The last non-empty list ends with `Finish` or `StreamError`. Raises UpstreamFailed if the connection
        breaks.
        """
        ...

    async def close(self) -> None:
        """Return the connection to the pool, or close it if the answer is incomplete. Never raises."""
        ...


class Adapter(Protocol):
    """One configured provider. Shared by all requests, and kept across a reload that does not change it."""

    async def open(self, inbound: Inbound, target: Target, attachments: Attachments) -> Attempt:
        """Send the request and wait for the status. Raises GatewayError if the upstream is unreachable or
        refuses."""
        ...

    def prompt(self, inbound: Inbound, target: Target, attachments: Attachments) -> CountablePrompt:
        """What would be sent, split into parts for counting."""
        ...

    async def count(self, inbound: Inbound, target: Target) -> TokenCount | None:
        """The prompt's tokens as counted by the upstream; None if it has no such endpoint."""
        ...

    async def probe(self) -> str | None:
        """None if the server answers; otherwise one line that says what is wrong."""
        ...

    async def close(self) -> None: ...
