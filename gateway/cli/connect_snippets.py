"""Command lines to copy that point Claude Code at a gateway, for bash and for PowerShell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from attrs import frozen

from gateway.settings.windows import MIN_WINDOW, announced_window

PROMPT = "What is the capital of France?"
"""A question that the smallest model answers in one sentence, whatever folder and date are in the prompt."""


@frozen
class ConnectSnippets:
    bash: str
    powershell: str


def claude_code(url: str, key: str, model: str, context: int) -> ConnectSnippets:
    """One line each. A small window gets one question without tools, which is all that it can hold."""
    environ = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": key}
    if context < MIN_WINDOW:
        # `--tools=` equals `--tools ""` in a form that every PowerShell passes on unchanged.
        return ConnectSnippets(
            _bash(environ, ["claude", "--bare", '--tools ""', f'-p "{PROMPT}"']),
            _powershell(environ, ["claude", "--bare", "--tools=", f'-p "{PROMPT}"']),
        )
    # The window has no effect on the names that Claude Code recognises: so the model gets its own name.
    announced = announced_window(context)
    environ |= {
        "ANTHROPIC_MODEL": model,
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS": str(announced.window),
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS": str(announced.output),
    }
    return ConnectSnippets(_bash(environ, ["claude"]), _powershell(environ, ["claude"]))


def _bash(environ: Mapping[str, str], command: Sequence[str]) -> str:
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in environ.items()), *command])


def _powershell(environ: Mapping[str, str], command: Sequence[str]) -> str:
    return "; ".join([*(f'$env:{name}="{value}"' for name, value in environ.items()), " ".join(command)])
