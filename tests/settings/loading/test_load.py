"""File, environment and command line become settings, or every mistake at once."""

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.settings.errors import InvalidSettings
from gateway.settings.loading.load import LoadedConfig, find_config, load_config

ONE = 'providers: {%s: {kind: ollama, base_url: "http://127.0.0.1:11434"}}\n'
OPEN = ONE % "local" + "server: {host: %s}\n"


def write(path: Path, provider: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ONE % provider)
    return path


def provider_of(loaded: LoadedConfig) -> str:
    return next(iter(loaded.settings.providers))


def test_file_is_looked_for_in_order(tmp_path: Path) -> None:
    named = write(tmp_path / "named.yaml", "named")
    variable = write(tmp_path / "variable.yaml", "variable")
    environ = {"GATEWAY_CONFIG": str(variable)}
    write(tmp_path / "gateway.yaml", "plain")
    assert provider_of(load_config(None, {}, folder=tmp_path)) == "plain"
    write(tmp_path / "config" / "gateway.yaml", "folder")
    assert provider_of(load_config(None, {}, folder=tmp_path)) == "folder"
    assert provider_of(load_config(None, environ, folder=tmp_path)) == "variable"
    assert provider_of(load_config(named, environ, folder=tmp_path)) == "named"


def test_file_is_looked_for_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "config" / "gateway.yaml", "here")
    monkeypatch.chdir(tmp_path)
    assert find_config(None, {}) == Path("config/gateway.yaml")
    assert load_config(None, {}).sources["providers.here.kind"] == "config/gateway.yaml:1"


def test_named_file_must_exist(tmp_path: Path) -> None:
    write(tmp_path / "gateway.yaml", "plain")
    with pytest.raises(InvalidSettings, match=r"missing\.yaml: cannot be read: No such file"):
        load_config(tmp_path / "missing.yaml", {}, folder=tmp_path)
    with pytest.raises(InvalidSettings, match=r"gone\.yaml: cannot be read: No such file"):
        load_config(None, {"GATEWAY_CONFIG": "gone.yaml"}, folder=tmp_path)


def test_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="Is a directory"):
        load_config(tmp_path, {})


def test_with_nothing_at_all_it_says_what_to_write_export_or_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, {"PORT": "1"}, folder=tmp_path)
    for words in ("gateway demo", "export PROVIDER=ollama", "config/gateway.yaml", "providers:"):
        assert words in caught.value.message


def test_what_it_says_to_write_loads(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, {}, folder=tmp_path)
    lines = caught.value.message.split("write config/gateway.yaml:\n")[1].splitlines()
    (tmp_path / "gateway.yaml").write_text("\n".join(line.removeprefix("      ") for line in lines))
    assert load_config(None, {}, folder=tmp_path).settings.models


