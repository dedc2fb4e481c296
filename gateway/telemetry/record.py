"""What one client request was, from its arrival to its end. Log line and metrics are made from it."""

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
    """As the client wrote it."""
    route: str = ""
    """The label of the route that took it; empty where it named a target itself, or routing found none."""
    provider: str = ""
    """The name in the configuration; empty if routing found none."""
    model: str = ""
    """The upstream's own name."""
    stream: bool = False
    status: int = 200
    """As sent to the client. A stream that fails after its headers has 200 and an `error`."""
    error: Kind | None = None
    why: str = ""
    """Of a failure: what the client was told, with the upstream's own words."""
    upstream_status: int = 0
    """Of a failure that an upstream answered with."""
    client_gone: bool = False
    """The client hung up before the end."""
    stop_reason: str = ""
    input_tokens: int = 0
    """Without what was read from or written to a cache."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    estimated: bool = False
    """The upstream gave no figures: the tokens are a guess."""
    first_token: float | None = None
    """From the request's arrival to the first content; None if there was none."""
    duration: float = 0.0
    attempts: int = 0
    """Requests sent upstream."""
    notices: tuple[Notice, ...] = ()
