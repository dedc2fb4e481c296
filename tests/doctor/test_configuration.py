"""What is written loads, says what was found, and holds no text of a server but as text."""

from __future__ import annotations

import pytest
import yaml

from gateway.cli.check import CheckReport
from gateway.doctor.cloud_providers import CLOUDS, with_key
from gateway.doctor.configuration import (
    ProviderEntry,
    gateway_port,
    provider_names,
    render_config,
    yaml_scalar,
)
from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.settings.loading.load import load_config

QWEN = DetectedModel("qwen3-coder:30b", largest=262144, tools=True, vision=False, reasoning=True)
SMALL = DetectedModel("qwen3:4b", largest=8192)
OLLAMA = DetectedServer("Ollama", "ollama", "http://127.0.0.1:11434", "", models=(QWEN, SMALL))
LLAMACPP = DetectedServer(
    "llama.cpp",
    "openai",
    "http://127.0.0.1:8080/v1",
    "",
    preset="llamacpp",
    models=(DetectedModel("m", window=65536),),
)
CLOUD = DetectedServer(
    "OpenRouter", "openai", "https://openrouter.ai/api/v1", "", models=(DetectedModel("a/b", output=9000),)
)


def entries(*servers: DetectedServer, key: str = "") -> list[ProviderEntry]:
    return [ProviderEntry(server, server.chats[0], key) for server in servers]


def loaded(text: str, tmp_path, environ=None):
    path = tmp_path / "gateway.yaml"
    path.write_text(text, encoding="utf-8")
    found = load_config(path, environ or {})
    assert CheckReport.of(found).mistakes == ()
    return found.settings


def test_what_is_written_says_what_was_found(tmp_path):
    settings = loaded(render_config(entries(LLAMACPP), ["A title."]), tmp_path)
    provider = settings.providers["llamacpp"]
    assert (provider.kind, provider.preset, provider.base_url) == ("openai", "llamacpp", LLAMACPP.url)
    assert provider.timeouts.first_byte == 1800
    (rule,) = settings.models
    assert (rule.pattern, rule.target.model, rule.target.context_window) == ("*", "m", 65536)
    assert rule.target.vision is None, "what nobody found out is not written"


def test_ollama_gets_a_window_that_is_useful_and_possible(tmp_path):
    settings = loaded(render_config(entries(OLLAMA), []), tmp_path)
    target = settings.models[-1].target
    assert (target.context_window, target.vision, target.reasoning) == (32768, False, True)
    text = render_config([ProviderEntry(OLLAMA, SMALL)], [])
    assert loaded(text, tmp_path).models[-1].target.context_window == 8192
    assert "too few for Claude Code" in text


def test_other_models_are_listed_as_comments():
    assert (
        "\n  # ollama/qwen3:4b: {provider: ollama, model: qwen3:4b, context_window: 8192}\n"
        in render_config(entries(OLLAMA), [])
    )


def test_every_entry_can_be_reached_and_the_first_takes_the_rest(tmp_path):
    settings = loaded(render_config(entries(OLLAMA, LLAMACPP, CLOUD), []), tmp_path)
    assert [rule.pattern for rule in settings.models] == ["llamacpp/m", "openrouter/a/b", "*"]
    assert settings.models[-1].target.provider == "ollama"


def test_the_port_of_a_model_server_is_left_to_it(tmp_path):
    assert gateway_port(entries(OLLAMA)) == 8080
    assert loaded(render_config(entries(LLAMACPP), []), tmp_path).server.port == 8081


def test_two_servers_of_one_product_get_two_names():
    assert provider_names(entries(LLAMACPP, OLLAMA, LLAMACPP)) == ["llamacpp", "ollama", "llamacpp-2"]


def test_a_key_is_written_as_the_name_of_its_variable(tmp_path):
    text = render_config(entries(CLOUD, key="OPENROUTER_API_KEY"), [])
    assert "api_key: ${OPENROUTER_API_KEY}" in text
    settings = loaded(text, tmp_path, {"OPENROUTER_API_KEY": "sk-1"})
    assert settings.providers["openrouter"].api_key.reveal() == "sk-1"


HOSTILE = [
    'x", kind: evil',
    "${HOME}",
    "- a",
    "yes",
    "8",
    "1e3",
    "null",
    "a: b",
    "# no",
    "*star",
    "{x}",
    "ü\u2028",
    "'",
    "a\\b",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_name_of_a_model_stays_text(name, tmp_path):
    server = DetectedServer(
        "x", "openai", "http://127.0.0.1:9/v1", "", models=(DetectedModel(name), DetectedModel(name + "2"))
    )
    settings = loaded(render_config(entries(server), [name]), tmp_path, {"HOME": "/secret"})
    assert settings.models[-1].target.model == name


@pytest.mark.parametrize("name", ["qwen3-coder:30b", "Qwen/Qwen3-30B", "m.gguf"])
def test_ordinary_names_stand_without_quotes(name):
    assert yaml_scalar(name) == name
    assert yaml.safe_load(f"{{model: {yaml_scalar(name)}}}") == {"model": name}


def test_a_title_is_a_comment_whatever_is_in_it(tmp_path):
    text = render_config(entries(LLAMACPP), ["one\nproviders: {}", "\x1b[31mred"])
    assert text.startswith("# one providers: {}\n# [31mred\n")
    loaded(text, tmp_path)


def test_every_provider_with_a_key_gives_a_configuration(tmp_path):
    environ = {cloud.variable: f"key-{number}" for number, cloud in enumerate(CLOUDS)}
    found = list(with_key(environ))
    assert found == list(CLOUDS)
    listed = [
        ProviderEntry(cloud.server, cloud.server.models[0], cloud.variable, "a comment") for cloud in found
    ]
    text = render_config(listed, [])
    settings = loaded(text, tmp_path, environ)
    assert len(settings.providers) == len(CLOUDS)
    assert not any(key in text for key in environ.values())
