"""The configurations on disk: what is good loads, what is bad carries its mistakes in its header.

A header line is `# expect: LINE: key.path: message` or `# environ: NAME=value`. `-` stands where there is no
line, and the place with its file where the mistake is in a file that is included.
`GATEWAY_REWRITE_EXPECTATIONS=1` writes the headers anew; the diff is the review.
"""

import os
import re
from pathlib import Path

import pytest

from gateway.cli.check import CheckReport
from gateway.routing.table import RouteTable
from gateway.settings.errors import InvalidSettings, SettingsMistake
from gateway.settings.loading.load import LoadedConfig, load_config
from gateway.settings.models import ModelTarget

CONFIGS = Path(__file__).parent / "configs"
REPOSITORY = Path(__file__).parents[2]
BAD = sorted((CONFIGS / "bad").glob("*.yaml"))
GOOD = sorted((CONFIGS / "good").glob("*.yaml"))
EXAMPLES = sorted((REPOSITORY / "config" / "examples").glob("*.yaml"))
SECRET = "hunter2"


def header(path: Path, word: str) -> list[str]:
    return re.findall(rf"^# {word}: (.*)$", path.read_text(), re.MULTILINE)


def environ_of(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in header(path, "environ"))


def mistakes_in(path: Path) -> tuple[SettingsMistake, ...]:
    """What `check` reports: what cannot be used, or can never be reached."""
    try:
        loaded = load_config(Path(path.name), {"CLIENT_KEY": f"k-{SECRET}", "WORD": SECRET})
    except InvalidSettings as refused:
        return refused.mistakes
    return CheckReport.of(loaded).mistakes


def as_header(mistake: SettingsMistake, path: Path) -> str:
    file, _, line = mistake.where.rpartition(":")
    place = line if file == path.name else mistake.where if file.startswith("parts/") else "-"
    return ": ".join(part for part in (place, mistake.path, mistake.message) if part)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file_is_refused_with_exactly_the_mistakes_in_its_header(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    found = [as_header(mistake, path) for mistake in mistakes_in(path)]
    if os.environ.get("GATEWAY_REWRITE_EXPECTATIONS"):
        rewrite(path, len(found))
        found = [as_header(mistake, path) for mistake in mistakes_in(path)]
        rewrite(path, 0, found)
    assert found == header(path, "expect")
    assert found


def rewrite(path: Path, lines: int, expected: list[str] | None = None) -> None:
    """A header of the right length first, so that the line numbers are right, then the right header."""
    body = re.sub(r"^# expect: .*\n", "", path.read_text(), flags=re.MULTILINE)
    expected = expected if expected is not None else ["-"] * lines
    path.write_text("".join(f"# expect: {line}\n" for line in expected) + body)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_no_mistake_shows_a_secret(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    for mistake in mistakes_in(path):
        assert SECRET not in str(mistake)
        assert "12345" not in str(mistake)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file_loads(path: Path) -> None:
    settings = load_config(path, environ_of(path)).settings
    assert settings.providers


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_settings_show_no_secret_in_their_repr(path: Path) -> None:
    text = repr(load_config(path, environ_of(path)))
    for secret in ("client-secret", "plain-secret", "from-a-file", "123456", "password", "10.0.0.7-b"):
        assert secret not in text


def test_there_is_an_example_for_each_usual_server() -> None:
    usual = {
        "llamacpp",
        "ollama",
        "vllm",
        "lmstudio",
        "openai",
        "openrouter",
        "deepseek",
        "mixed",
        "team",
        "tests",
    }
    assert usual <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_loads_and_begins_with_two_lines_of_explanation(path: Path) -> None:
    names = re.findall(r"\$\{(\w+)\}", path.read_text())
    loaded = load_config(path, {name: f"a-key-of-{name}" for name in names})
    assert loaded.settings.models or loaded.settings.routes
    assert CheckReport.of(loaded).mistakes == ()
    schema, *lines = path.read_text().splitlines()
    assert schema == "# yaml-language-server: $schema=../gateway.schema.json"
    assert [line.startswith("# ") for line in lines[:3]] == [True, True, False]


def shipped() -> LoadedConfig:
    return load_config(REPOSITORY / "config" / "gateway.yaml", {})


def test_shipped_file_needs_no_variable_and_sends_everything_to_ollama() -> None:
    settings = shipped().settings
    (target,) = RouteTable.build(settings).named("claude-anything").targets
    assert [provider.kind for provider in settings.providers.values()] == ["ollama"]
    assert target == ModelTarget("local", "qwen3-coder:30b", context_window=32768)


@pytest.mark.parametrize("variables", [{"DEFAULT_MODEL": "m"}, {}], ids=["model", "no model"])
def test_shipped_file_gives_way_to_a_provider_of_the_environment(variables: dict[str, str]) -> None:
    environ = {"PROVIDER": "openai", "PROVIDER_BASE_URL": "http://127.0.0.1:8000", **variables}
    settings = load_config(REPOSITORY / "config" / "gateway.yaml", environ).settings
    assert RouteTable.build(settings).named("claude-anything").targets[0].provider == "env"


def test_shipped_file_stays_good_when_every_commented_key_is_uncommented(tmp_path: Path) -> None:
    text = (REPOSITORY / "config" / "gateway.yaml").read_text()
    path = tmp_path / "gateway.yaml"
    path.write_text(re.sub(r"^  # ", "  ", text, flags=re.MULTILINE))
    settings = load_config(path, {"CLIENT_KEY": "k", "ADMIN_KEY": "a"}).settings
    assert settings.defaults.model
    assert set(settings.providers) == {"local", "vllm"}
    assert settings.server.keys
    assert len(settings.models) == 3
