"""What `gateway.yaml` may say under `server`. See models.py for how descriptions are written."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from gateway.settings.units import Delay, Host, Port, Seconds, Secret, Workers

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
Validation = Literal["tolerant", "strict"]
FetchUrls = Literal["public", "all", "never"]


@frozen
class ClientKey:
    """A key that clients send, and whose it is."""

    key: Secret
    """The key itself. Example: `${ALICE_KEY}`."""
    name: str | None = None
    """Whose it is, for routes, the log and the metrics; `key-1` for the first without a name, and so on. Two
    keys may have one name, while one takes over from the other. Example: `alice`."""


@frozen
class Server:
    """Where the gateway listens, and how it behaves towards clients."""

    host: Host = "127.0.0.1"
    """The address to listen on. Any other than a loopback address needs `keys`. Example: `0.0.0.0`."""
    port: Port = 8080
    """The port to listen on; 0 takes any free one. Example: `9000`."""
    log_level: LogLevel = "info"
    """How much is logged. Example: `debug`."""
    log_format: LogFormat = "text"
    """Text for people or one JSON object a line. Example: `json`."""
    keys: tuple[ClientKey, ...] = ()
    """Client keys: each request must carry one of them as `x-api-key` or Bearer token. Without keys only
    loopback addresses may be listened on. A key may have a name.
    Example: `["${CLIENT_KEY}", {name: alice, key: "${ALICE_KEY}"}]`."""
    admin_key: Secret | None = None
    """The key for `/admin/reload` and `/admin/status`. Left out, there are no such addresses.
    Example: `file:/run/secrets/admin`."""
    workers: Workers = 1
    """Processes that share the port, for more than one core. Like `host` and `port` it is read at the start
    only. Example: `4`."""
    validation: Validation = "tolerant"
    """`tolerant` mends or ignores what it can. `strict` refuses what the real API refuses.
    Example: `strict`."""
    fetch_urls: FetchUrls = "public"
    """Which addresses the gateway may fetch from when a request names a picture or PDF by its URL and the
    upstream does not fetch it itself: `public` ones, `all` (also those of this machine and its network), or
    `never` any. Example: `never`."""
    commit_after: Delay = 5.0
    """When an upstream is silent this long, the response starts with pings. Example: `2s`."""
    ping_every: Seconds = 10.0
    """Silence between two events before a ping is sent. Example: `15s`."""
    drip_after: Seconds = 240.0
    """Silence before empty deltas are sent: they keep a client waiting that pings alone do not.
    Example: `2m`."""
    drip_every: Seconds = 30.0
    """The time between two such empty deltas. Example: `1m`."""
