"""Chat Completions over HTTP."""

from __future__ import annotations

from gateway.settings.models import Provider
from gateway.upstreams.http.adapter import Dialect, HttpAdapter
from gateway.upstreams.http.transport import ProviderConnections
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.openai.request import prompt_of, to_chat_request
from gateway.upstreams.presets import quirks_of

CHAT = Dialect(
    path="/chat/completions",
    probe_path="/models",
    build=to_chat_request,
    prompt_of=prompt_of,
    reader=ChatReader,
)


def adapter(name: str, provider: Provider) -> HttpAdapter:
    """`provider.base_url` ends in the API's version (`/v1`)."""
    return HttpAdapter(ProviderConnections.build(name, provider, quirks_of(provider).key_header), CHAT)
