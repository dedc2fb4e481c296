"""The schema of `server` in `gateway.yaml`. See models.py for how descriptions are written."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from gateway.settings.loading.units import (
    BodySize,
    Connections,
    Delay,
    Headers,
    HeadSize,
    Host,
    HostNames,
    Port,
    Seconds,
    Secret,
    Workers,
)
from gateway.settings.sizes import Size

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
Validation = Literal["tolerant", "strict"]
FetchUrls = Literal["public", "all", "never"]

MAX_BODY = Size(32 << 20)
"""The API's limit."""
_MAX_BODIES = Size(64 << 20)
_MAX_HEAD = Size(64 << 10)


@frozen
class ClientKey:
    """A key that clients send, and its owner."""

    key: Secret
    """The key itself. Example: `${ALICE_KEY}`."""
    name: str | None = None
    """Its owner, for routes, the log and the metrics; `key-1` for the first without a name, and so on. Two
    keys may have the same name while one replaces the other. Example: `alice`."""


@frozen
class Server:
    """The listening address, and the gateway's behaviour towards clients."""

    host: Host = "127.0.0.1"
    """The address to listen on. Any address other than loopback needs `keys`. Example: `0.0.0.0`."""
    port: Port = 8080
    """The port to listen on; 0 takes any free one. Example: `9000`."""
    log_level: LogLevel = "info"
    """How much is logged. Example: `debug`."""
    log_format: LogFormat = "text"
    """Text for people or one JSON object per line. Example: `json`."""
    keys: tuple[ClientKey, ...] = ()
    """Client keys: each request must carry one of them as `x-api-key` or Bearer token. Without keys the
    gateway only listens on loopback addresses. A key may have a name. Example: `["${CLIENT_KEY}", {name:
    alice, key: "${ALICE_KEY}"}]`."""
    admin_key: Secret | None = None
    """The key for `/admin/reload` and `/admin/status`. If it is left out, these paths do not exist. Example:
    `file:/run/secrets/admin`."""
    hosts: HostNames = ()
    """Additional names by which clients reach the gateway. Without `keys` a request is answered only if its
    `Host` is a loopback address, the IP address it was sent to, `host` or one of these, so that no web page
    can use the gateway through its user's browser; `*` allows all. Example: `gateway.internal`."""
    max_body: BodySize = MAX_BODY
    """The largest request body, also after decompression. Example: `64MB`."""
    max_bodies: BodySize = _MAX_BODIES
    """The total size of all request bodies in progress, in each process; a further one is answered with 503.
    A body takes about five times its size in memory. Example: `512MB`."""
    max_headers: Headers = 200
    """The most headers of a request. Example: `500`."""
    max_header_bytes: HeadSize = _MAX_HEAD
    """The largest head of a request: its first line and all headers. Example: `128KB`."""
    head_timeout: Seconds = 30.0
    """From the first byte of a request, or from the connection, to the end of its headers. Example: `10s`."""
    body_timeout: Seconds = 60.0
    """The longest silence inside a request's body; a whole body may take ten times that. Example: `2m`."""
    max_connections: Connections = 1000
    """The most client connections, in each process; a further one is answered with 503. Example: `5000`."""
    workers: Workers = 1
    """Processes that share the port, to use more than one core. Like `host` and `port`, a change requires a
    restart. Example: `4`."""
    validation: Validation = "tolerant"
    """`tolerant` repairs or ignores what it can. `strict` refuses what the real API refuses. Example:
    `strict`."""
    fetch_urls: FetchUrls = "public"
    """Which addresses the gateway may fetch from if a request has an image or PDF by URL and the upstream
    does not fetch it itself: `public` ones, `all` (also those of this machine and its network), or `never`.
    Example: `never`."""
    commit_after: Delay = 5.0
    """How long an upstream may be silent before the response starts with pings. Example: `2s`."""
    ping_every: Seconds = 10.0
    """Silence between two events before a ping is sent. Example: `15s`."""
    drip_after: Seconds = 240.0
    """Silence before empty deltas are sent, for clients that do not wait on pings alone. Example: `2m`."""
    drip_every: Seconds = 30.0
    """The time between two such empty deltas. Example: `1m`."""
