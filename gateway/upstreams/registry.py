"""The adapter of each provider, from the folder of its kind's name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

from gateway.errors import ConfigError
from gateway.settings.models import Provider
from gateway.upstreams.base import Adapter

_MEMBERS = ("open", "prompt", "count", "probe", "close")


def make_adapter(name: str, provider: Provider) -> Adapter:
    """The provider's adapter: `adapter(name, provider)` of `gateway/upstreams/<kind>/adapter.py`.

    The module is imported when a provider first uses it. Raises ConfigError, which names the file, if it is
    missing or has no such function, and OSError if the provider's TLS files cannot be read.
    """
    factory = _factory(provider.kind)
    adapter = factory(name, provider)
    if missing := [member for member in _MEMBERS if not hasattr(adapter, member)]:
        raise _incomplete(provider.kind, f"returns a {type(adapter).__name__} without `{missing[0]}`")
    return adapter


def _factory(kind: str) -> Callable[[str, Provider], Any]:
    name = f"gateway.upstreams.{kind}.adapter"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if not name.startswith(error.name or "-"):
            raise _incomplete(kind, f"cannot be imported: {error}") from error
        raise ConfigError(f"kind `{kind}` has no adapter: {_file(kind)} is missing") from error
    except (ImportError, SyntaxError, NameError) as error:
        raise _incomplete(kind, f"cannot be imported: {error}") from error
    factory = getattr(module, "adapter", None)
    if not callable(factory) or not _takes_a_provider(factory):
        raise _incomplete(kind, "has no function `adapter(name, provider)`")
    return factory


def _takes_a_provider(factory: Callable[..., Any]) -> bool:
    try:
        inspect.signature(factory).bind("name", Provider)
    except TypeError:
        return False
    return True


def _file(kind: str) -> str:
    return f"gateway/upstreams/{kind}/adapter.py"


def _incomplete(kind: str, problem: str) -> ConfigError:
    return ConfigError(f"kind `{kind}`: {_file(kind)} {problem}")
