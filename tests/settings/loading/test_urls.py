"""Base URLs as people paste them become the one form that adapters append to."""

import pytest

from gateway.settings.errors import InvalidValue
from gateway.settings.kinds import KINDS
from gateway.settings.loading.urls import checked_proxy, checked_url

DEPLOYMENT = "https://res.openai.azure.com/openai/deployments/mine"
OPENAI = {
    "http://127.0.0.1:8000": "http://127.0.0.1:8000/v1",
    "http://127.0.0.1:8000/": "http://127.0.0.1:8000/v1",
    "http://127.0.0.1:8000/v1": "http://127.0.0.1:8000/v1",
    "http://127.0.0.1:8000/v1/": "http://127.0.0.1:8000/v1",
    "http://127.0.0.1:8000/v1/chat/completions": "http://127.0.0.1:8000/v1",
    "https://api.openai.com": "https://api.openai.com/v1",
    "https://openrouter.ai/api/v1": "https://openrouter.ai/api/v1",
    "https://openrouter.ai/api": "https://openrouter.ai/api/v1",
    "https://api.deepseek.com": "https://api.deepseek.com/v1",
    "https://dashscope.aliyuncs.com/compatible-mode/v1": "https://dashscope.aliyuncs.com/compatible-mode/v1",
    "https://api.z.ai/api/paas/v4": "https://api.z.ai/api/paas/v4",
    "https://api.groq.com/openai/v1": "https://api.groq.com/openai/v1",
    "https://api.fireworks.ai/inference/v1": "https://api.fireworks.ai/inference/v1",
    "https://generativelanguage.googleapis.com/v1beta/openai": (
        "https://generativelanguage.googleapis.com/v1beta/openai"
    ),
    "https://generativelanguage.googleapis.com/v1beta/openai/": (
        "https://generativelanguage.googleapis.com/v1beta/openai"
    ),
    "https://res.openai.azure.com/openai/v1/": "https://res.openai.azure.com/openai/v1",
    "https://res.openai.azure.com": "https://res.openai.azure.com/openai/v1",
    "https://res.openai.azure.com/openai/": "https://res.openai.azure.com/openai/v1",
    "https://res.services.ai.azure.com": "https://res.services.ai.azure.com/openai/v1",
    "https://res.cognitiveservices.azure.com/": "https://res.cognitiveservices.azure.com/openai/v1",
    f"{DEPLOYMENT}/chat/completions?api-version=2024-10-21": f"{DEPLOYMENT}?api-version=2024-10-21",
    f"{DEPLOYMENT}?api-version=2024-10-21": f"{DEPLOYMENT}?api-version=2024-10-21",
    "https://example.com/inference/chat/completions": "https://example.com/inference",
    "http://[::1]:8000": "http://[::1]:8000/v1",
    "http://host/vllm": "http://host/vllm/v1",
}

RESPONSES = {
    "https://api.openai.com/v1/responses": "https://api.openai.com/v1",
    "https://api.openai.com": "https://api.openai.com/v1",
    "https://res.openai.azure.com/openai/v1/responses/": "https://res.openai.azure.com/openai/v1",
    "https://res.openai.azure.com/openai/v1/responses?api-version=preview": (
        "https://res.openai.azure.com/openai/v1?api-version=preview"
    ),
}

OLLAMA = {
    "http://127.0.0.1:11434": "http://127.0.0.1:11434",
    "http://127.0.0.1:11434/": "http://127.0.0.1:11434",
    "http://127.0.0.1:11434/v1": "http://127.0.0.1:11434",
    "http://127.0.0.1:11434/v1/": "http://127.0.0.1:11434",
    "http://127.0.0.1:11434/api": "http://127.0.0.1:11434",
    "http://127.0.0.1:11434/api/chat": "http://127.0.0.1:11434",
    "http://127.0.0.1:11434/v1/chat/completions": "http://127.0.0.1:11434",
    "https://proxy.example/ollama/api": "https://proxy.example/ollama",
}


@pytest.mark.parametrize(("given", "normal"), RESPONSES.items())
def test_responses_url_ends_in_its_version(given: str, normal: str) -> None:
    assert KINDS["responses"].normalize_url(checked_url(given)) == normal


@pytest.mark.parametrize(("given", "normal"), OPENAI.items())
def test_openai_address_ends_in_a_version(given: str, normal: str) -> None:
    assert KINDS["openai"].normalize_url(checked_url(given)) == normal


@pytest.mark.parametrize(("given", "normal"), OLLAMA.items())
def test_ollama_address_is_the_servers_root(given: str, normal: str) -> None:
    assert KINDS["ollama"].normalize_url(checked_url(given)) == normal


@pytest.mark.parametrize("url", sorted({*OPENAI.values(), "http://127.0.0.1:8000/v1"}))
def test_a_normal_address_with_a_version_stays_as_it_is(url: str) -> None:
    if url != "https://example.com/inference":
        assert KINDS["openai"].normalize_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1:8000", "ftp://h", "http://", "http://h:x", "http://h?x=1", "http://h#x", "h t", "//h"),
        *("http://h?api-version=1", "https://r.openai.azure.com?key=1", "https://r.openai.azure.com?"),
    ],
)
def test_what_is_no_base_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        checked_url(text)


def test_credentials_are_refused_in_a_base_url_and_taken_in_a_proxy() -> None:
    with pytest.raises(InvalidValue) as caught:
        checked_url("http://user:hunter2@host")
    assert "hunter2" not in str(caught.value)
    assert checked_proxy("http://user:hunter2@host:3128") == "http://user:hunter2@host:3128"
