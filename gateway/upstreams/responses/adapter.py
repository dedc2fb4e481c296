"""Responses over HTTP."""

from __future__ import annotations

from gateway.settings.models import Provider
from gateway.upstreams.http.adapter import Dialect, HttpAdapter
from gateway.upstreams.http.transport import ProviderConnections
from gateway.upstreams.presets import quirks_of
from gateway.upstreams.responses.reader import ResponsesReader
from gateway.upstreams.responses.request import prompt_of, to_responses_request

RESPONSES = Dialect(
    path="/responses",
    probe_path="/models",
    build=to_responses_request,
    prompt_of=prompt_of,
    reader=ResponsesReader,
)


def adapter(name: str, provider: Provider) -> HttpAdapter:
    """`provider.base_url` ends in the API's version (`/v1`)."""
    return HttpAdapter(ProviderConnections.build(name, provider, quirks_of(provider).key_header), RESPONSES)
