"""Types of the values in `gateway.yaml`, which also define how a value is written."""

from __future__ import annotations

from typing import Annotated

from attrs import field, frozen

from gateway.settings.sizes import Size


@frozen
class Unit:
    """The form of a value: one of the names in `gateway.settings.loading.converters.BY_UNIT`."""

    name: str


@frozen
class OneOrMore:
    """For a tuple: the YAML may have one item without the list."""


@frozen
class Bounds:
    """The bounds of a number, both included."""

    least: float
    most: float | None = None


@frozen
class CountOf:
    """What a whole number counts, in the plural."""

    noun: str


Seconds = Annotated[float, Unit("duration"), Bounds(0.001)]
Delay = Annotated[float, Unit("duration"), Bounds(0)]
Host = Annotated[str, Unit("host")]
Url = Annotated[str, Unit("URL")]
ProxyUrl = Annotated[str, Unit("proxy")]
FilePath = Annotated[str, Unit("file")]
LogPath = Annotated[str, Unit("appended file")]
TargetName = Annotated[str, Unit("target")]
Tokens = Annotated[int, Unit("tokens"), Bounds(1)]
Port = Annotated[int, Bounds(0, 65535)]
Workers = Annotated[int, CountOf("processes"), Bounds(1, 256)]
ProviderName = Annotated[str, Unit("name")]
Pattern = Annotated[str, Unit("pattern")]
Patterns = Annotated[tuple[Pattern, ...], OneOrMore()]
Names = Annotated[tuple[str, ...], OneOrMore()]
Weight = Annotated[int, CountOf("shares"), Bounds(1, 1_000_000)]
Temperature = Annotated[float, Unit("number"), Bounds(0, 2)]
Share = Annotated[float, Unit("number"), Bounds(0, 1)]
TokenCount = Annotated[int, CountOf("tokens"), Bounds(0)]
PieceCount = Annotated[int, CountOf("pieces"), Bounds(0)]
Pieces = Annotated[int, CountOf("pieces"), Bounds(1)]
Characters = Annotated[int, CountOf("characters")]
Arguments = Annotated[dict[str, object] | str, Unit("arguments")]
JsonObject = Annotated[dict[str, object], Unit("JSON object")]
AliasId = Annotated[str, Unit("alias")]
HostName = Annotated[str, Unit("host name")]
HostNames = Annotated[tuple[HostName, ...], OneOrMore()]
BodySize = Annotated[Size, Unit("size"), Bounds(1 << 10)]
HeadSize = Annotated[Size, Unit("size"), Bounds(8 << 10, 1 << 20)]
Headers = Annotated[int, CountOf("headers"), Bounds(20, 10_000)]
Connections = Annotated[int, CountOf("connections"), Bounds(1, 1_000_000)]
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
