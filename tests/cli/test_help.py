"""What `--help` shows."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from gateway.cli import COMMANDS, main


def test_the_group_shows_examples() -> None:
    text = CliRunner().invoke(main, ["--help"]).output
    assert text.count("Examples:") == 1
    assert all(f" {name} " in text for name in COMMANDS)


@pytest.mark.parametrize("command", [*([name] for name in COMMANDS), ["routes", "explain"]], ids=" ".join)
def test_a_command_does_not_show_the_groups_examples(command: list[str]) -> None:
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert "Examples:" not in result.output
