"""Ollama's native chat over HTTP."""

from __future__ import annotations

from gateway.settings.models import Provider
from gateway.upstreams.http.adapter import Dialect, HttpAdapter
from gateway.upstreams.http.transport import ProviderConnections
from gateway.upstreams.ollama.reader import NativeReader
from gateway.upstreams.ollama.request import prompt_of, to_native_request
from gateway.upstreams.presets import quirks_of

NATIVE = Dialect(
    path="/api/chat",
    probe_path="/api/version",
    build=to_native_request,
    prompt_of=prompt_of,
    reader=NativeReader,
)


def adapter(name: str, provider: Provider) -> HttpAdapter:
    """`provider.base_url` is the server's root, without `/api`."""
    return HttpAdapter(ProviderConnections.build(name, provider, quirks_of(provider).key_header), NATIVE)
