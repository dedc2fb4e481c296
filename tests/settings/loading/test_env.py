"""The environment alone is a configuration, and overrides a file's keys where there is one."""

import json
from pathlib import Path

import pytest

from gateway.settings.errors import InvalidSettings
from gateway.settings.loading.env import VARIABLES
from gateway.settings.loading.load import LoadedConfig, load_config
from gateway.settings.models import ModelTarget
from gateway.settings.timeouts import timeouts_for

FILE = """
server: {host: 127.0.0.1, port: 1000, log_level: error}
defaults: {model: local/from-file}
providers:
  local: {kind: ollama, base_url: "http://127.0.0.1:11434"}
  far: {kind: openai, base_url: "http://127.0.0.1:8000"}
models:
  claude-haiku-*: local/small
  "*": far/large
"""


def alone(tmp_path: Path, **environ: str) -> LoadedConfig:
    return load_config(None, environ, folder=tmp_path)


def mistakes(tmp_path: Path, **environ: str) -> list[str]:
    with pytest.raises(InvalidSettings) as caught:
        alone(tmp_path, **environ)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_environment_alone_is_enough(tmp_path: Path) -> None:
    loaded = alone(
        tmp_path,
        PORT="9000",
        HOST="::1",
        LOG_LEVEL="DEBUG",
        PROVIDER="openai",
        PROVIDER_BASE_URL="http://127.0.0.1:8000",
        PROVIDER_API_KEY="12345",
        PROVIDER_TIMEOUT_MS="90000",
        DEFAULT_MODEL="Qwen/Qwen3",
    )
    server, provider = loaded.settings.server, loaded.settings.providers["env"]
    assert (server.host, server.port, server.log_level) == ("::1", 9000, "debug")
    assert (provider.kind, provider.base_url) == ("openai", "http://127.0.0.1:8000/v1")
    assert provider.api_key is not None
    assert provider.api_key.reveal() == "12345"
    assert timeouts_for(loaded.settings, "env").first_byte == 90
    assert loaded.settings.default_target == ModelTarget("env", "Qwen/Qwen3")
    assert loaded.path is None


@pytest.mark.parametrize(
    ("kind", "url"), [("ollama", "http://127.0.0.1:11434"), ("openai", "https://api.openai.com/v1")]
)
def test_each_kind_has_an_address_of_its_own(tmp_path: Path, kind: str, url: str) -> None:
    assert alone(tmp_path, PROVIDER=kind).settings.providers["env"].base_url == url


def test_values_name_the_variable_they_came_from(tmp_path: Path) -> None:
    sources = alone(tmp_path, PROVIDER="ollama", PORT="9000", DEFAULT_MODEL="m").sources
    assert sources["server.port"] == "environment PORT"
    assert sources["server.host"] == "default"
    assert sources["defaults.model"] == "environment DEFAULT_MODEL"
    assert sources["providers.env.kind"] == "environment PROVIDER"
    assert sources["providers.env.base_url"] == "default for ollama"


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert alone(tmp_path, PROVIDER="ollama", PORT="", HOST="").settings.server.port == 8080


def test_server_variables_override_the_files_keys(loaded) -> None:
    read = loaded(FILE, PORT="2000", LOG_LEVEL="info", DEFAULT_MODEL="far/other")
    assert (read.settings.server.port, read.settings.server.log_level) == (2000, "info")
    assert read.settings.default_target == ModelTarget("far", "other")
    assert read.sources["server.port"] == "environment PORT"
    assert read.sources["server.host"].endswith("gateway.yaml:2")


def test_provider_variables_add_a_provider_that_takes_bare_names(loaded) -> None:
    read = loaded(FILE, PROVIDER="openai", PROVIDER_BASE_URL="http://127.0.0.1:1", DEFAULT_MODEL="a/b")
    assert set(read.settings.providers) == {"local", "far", "env"}
    assert read.settings.default_target == ModelTarget("env", "a/b")


def test_files_default_model_goes_to_the_provider_of_the_environment(loaded) -> None:
    read = loaded(FILE, PROVIDER="ollama", PROVIDER_BASE_URL="http://10.0.0.7:11434")
    assert read.settings.default_target == ModelTarget("env", "from-file")
    assert read.sources["defaults.model"] == "environment PROVIDER"


def test_default_model_may_name_a_provider_of_the_file(loaded) -> None:
    read = loaded(FILE, PROVIDER="ollama", DEFAULT_MODEL="far/b")
    assert read.settings.default_target == ModelTarget("far", "b")


