"""The kinds of values a key of `gateway.yaml` may hold, as types that say how they are written."""

from __future__ import annotations

from typing import Annotated

from attrs import field, frozen

from gateway.settings.sizes import Size


@frozen
class Unit:
    """How a value is written: one of the names in `gateway.settings.loading.converters.BY_UNIT`."""

    name: str


@frozen
class OneOrMore:
    """Of a tuple: the YAML may say one item without the list."""


@frozen
class Within:
    """The bounds of a number, both included."""

    least: float
    most: float | None = None


@frozen
class Of:
    """What a whole number counts, in the plural."""

    noun: str


Seconds = Annotated[float, Unit("duration"), Within(0.001)]
Delay = Annotated[float, Unit("duration"), Within(0)]
Host = Annotated[str, Unit("host")]
Url = Annotated[str, Unit("URL")]
ProxyUrl = Annotated[str, Unit("proxy")]
FilePath = Annotated[str, Unit("file")]
LogPath = Annotated[str, Unit("appended file")]
TargetName = Annotated[str, Unit("target")]
Tokens = Annotated[int, Unit("tokens"), Within(1)]
Port = Annotated[int, Within(0, 65535)]
Workers = Annotated[int, Of("processes"), Within(1, 256)]
ProviderName = Annotated[str, Unit("name")]
Pattern = Annotated[str, Unit("pattern")]
Patterns = Annotated[tuple[Pattern, ...], OneOrMore()]
Names = Annotated[tuple[str, ...], OneOrMore()]
Weight = Annotated[int, Of("shares"), Within(1, 1_000_000)]
Temperature = Annotated[float, Unit("number"), Within(0, 2)]
Share = Annotated[float, Unit("number"), Within(0, 1)]
TokenCount = Annotated[int, Of("tokens"), Within(0)]
PieceCount = Annotated[int, Of("pieces"), Within(0)]
Pieces = Annotated[int, Of("pieces"), Within(1)]
Characters = Annotated[int, Of("characters")]
Arguments = Annotated[dict[str, object] | str, Unit("arguments")]
JsonObject = Annotated[dict[str, object], Unit("JSON object")]
AliasId = Annotated[str, Unit("alias")]
HostName = Annotated[str, Unit("host name")]
HostNames = Annotated[tuple[HostName, ...], OneOrMore()]
BodySize = Annotated[Size, Unit("size"), Within(1 << 10)]
HeadSize = Annotated[Size, Unit("size"), Within(8 << 10, 1 << 20)]
Headers = Annotated[int, Of("headers"), Within(20, 10_000)]
Connections = Annotated[int, Of("connections"), Within(1, 1_000_000)]
HeaderName = Annotated[str, Unit("header name")]
HeaderValue = Annotated[str, Unit("header")]


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
