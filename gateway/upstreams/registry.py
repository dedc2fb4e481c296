"""The adapter of each upstream kind, from the folder of its name."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from gateway.errors import ConfigError
from gateway.settings.kinds import ProviderKind
from gateway.settings.models import Provider
from gateway.upstreams.base import Adapter


class AdapterFactory(Protocol):
    def __call__(self, name: str, provider: Provider) -> Adapter:
        """OSError if the provider's TLS files cannot be read."""
        ...


def adapter_factory(kind: ProviderKind) -> AdapterFactory:
    """`adapter` of `gateway/upstreams/<kind>/adapter.py`, imported when a provider first uses it.

    ConfigError if there is no such module.
    """
    name = f"gateway.upstreams.{kind}.adapter"
    try:
        return cast("AdapterFactory", import_module(name).adapter)
    except ModuleNotFoundError as error:
        if not name.startswith(error.name or "-"):
            raise
        path = name.replace(".", "/") + ".py"
        raise ConfigError(f"kind `{kind}` has no adapter: {path} is missing") from error
