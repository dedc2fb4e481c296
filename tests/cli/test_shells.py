"""The environment in the words of each shell."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from gateway.cli.environment import Environment, EnvVariable
from gateway.cli.shells import guess_shell, render_environment

ODD = """it's "a" $HOME `id` \\ back\\'s ; | & # no comment %PATH% ü"""
ENVIRONMENT = Environment(
    (
        EnvVariable("ANTHROPIC_BASE_URL", "http://127.0.0.1:8080"),
        EnvVariable("ANTHROPIC_MODEL", ODD, "what it is"),
        EnvVariable("ANTHROPIC_AUTH_TOKEN", "hunter2", "", "CLIENT_KEY"),
    ),
    notes=("A note with `backticks` and $(id).",),
    warnings=("A warning.",),
    unset=("ANTHROPIC_API_KEY", "OTHER"),
)
SHOW = "ANTHROPIC_BASE_URL ANTHROPIC_MODEL ANTHROPIC_AUTH_TOKEN ANTHROPIC_API_KEY"


def in_shell(shell: str, script: str, show: str) -> list[str]:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    environ = {
        "PATH": "/usr/bin:/bin",
        "CLIENT_KEY": "from-outside",
        "ANTHROPIC_API_KEY": "sk-real",
        "HOME": "/h",
    }
    done = subprocess.run(
        [shell, "-c", f"{script}\n{show}"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert done.stderr == ""
    return done.stdout.split("\0")


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_value_reaches_the_shell_as_it_is(shell):
    show = f'for name in {SHOW}; do eval "printf \'%s\\0\' \\"\\${{$name-unset}}\\""; done'
    values = in_shell(shell, render_environment(ENVIRONMENT, "bash"), show)
    assert values[:4] == ["http://127.0.0.1:8080", ODD, "from-outside", "unset"]


def test_bash_takes_it_through_eval():
    script = "eval \"$(cat <<'END'\n" + render_environment(ENVIRONMENT, "bash") + 'END\n)"'
    assert in_shell("bash", script, 'printf "%s\\0" "$ANTHROPIC_MODEL"')[0] == ODD


def test_fish_quotes_backslash_and_quote():
    text = render_environment(ENVIRONMENT, "fish")
    line = next(line for line in text.splitlines() if line.startswith("set -gx ANTHROPIC_MODEL"))
    quoted = re.fullmatch(r"set -gx ANTHROPIC_MODEL '((?:[^'\\]|\\['\\])*)'    # what it is", line)
    assert quoted, line
    assert re.sub(r"\\(['\\])", r"\1", quoted[1]) == ODD
    assert 'set -gx ANTHROPIC_AUTH_TOKEN "$CLIENT_KEY"' in text
    assert "set -e ANTHROPIC_API_KEY OTHER" in text


def test_powershell_doubles_every_kind_of_single_quote():
    curly = Environment((EnvVariable("A", "it's \u2019 and $x"),), unset=("B",))
    text = render_environment(curly, "powershell")
    assert "$env:A = 'it''s \u2019\u2019 and $x'" in text
    assert "Remove-Item Env:B -ErrorAction SilentlyContinue" in text
    assert "$env:ANTHROPIC_AUTH_TOKEN = $env:CLIENT_KEY" in render_environment(ENVIRONMENT, "powershell")


def test_vscode_gets_its_setting_under_comments():
    text = render_environment(ENVIRONMENT, "vscode")
    comments = [line for line in text.splitlines() if line.startswith("//")]
    assert len(comments) == 3
    said = json.loads("\n".join(line for line in text.splitlines() if not line.startswith("//")))
    pairs = {one["name"]: one["value"] for one in said["claudeCode.environmentVariables"]}
    assert pairs["ANTHROPIC_MODEL"] == ODD
    assert pairs["ANTHROPIC_AUTH_TOKEN"] == "<the value of CLIENT_KEY>"


def test_claude_codes_own_settings_are_plain_json():
    assert json.loads(render_environment(ENVIRONMENT, "claude"))["env"]["ANTHROPIC_MODEL"] == ODD


@pytest.mark.parametrize("shell", ["bash", "fish", "powershell", "vscode", "claude"])
def test_a_key_with_a_variable_is_never_written(shell):
    assert "hunter2" not in render_environment(ENVIRONMENT, shell)


def test_the_shell_is_guessed():
    assert guess_shell({}, "win32") == "powershell"
    assert guess_shell({"SHELL": "/usr/bin/fish"}, "linux") == "fish"
    assert guess_shell({"SHELL": "/bin/zsh"}, "darwin") == "bash"
