"""What `gateway.yaml` may say, as frozen values without behaviour.

All durations are seconds; the YAML writes them as `500ms`, `30s`, `5m`, `1h`. None means "not said": the
value of the next wider place holds (a provider's timeouts fall back to `defaults.timeouts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import Factory, field, frozen

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
Validation = Literal["tolerant", "strict"]
ProviderKind = Literal["openai", "ollama"]
ExposeReasoning = Literal["auto", "always", "never"]


@frozen
class Secret:
    """A value that no log, error or listing may show: its `repr` and `str` are asterisks."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__


@frozen
class Timeouts:
    """Seconds. `first_byte` is from sending the request to the first byte of the answer's body or status."""

    connect: float = 5.0
    first_byte: float = 600.0
    idle: float = 300.0
    total: float = 3600.0


@frozen
class TimeoutOverrides:
    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None
    total: float | None = None


@frozen
class Server:
    host: str = "127.0.0.1"
    port: int = 8080
    log_level: LogLevel = "info"
    log_format: LogFormat = "text"
    keys: tuple[Secret, ...] = ()
    """Client keys. None: only loopback addresses may be bound."""
    validation: Validation = "tolerant"
    commit_after: float = 5.0
    ping_every: float = 10.0
    drip_after: float = 240.0
    drip_every: float = 30.0


@frozen
class Defaults:
    model: str | None = None
    """`provider/model` for a name that nothing maps; None: 404."""
    timeouts: Timeouts = Timeouts()


@frozen
class Provider:
    kind: ProviderKind
    base_url: str
    preset: str | None = None
    """A name in `gateway.upstreams.quirks.PRESETS`; None: recognised from the URL, else `plain`."""
    api_key: Secret | None = None
    headers: Mapping[str, str] = Factory(dict[str, str])
    timeouts: TimeoutOverrides = TimeoutOverrides()
    max_connections: int = 400
    retries: int = 0
    proxy: str | None = None
    ca_file: str | None = None
    verify: bool = True
    client_cert: str | None = None
    """A PEM file with certificate and key."""
    trust_env: bool = True
    """Honour HTTP_PROXY and its kin; never for loopback addresses."""
    expose_reasoning: ExposeReasoning = "auto"


@frozen
class ModelTarget:
    """Where requests for a model go, and what is known of it there. None: not known."""

    provider: str
    model: str
    context_window: int | None = None
    """Tokens."""
    max_output_tokens: int | None = None
    vision: bool | None = None
    reasoning: bool | None = None


@frozen
class ModelRule:
    """`pattern` is an exact name or a shell pattern (`*`, `?`, `[...]`). The first match wins."""

    pattern: str
    target: ModelTarget


@frozen
class Settings:
    server: Server = Server()
    defaults: Defaults = Defaults()
    providers: Mapping[str, Provider] = Factory(dict[str, Provider])
    models: tuple[ModelRule, ...] = ()
    default_target: ModelTarget | None = None
    """`defaults.model`, split into provider and model."""