def test_bare_default_model_goes_to_the_only_provider(loaded) -> None:
    one = 'providers: {local: {kind: ollama, base_url: "http://127.0.0.1:1"}}'
    assert loaded(one, DEFAULT_MODEL="qwen3:4b").settings.default_target == ModelTarget("local", "qwen3:4b")


def test_bare_default_model_is_a_mistake_among_several_providers(loaded) -> None:
    with pytest.raises(InvalidSettings, match=r"environment DEFAULT_MODEL.*`local` or `far`"):
        loaded(FILE, DEFAULT_MODEL="qwen3:4b")


def test_mapped_models_match_before_the_files(loaded, tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text('{\n\t"claude-opus-*": "far/c",\n\t"claude-haiku-*": "far/ignored"\n}')
    mapped = {
        "claude-haiku-*": "local/a",
        "claude-sonnet-*": {"provider": "far", "model": "b", "vision": True},
    }
    read = loaded(FILE, MODEL_MAP_JSON=json.dumps(mapped), MODEL_MAP_FILE=str(tmp_path / "map.json"))
    assert [(rule.pattern, rule.target) for rule in read.settings.models] == [
        ("claude-haiku-*", ModelTarget("local", "a")),
        ("claude-sonnet-*", ModelTarget("far", "b", vision=True)),
        ("claude-opus-*", ModelTarget("far", "c")),
        ("*", ModelTarget("far", "large")),
    ]
    assert read.sources["models.claude-haiku-*"] == "environment MODEL_MAP_JSON"
    assert read.sources["models.claude-opus-*"] == f"{tmp_path}/map.json:2"


def test_bare_targets_of_the_map_go_to_the_provider_of_the_environment(tmp_path: Path) -> None:
    read = alone(tmp_path, PROVIDER="ollama", MODEL_MAP_JSON='{"a": "x/y", "b": {"model": "z"}}')
    assert [rule.target for rule in read.settings.models] == [
        ModelTarget("env", "x/y"),
        ModelTarget("env", "z"),
    ]


def test_mistakes_name_the_variable(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        PROVIDER="olama",
        PROVIDER_BASE_URL="127.0.0.1:1",
        PROVIDER_API_KEY="hunter2 hunter2",
        PROVIDER_TIMEOUT_MS="5s",
        PORT="http",
        LOG_LEVEL="warn",
        HOST="0.0.0.0",
        MODEL_MAP_JSON='{"a": 5}',
        MODEL_MAP_FILE="/nonexistent.json",
    )
    named = {line.split(":")[0] for line in found}
    assert named == {
        "environment PROVIDER",
        "environment PROVIDER_BASE_URL",
        "environment PROVIDER_API_KEY",
        "environment PROVIDER_TIMEOUT_MS",
        "environment PORT",
        "environment LOG_LEVEL",
        "environment HOST",
        "environment MODEL_MAP_JSON",
        "/nonexistent.json",
    }
    assert not any("hunter2" in line for line in found)
    assert any("did you mean `ollama`" in line for line in found)


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', "{}{}", ""])
def test_map_that_is_no_object_is_a_mistake(tmp_path: Path, text: str) -> None:
    if text:
        assert all(
            "MODEL_MAP_JSON" in line for line in mistakes(tmp_path, PROVIDER="ollama", MODEL_MAP_JSON=text)
        )
    else:
        assert alone(tmp_path, PROVIDER="ollama", MODEL_MAP_JSON=text)


def test_provider_variables_without_provider_say_what_is_missing(tmp_path: Path) -> None:
    (line,) = [one for one in mistakes(tmp_path, PROVIDER_BASE_URL="http://h") if "PROVIDER_BASE_URL" in one]
    assert "needs PROVIDER as well" in line


def test_every_variable_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
    assert all(f"| `{name}` |" in page for name in VARIABLES)


def test_requests_of_scripted_providers_go_to_one_file_unless_they_say_another(tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "providers:\n"
        "  a: {kind: scripted, replies: [{}]}\n"
        "  b: {kind: scripted, replies: [{}], requests: own.jsonl}\n"
        "  c: {kind: ollama, base_url: 'http://127.0.0.1:11434'}\n"
    )
    providers = load_config(path, {"GATEWAY_SCRIPTED_REQUESTS": "all.jsonl"}).settings.providers
    assert [one.requests for one in providers.values()] == ["all.jsonl", "own.jsonl", None]
