"""The effective settings as text, each with its origin. Secrets are `***`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit

import attrs
from attrs import frozen

from gateway.settings.kinds import KINDS
from gateway.settings.loading import durations
from gateway.settings.loading.layers import DEFAULT
from gateway.settings.loading.load import LoadedConfig
from gateway.settings.models import Provider, Secret
from gateway.settings.quirks import Overrides
from gateway.settings.server import ClientKey
from gateway.settings.timeouts import timeouts_for
from gateway.upstreams.presets import recognise

_ALWAYS = ("kind", "base_url", "api_key")


@frozen
class EffectiveValue:
    key: str
    text: str
    source: str


def server_values(loaded: LoadedConfig) -> Iterator[EffectiveValue]:
    server = loaded.settings.server
    for one in attrs.fields(type(server)):
        value: object = getattr(server, one.name)
        text = durations.format_duration(value) if isinstance(value, float) else _text(value)
        yield EffectiveValue(one.name, text, loaded.sources[f"server.{one.name}"])


def provider_values(loaded: LoadedConfig, name: str) -> Iterator[EffectiveValue]:
    """Kind, address, preset, key and timeouts always; other keys if they differ from the default."""
    provider = loaded.settings.providers[name]
    for one in attrs.fields(Provider):
        source = loaded.sources.get(f"providers.{name}.{one.name}", "")
        if one.name == "preset":
            yield _preset(provider, source)
        elif one.name == "timeouts":
            yield from _timeouts(loaded, name)
        elif one.name in _ALWAYS or source != DEFAULT:
            yield EffectiveValue(one.name, _field(one.name, getattr(provider, one.name)), source)


def _preset(provider: Provider, source: str) -> EffectiveValue:
    if provider.preset is not None:
        return EffectiveValue("preset", provider.preset, source)
    found = recognise(provider.kind, provider.base_url)
    return EffectiveValue("preset", found, DEFAULT if found == "plain" else "recognised")


def _timeouts(loaded: LoadedConfig, name: str) -> Iterator[EffectiveValue]:
    provider = loaded.settings.providers[name]
    resolved = timeouts_for(loaded.settings, name)
    for one in attrs.fields(type(resolved)):
        source = loaded.sources[f"providers.{name}.timeouts.{one.name}"]
        if getattr(provider.timeouts, one.name) is None:
            follows = KINDS[provider.kind].whole_tool_calls and one.name == "idle"
            source = "first_byte" if follows else loaded.sources[f"defaults.timeouts.{one.name}"]
        yield EffectiveValue(
            f"timeouts.{one.name}", durations.format_duration(getattr(resolved, one.name)), source
        )


def _field(key: str, value: object) -> str:
    match key, value:
        case "headers", dict():
            return ", ".join(f"{name}: ***" for name in value) or "none"  # pyright: ignore[reportUnknownVariableType]
        case "replies", tuple():
            return f"{len(cast('tuple[object, ...]', value))} of them"
        case "base_url", "":
            return "none"
        case "proxy", str():
            return _without_credentials(value)
        case _:
            return _text(value)


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"***@{host}" if host != parts.netloc else host).geturl()


def _text(value: object) -> str:
    match value:
        case Secret():
            return "***"
        case tuple():
            return ", ".join(_text(one) for one in cast("tuple[object, ...]", value)) or "none"
        case ClientKey():
            return f"{value.name}: ***" if value.name else "***"
        case Overrides():
            return ", ".join(f"{name}: {_text(one)}" for name, one in value.switches.items()) or "none"
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case _:
            return str(value)
