"""An environment in the syntax of a shell, or of an editor's settings.

Rules:
- The content of a value is never interpreted (`test_value_reaches_the_shell_as_it_is`).
- Comments are notes of one line; if a format has none, the caller shows them elsewhere.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

from gateway.cli.environment import Environment, EnvVariable

Shell = Literal["bash", "fish", "powershell", "vscode", "claude"]


def render_environment(environment: Environment, shell: Shell) -> str:
    return "\n".join(_FORMATS[shell](environment)) + "\n"


def has_comments(shell: Shell) -> bool:
    return shell != "claude"


def guess_shell(environ: Mapping[str, str], platform: str) -> Shell:
    if platform == "win32":
        return "powershell"
    return "fish" if environ.get("SHELL", "").endswith("fish") else "bash"


def _bash(environment: Environment) -> Iterator[str]:
    def line(one: EnvVariable) -> str:
        value = f'"{one.prefix}${one.reference}"' if one.reference else shlex.quote(one.value)
        return f"export {one.name}={value}"

    yield from _lines(environment, line, lambda names: f"unset {' '.join(names)}")


def _fish(environment: Environment) -> Iterator[str]:
    def line(one: EnvVariable) -> str:
        escaped = one.value.replace("\\", "\\\\").replace("'", "\\'")
        value = f'"{one.prefix}${one.reference}"' if one.reference else f"'{escaped}'"
        return f"set -gx {one.name} {value}"

    yield from _lines(environment, line, lambda names: f"set -e {' '.join(names)}")


_QUOTES = "'\u2018\u2019\u201a\u201b"
"""All characters that PowerShell accepts as a single quote."""


def _powershell(environment: Environment) -> Iterator[str]:
    def line(one: EnvVariable) -> str:
        doubled = "".join(letter * 2 if letter in _QUOTES else letter for letter in one.value)
        reference = f'"{one.prefix}$env:{one.reference}"' if one.prefix else f"$env:{one.reference}"
        return f"$env:{one.name} = " + (reference if one.reference else f"'{doubled}'")

    def unset(names: Iterable[str]) -> str:
        paths = ", ".join(f"Env:{name}" for name in names)
        return f"Remove-Item {paths} -ErrorAction SilentlyContinue"

    yield from _lines(environment, line, unset)


def _lines(
    environment: Environment, line: Callable[[EnvVariable], str], unset: Callable[[Iterable[str]], str]
) -> Iterator[str]:
    for note in (*environment.warnings, *environment.notes):
        yield f"# {note}"
    yield unset(environment.unset)
    for one in environment.variables:
        yield f"{line(one)}    # {one.comment}" if one.comment else line(one)


def _vscode(environment: Environment) -> Iterator[str]:
    """VS Code's own settings, which may have comments."""
    yield "// For the settings.json of VS Code (Preferences: Open User Settings (JSON))."
    for note in (*environment.warnings, *environment.notes):
        yield f"// {note}"
    pairs = [{"name": one.name, "value": _display_value(one)} for one in environment.variables]
    yield json.dumps({"claudeCode.environmentVariables": pairs}, indent=2, ensure_ascii=False)


def _claude(environment: Environment) -> Iterator[str]:
    """Claude Code's own settings, permanently: ~/.claude/settings.json."""
    variables = {one.name: _display_value(one) for one in environment.variables}
    yield json.dumps({"env": variables}, indent=2, ensure_ascii=False)


def _display_value(one: EnvVariable) -> str:
    return f"{one.prefix}<the value of {one.reference}>" if one.reference else one.value


_FORMATS: Mapping[Shell, Callable[[Environment], Iterator[str]]] = {
    "bash": _bash,
    "fish": _fish,
    "powershell": _powershell,
    "vscode": _vscode,
    "claude": _claude,
}
