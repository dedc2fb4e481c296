"""The record of one client request, from its arrival to its end. Log line and metrics are made from it."""

from __future__ import annotations

from attrs import frozen

from gateway.errors import Kind
from gateway.parts import Notice


@frozen
class RequestRecord:
    """Empty, zero, None and False mean "not known" or "did not happen"; times are in seconds."""

    request_id: str
    method: str = "POST"
    path: str = "/v1/messages"
    """Without the query."""
    session: str = ""
    agent: str = ""
    client: str = ""
    """The name of the client key, never the key."""
    requested_model: str = ""
    """As the client sent it."""
    route: str = ""
    """The label of the matching route; empty if the request named the target itself, or routing found
    none."""
    provider: str = ""
    """The name in the configuration; empty if routing found none."""
    model: str = ""
    """The model name that the upstream uses."""
    stream: bool = False
    status: int = 200
    """As sent to the client. A stream that fails after its headers has 200 and an `error`."""
    error: Kind | None = None
    why: str = ""
    """For a failure: the message for the client, with the upstream's error text."""
    upstream_status: int = 0
    """For a failure: the upstream's status, if it sent one."""
    client_gone: bool = False
    """The client disconnected before the end."""
    stop_reason: str = ""
    input_tokens: int = 0
    """Without tokens read from or written to a cache."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    estimated: bool = False
    """The upstream sent no usage: the tokens are an estimate."""
    first_token: float | None = None
    """From the request's arrival to the first content; None if there was none."""
    duration: float = 0.0
    attempts: int = 0
    """Requests sent upstream."""
    notices: tuple[Notice, ...] = ()