def test_command_line_wins_over_everything(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(ONE % "local" + "server: {port: 1, host: 127.0.0.2}\n")
    loaded = load_config(path, {"PORT": "2", "HOST": "127.0.0.3"}, host="127.0.0.4", port=3)
    assert (loaded.settings.server.host, loaded.settings.server.port) == ("127.0.0.4", 3)
    assert loaded.sources["server.host"] == "--host"
    assert loaded.sources["server.port"] == "--port"


def test_mistake_on_the_command_line_names_the_option(tmp_path: Path) -> None:
    path = write(tmp_path / "f.yaml", "local")
    with pytest.raises(InvalidSettings, match=r"--host: server.host: `0\.0\.0\.0` can be reached"):
        load_config(path, {}, host="0.0.0.0")
    with pytest.raises(InvalidSettings, match=r"--port: server.port: expected at least 0"):
        load_config(path, {}, port=99999)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", '"::1"', '"[::1]"'])
def test_loopback_needs_no_keys(loaded, host: str) -> None:
    assert not loaded(OPEN % host).settings.server.keys


@pytest.mark.parametrize("host", ["0.0.0.0", '"::"', "192.168.1.5", "example.com", '"${WHERE}"'])
def test_any_other_address_needs_keys_and_the_refusal_names_containers(loaded, host: str) -> None:
    with pytest.raises(InvalidSettings, match=r"server\.keys.*container.*--allow-unauthenticated"):
        loaded(OPEN % host, WHERE="0.0.0.0")


def test_keys_that_are_all_empty_are_no_keys(loaded) -> None:
    with pytest.raises(InvalidSettings, match=r"without `server\.keys`"):
        loaded(ONE % "local" + 'server: {host: 0.0.0.0, keys: ["${CLIENT_KEY:-}"]}\n')


def test_flag_allows_an_open_address_without_keys(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(OPEN % "0.0.0.0")
    assert load_config(path, {}, allow_unauthenticated=True).settings.server.host == "0.0.0.0"


def test_mistakes_of_every_step_come_at_once_in_the_order_of_the_file(loaded) -> None:
    text = """\
server:
  port: 1
  port: 2
  host: 0.0.0.0
  ping_every: soon
defaults: {model: nowhere/x}
providers:
  local: {kind: ollama, base_url: "http://h", api_key: "${UNSET}", zzz: 1}
models: {a: local}
"""
    with pytest.raises(InvalidSettings) as caught:
        loaded(text, PORT="x")
    where = [mistake.where.rpartition("gateway.yaml:")[2] for mistake in caught.value.mistakes]
    assert where == ["environment PORT", "3", "4", "5", "6", "8", "8", "9"]
    assert caught.value.message.startswith(
        "The configuration has 8 mistakes:\n  environment PORT: server.port"
    )


def test_empty_reference_means_not_said(loaded) -> None:
    text = 'providers: {p: {kind: openai, base_url: "http://h", api_key: "${KEY:-}", preset: "${PRESET:-}"}}'
    provider = loaded(text).settings.providers["p"]
    assert provider.api_key is None
    assert provider.preset is None


def test_key_of_a_client_may_look_like_a_number(loaded) -> None:
    (key,) = loaded(ONE % "local" + 'server: {keys: ["${K}"]}', K="0123").settings.server.keys
    assert key.key.reveal() == "0123"


def test_default_target_is_the_default_model_split(loaded) -> None:
    target = loaded(ONE % "local" + "defaults: {model: local/Qwen/Qwen2.5}").settings.default_target
    assert target is not None
    assert (target.provider, target.model) == ("local", "Qwen/Qwen2.5")


KEYS = st.sampled_from(
    "server defaults providers models host port keys log_level model timeouts idle kind base_url api_key "
    "headers retries verify provider context_window local * claude-* default_target x".split()
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        "ollama openai http://127.0.0.1 local/x 5s ${X} ${X:-y} ${ file:/none file: true 80 vllm".split()
    ),
    st.text(max_size=5),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TREES)
@example({"models": {"a": {"provider": [], "model": {}}}, "providers": {"x": None}})
def test_any_tree_loads_or_is_refused_with_mistakes(tmp_path: Path, tree: object) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    with contextlib.suppress(InvalidSettings):
        assert load_config(path, {"X": "1"}).settings.providers


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@`#,? \t\n${}", max_size=40))
def test_any_text_loads_or_is_refused_with_mistakes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(text)
    with pytest.raises(InvalidSettings):
        load_config(path, {})


def test_every_file_that_was_read_is_known(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret-key")
    (tmp_path / "ca.pem").write_text("certificate")
    (tmp_path / "map.json").write_text('{"claude-*": "m"}')
    path = tmp_path / "gateway.yaml"
    up = f'kind: openai, base_url: "http://127.0.0.1:1", api_key: "file:key", ca_file: {tmp_path / "ca.pem"}'
    path.write_text(f"providers: {{up: {{{up}}}}}\n")
    loaded = load_config(path, {"MODEL_MAP_FILE": str(tmp_path / "map.json")})
    assert set(loaded.files) == {path, tmp_path / "key", tmp_path / "ca.pem", tmp_path / "map.json"}


def test_files_that_are_missing_are_known_too(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text('providers: {up: {kind: openai, base_url: "http://127.0.0.1:1", api_key: "file:key"}}\n')
    with pytest.raises(InvalidSettings) as refused:
        load_config(path, {})
    assert refused.value.files == (path, tmp_path / "key")
    path.unlink()
    with pytest.raises(InvalidSettings) as refused:
        load_config(path, {})
    assert refused.value.files == (path,)
