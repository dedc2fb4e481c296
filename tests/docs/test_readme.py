"""What the README says is so."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import click
import pytest

from gateway.cli import main
from gateway.settings.loading.load import load_config
from gateway.testing.upstream import Reply

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PARTS = README.split("```yaml\n")
YAML = [
    (re.findall(r"^\*\*([\w.]+?)[.:]?\*\*", before, re.MULTILINE)[-1], after.split("```")[0])
    for before, after in pairwise(PARTS)
]
KEYS = {"OPENAI_API_KEY": "sk-1", "OPENROUTER_API_KEY": "sk-2"}
FOLDERS = ("gateway/", "tests/", "config/", "docs/", "benchmarks/", ".ci/")


@pytest.fixture
def readme(page):
    return page("README.md")


def test_every_configuration_is_tested(readme):
    assert [name for name, _ in YAML] == ["Ollama", "llama.cpp", "vLLM", "OpenAI", "OpenRouter"]
    assert [text for _, text in YAML] == readme.blocks("yaml")


@pytest.mark.parametrize(("name", "text"), YAML, ids=[name for name, _ in YAML])
def test_configuration_loads(name, text, tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    settings = load_config(path, KEYS).settings
    assert settings.models[-1].pattern == "*"
    assert (settings.models[-1].target.context_window or 0) >= 32768 or name == "OpenAI"


def test_the_environment_alone_is_enough():
    line = re.search(r"`((?:[A-Z_]+=\S+ )+)gateway serve`", README)
    assert line
    settings = load_config(
        None, dict(pair.split("=", 1) for pair in line[1].split()), folder=Path("/")
    ).settings
    assert settings.providers["env"].kind == "ollama"


def options_of(name: str) -> set[str]:
    command = main.get_command(click.Context(main), name)
    assert command, name
    return {opt for param in command.params for opt in param.opts}


def test_commands_exist_with_the_options_that_are_shown():
    shown = re.findall(
        r"gateway (serve|check|demo|init|doctor|env|run)((?: URL)?(?: --[\w-]+(?: [\w./]+)?)*)", README
    )
    assert {name for name, _ in shown} >= {"serve", "check", "init", "doctor", "run"}
    for name, options in shown:
        known = options_of(name)
        assert set(re.findall(r"--[\w-]+", options)) <= known
    assert "--allow-unauthenticated" in options_of("serve")


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^make (\w+)|`make (\w+)`", README, re.MULTILINE))
    targets = {name for names in targets for name in names if name}
    assert {"demo", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_two_commands_are_on_the_first_screen():
    assert [line.split("#")[0].strip() for line in README.splitlines()[:30] if line.startswith("make ")] == [
        "make demo",
        "make test",
    ]


def test_every_path_that_is_named_exists():
    quoted = re.findall(r"`([^`\s]+)`", README)
    paths = {path for path in quoted if path.startswith(FOLDERS) or path in ("compose.yaml", "LICENSE")}
    assert len(paths) > 20
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_the_map_of_the_code_names_every_part(readme):
    named = set(re.findall(r"`(gateway/[^`]+)`", "\n".join(" ".join(row) for row in readme.rows("| path |"))))
    parts = {
        f"gateway/{path.name}/" for path in (ROOT / "gateway").iterdir() if (path / "__init__.py").exists()
    }
    covered = {name for part in parts for name in named if name.startswith(part)}
    missing = {part for part in parts if not any(name.startswith(part) for name in covered)}
    assert not missing


def test_three_ways_of_setting_claude_code_up_say_the_same(readme):
    bash = dict(re.findall(r"^export (\w+)=(\S+)$", readme.blocks("bash")[2], re.MULTILINE))
    shell = dict(re.findall(r'^\$env:(\w+) = "(.*)"$', readme.blocks("powershell")[0], re.MULTILINE))
    settings = json.loads(readme.blocks("json")[0])["env"]
    assert bash == shell == settings
    assert bash["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:8080"


def test_the_python_example_runs(readme, gateway, upstream, capsys):
    upstream.script(Reply(text="Hello from the README."))
    (code,) = readme.blocks("python")
    exec(code.replace("http://127.0.0.1:8080", gateway.url), {})
    assert capsys.readouterr().out == "Hello from the README.\n"
