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
    """The label of the route that leads here; empty where the request named the target itself."""

    @property
    def name(self) -> str:
        return f"{self.model_info.provider}/{self.model_info.model}"


class Attempt(Protocol):
    """One upstream answer being read. It knows nothing of the client."""

    request: UpstreamRequest
    """What was sent, with the notices of what building it dropped or emulated."""

    @property
    def has_data(self) -> bool:
        """Whether anything has been read but what only keeps a connection open."""
        ...

    async def read(self) -> list[Part] | None:
        """The parts of one read (possibly none, which still is a sign of life); None when all was read.

        The last non-empty list ends with `Finish` or `StreamError`. UpstreamFailed if the connection breaks.
        """
        ...

    async def close(self) -> None:
        """Give the connection back, or cut it if the answer is not over. Never raises."""
        ...


class Adapter(Protocol):
    """One configured provider. Shared by all requests, and carried over a reload that does not touch it."""

    async def open(self, inbound: Inbound, target: Target, attachments: Attachments) -> Attempt:
        """Send the request and wait for the status; GatewayError if that is as far as it gets."""
        ...

    def prompt(self, inbound: Inbound, target: Target, attachments: Attachments) -> CountablePrompt:
        """What would be sent, taken apart for counting."""
        ...

    async def count(self, inbound: Inbound, target: Target) -> TokenCount | None:
        """What the upstream itself says the prompt weighs, in tokens; None where it does not count."""
        ...

    async def probe(self) -> str | None:
        """None if the server answers; else what is wrong, in one line."""
        ...

    async def close(self) -> None: ...
