"""Responses over HTTP."""

from __future__ import annotations

from gateway.settings.models import Provider
from gateway.upstreams.http import Dialect, HttpAdapter
from gateway.upstreams.presets import PRESETS, recognise
from gateway.upstreams.responses.reader import ResponsesReader
from gateway.upstreams.responses.request import prompt_of, to_responses_request
from gateway.upstreams.transport import Channel

RESPONSES = Dialect(
    path="/responses",
    probe_path="/models",
    build=to_responses_request,
    prompt_of=prompt_of,
    reader=ResponsesReader,
)


def adapter(name: str, provider: Provider) -> HttpAdapter:
    """`provider.base_url` ends in the API's version (`/v1`)."""
    preset = PRESETS[provider.preset or recognise(provider.kind, provider.base_url)]
    return HttpAdapter(Channel.build(name, provider, preset.key_header), RESPONSES)
