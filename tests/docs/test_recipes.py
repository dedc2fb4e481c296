"""Each recipe of CONTRIBUTING.md is followed in a copy of the repository, and its own commands prove it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
COPIED = (
    "gateway",
    "docs",
    "config",
    "pyproject.toml",
    "Makefile",
    "tests/docs",
    "tests/integration/notice_cases.py",
    "tests/integration/test_notices.py",
    "tests/settings",
    "tests/upstreams/openai/test_request.py",
    "tests/upstreams/test_presets.py",
    "tests/goldens/presets",
)
PYTEST = " ".join(
    f"-p no:{name}" for name in ("cacheprovider", "xdist", "faker", "anyio", "hypothesispytest")
)
"""Without the plugins that take seconds to import."""


class Copy:
    """A copy of what the recipes change and check."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in COPIED:
            source, target = ROOT / name, root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)  # with its bytecode, which saves seconds
            else:
                shutil.copy(source, target)

    def edit(self, name: str, pattern: str, replacement: str) -> None:
        """Replace the one match of `pattern`."""
        path = self.root / name
        text, count = re.subn(
            pattern, lambda match: match.expand(replacement), path.read_text(), flags=re.DOTALL
        )
        assert count == 1, f"{name}: {pattern!r} has {count} matches"
        path.write_text(text)

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def run(self, title: str, only: str = "") -> str:
        """The commands of the recipe. `only`: pytest's -k, to leave out what starts processes."""
        output = ""
        for command in commands_of(title):
            done = subprocess.run(
                ["bash", "-ec", runnable(command, only)],
                cwd=self.root,
                env=environ(self.root),
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            output += done.stdout
        return output


def commands_of(title: str) -> list[str]:
    found = re.search(
        rf"^### {re.escape(title)}\n(?:(?!^#).)*?^```\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL
    )
    assert found, title
    return found[1].splitlines()


def runnable(command: str, only: str) -> str:
    """The command with this interpreter in the place of .venv."""
    if command == "make docs":
        recipe = re.search(r"^docs:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert recipe
        return recipe[1].replace("\t", "").replace("$(PY)", sys.executable)
    selected = f"{PYTEST} -k '{only}'" if only else PYTEST
    command = re.sub(r"\.venv/bin/pytest(.*)", rf"{sys.executable} -m pytest\1 {selected}", command)
    command = command.replace(".venv/bin/gateway", f"{sys.executable} -m gateway")
    return command.replace("NAME", "recipe").replace("KIND", "openai")


def environ(root: Path) -> dict[str, str]:
    """Nothing of the run that this test belongs to."""
    own = ("PYTEST_", "GATEWAY_", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return kept | {"PYTHONPATH": str(root)}


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def a_notice(copy: Copy) -> None:
    row = '    "dropped.recipe": NoticeKind("what this test drops"),\n'
    copy.edit("gateway/notices.py", r'(?=    "dropped\.role": NoticeKind)', row)
    copy.edit("gateway/notices.py", r'(?=    "dropped\.role",\n)', '    "dropped.recipe",\n')
    emitted = 'from gateway.parts import Notice\n\nLOSS = Notice("dropped.recipe", "a detail")\n'
    copy.write("gateway/upstreams/request/recipe.py", emitted)
    copy.edit("tests/integration/notice_cases.py", r"\Z", '\nCASES["dropped.recipe"] = Case()\n')
    copy.run("A notice", "page or table")
    assert "| `dropped.recipe` | what this test drops | the request | |" in copy.read("docs/notices.md")


def a_switch(copy: Copy) -> None:
    field = '    recipe_switch: bool = False\n    """What this test switches on."""\n'
    copy.edit("gateway/settings/quirks.py", r"(?=\n\nPLAIN = Quirks\(\))", field)
    copy.edit(
        "gateway/settings/quirks.py", r"(READ_BY: .*?)(\n\}\n)", r'\1\n    "recipe_switch": ("openai",),\2'
    )
    reading = "def reads(quirks):\n    return quirks.recipe_switch\n"
    copy.write("gateway/upstreams/openai/recipe.py", reading)
    asserted = "from gateway.upstreams.openai.recipe import reads\n\n\ndef test_recipe():\n"
    asserted += "    assert reads(quirks(recipe_switch=True))\n"
    copy.edit("tests/upstreams/openai/test_request.py", r"\Z", asserted)
    copy.edit(
        "gateway/upstreams/presets.py", r'("vllm": evolve\([^\n]*\n\s*_LOCAL,)', r"\1 recipe_switch=True,"
    )
    copy.run("A switch (quirk)")
    assert "| `recipe_switch` | What this test switches on. Only for kind `openai`. |" in copy.read(
        "docs/configuration.md"
    )


def a_preset(copy: Copy) -> None:
    copy.edit("gateway/settings/kinds.py", r'(Preset = Literal\[\n    "plain",\n)', r'\1    "recipe",\n')
    row = r'\1    "recipe": evolve(PLAIN, family="recipe", top_k=True),\n'
    copy.edit("gateway/upstreams/presets.py", r"(\nPRESETS: [^\n]*\{\n)", row)
    copy.edit("gateway/upstreams/presets.py", r"(\n_HOSTS = \{\n)", r'\1    "api.recipe.test": "recipe",\n')
    copy.run("A preset")
    assert json.loads(copy.read("tests/goldens/presets/recipe.json"))["sent"]["top_k"] == 20


def a_setting(copy: Copy) -> None:
    field = '    recipe_wait: Seconds = 3.0\n    """How long this test waits. Example: `5s`."""\n'
    copy.edit("gateway/settings/server.py", r"\Z", field)
    bad = 'providers:\n  a: {kind: ollama, base_url: "http://127.0.0.1"}\nserver: {recipe_wait: soon}\n'
    copy.write("tests/settings/configs/bad/recipe.yaml", bad)
    copy.run("A setting", "recipe or page")
    first, *_ = copy.read("tests/settings/configs/bad/recipe.yaml").splitlines()
    assert first.startswith("# expect: 4: server.recipe_wait: expected a duration")
    assert "| `recipe_wait` | How long this test waits. |" in copy.read("docs/configuration.md")


def a_command(copy: Copy) -> None:
    module = '''\
import click
import rich_click


@rich_click.command()
def recipe() -> None:
    """Say what this test says."""
    click.echo("said")
'''
    copy.write("gateway/cli/recipe.py", module)
    row = r'\1    "recipe": "gateway.cli.recipe",\n'
    copy.edit("gateway/cli/__init__.py", r"(\nCOMMANDS: [^\n]*\{\n)", row)
    copy.edit("docs/commands.md", r"(?=\| `gateway init` \|)", "| `gateway recipe` | says it | 0 |\n")
    assert "Say what this test says." in copy.run("A command")


FOLLOWED_ELSEWHERE = ("An upstream kind", "A content block type")
"""In `test_recipe_new_kind.py` and `test_recipe_new_block.py`."""
RECIPES: dict[str, Callable[[Copy], None]] = {
    "A notice": a_notice,
    "A switch (quirk)": a_switch,
    "A preset": a_preset,
    "A setting": a_setting,
    "A command": a_command,
}


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_leads_to_what_it_promises(title, copy):
    RECIPES[title](copy)


def test_every_recipe_is_followed():
    section = TEXT.partition("\n## Recipes\n")[2].partition("\n## ")[0]
    assert re.findall(r"^### (.*)$", section, re.MULTILINE) == [*FOLLOWED_ELSEWHERE, *RECIPES]


def test_the_paths_that_are_named_exist():
    named = set(re.findall(r"`((?:gateway|tests|docs|config|tools|\.github)/[^`\s]+)`", TEXT)) - {
        "gateway/cli/NAME.py",
        "gateway/upstreams/NAME/",
        "tests/upstreams/NAME/",
        "tests/upstreams/KIND/test_request.py",
    }
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_make_targets_exist():
    targets = set(
        re.findall(r"\bmake (\w+)", "\n".join(re.findall(r"^make .*|`make \w+`", TEXT, re.MULTILINE)))
    )
    assert targets >= {"clients", "unit", "lint", "test", "docs", "site"}
    makefile = (ROOT / "Makefile").read_text()
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
