"""What a target sets for its own way reaches every kind of upstream."""

import json
from collections.abc import Callable

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.settings.models import Sampling
from gateway.upstreams.anthropic.request import to_messages_request
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.request import to_native_request as to_ollama
from gateway.upstreams.openai.request import to_chat_request as to_openai
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.upstream_request import UpstreamRequest

OWN = Sampling(temperature=0.0, top_k=7)
KINDS = [("vllm", to_openai), ("ollama", to_ollama), ("anthropic", to_messages_request)]


@pytest.fixture(params=KINDS, ids=[name for name, _ in KINDS])
def sent(request) -> Callable[..., dict]:
    """`sent(sampling=..., extra_body=..., asked={...})`: what goes upstream; sampling at the top level."""
    preset, build = request.param

    def one(asked: dict | None = None, **info) -> dict:
        said = {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "x"}],
            **(asked or {}),
        }
        body = json.dumps(said).encode()
        inbound = Inbound("r", body, {}, decode_request(body))
        built: UpstreamRequest = build(inbound, ModelInfo("p", "up", PRESETS[preset], **info))
        plain = json.loads(built.body)
        return {**plain, **plain.get("options", {})}

    return one


def test_sampling_of_the_target_wins_over_the_clients(sent) -> None:
    found = sent({"temperature": 0.9, "top_p": 0.5}, sampling=OWN)
    assert (found["temperature"], found["top_p"], found["top_k"]) == (0.0, 0.5, 7)


def test_sampling_that_nobody_asks_for_is_sent(sent) -> None:
    assert sent(sampling=OWN)["temperature"] == 0.0


def test_extra_body_is_merged_into_what_is_sent(sent) -> None:
    found = sent(
        extra_body={"mine": {"a": [1, None]}, "stream": True, "max_tokens": None, "num_predict": None}
    )
    assert found["mine"] == {"a": [1, None]}
    assert found["model"] == "up"
    assert "max_tokens" not in found
