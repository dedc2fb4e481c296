"""docs/commands.md shows the commands as they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gateway.cli import COMMANDS, main
from gateway.doctor.examination import FULL
from gateway.settings.loading.load import load_config

ROOT = Path(__file__).parents[2]


@pytest.fixture
def commands(page):
    return page("docs/commands.md")


def test_every_command_is_listed(commands):
    listed = {re.match(r"`gateway ([\w-]+)", row[0])[1] for row in commands.rows("| command |")}
    assert listed == set(COMMANDS)


def test_every_trial_is_explained(commands):
    explained = [row[0] for row in commands.rows("| tried |")]
    assert [name for name in explained if name not in ("streams", "usage", "named call")] == [
        trial.name for trial in FULL
    ]
    shown = next(block for block in commands.blocks("console") if "gateway doctor" in block)
    assert re.findall(r"^([a-z][a-z ]+?) +(?:yes|no|unknown|partly) ", shown, re.MULTILINE) == explained


def test_options_that_are_shown_exist(commands):
    context = click.Context(main)
    for name, rest in re.findall(r"\$ gateway (\w+)(.*)", commands.text):
        command = main.get_command(context, name)
        known = {option for param in command.params for option in param.opts}
        assert set(re.findall(r"--[\w-]+", rest.split(" -- ")[0])) <= known


def test_the_environment_is_what_the_command_prints(commands):
    (block,) = [block for block in commands.blocks("console") if block.startswith("$ gateway env")]
    line, _, shown = block.partition("\n")
    arguments = line.removeprefix("$ gateway ").split()
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == shown


def test_the_file_that_init_wrote_loads(commands, tmp_path):
    (text,) = commands.blocks("yaml")
    (tmp_path / "gateway.yaml").write_text(text)
    settings = load_config(tmp_path / "gateway.yaml", {"DEEPSEEK_API_KEY": "k"}).settings
    assert list(settings.providers) == ["llamacpp", "deepseek"]
