"""Chat Completions over HTTP."""

from __future__ import annotations

from gateway.settings.models import Provider
from gateway.upstreams.http import Dialect, HttpAdapter
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.openai.request import prompt_of, to_chat_request
from gateway.upstreams.presets import PRESETS, recognise
from gateway.upstreams.transport import Channel

CHAT = Dialect(
    path="/chat/completions",
    probe_path="/models",
    build=to_chat_request,
    prompt_of=prompt_of,
    reader=ChatReader,
)


def adapter(name: str, provider: Provider) -> HttpAdapter:
    """`provider.base_url` ends in the API's version (`/v1`)."""
    preset = PRESETS[provider.preset or recognise(provider.kind, provider.base_url)]
    return HttpAdapter(Channel.build(name, provider, preset.key_header), CHAT)
