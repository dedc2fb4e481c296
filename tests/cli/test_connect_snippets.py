from __future__ import annotations

from gateway.cli.connect_snippets import claude_code
from gateway.settings.windows import announced_window

URL = "http://127.0.0.1:8080"


def test_small_window_gets_one_question_without_tools():
    lines = claude_code(URL, "demo", "tiny", 8192)
    assert lines.bash == (
        f"ANTHROPIC_BASE_URL={URL} ANTHROPIC_AUTH_TOKEN=demo "
        'claude --bare --tools "" -p "What is the capital of France?"'
    )
    assert lines.powershell == (
        f'$env:ANTHROPIC_BASE_URL="{URL}"; $env:ANTHROPIC_AUTH_TOKEN="demo"; '
        'claude --bare --tools= -p "What is the capital of France?"'
    )


def test_large_window_is_told_to_claude_code_with_a_name_it_does_not_know():
    lines = claude_code(URL, "demo", "qwen3-8b", 65536)
    told = announced_window(65536)
    window, output = (
        f"CLAUDE_CODE_MAX_CONTEXT_TOKENS={told.window}",
        f"CLAUDE_CODE_MAX_OUTPUT_TOKENS={told.output}",
    )
    assert lines.bash.endswith(f"ANTHROPIC_MODEL=qwen3-8b {window} {output} claude")
    assert f'$env:CLAUDE_CODE_MAX_CONTEXT_TOKENS="{told.window}"; ' in lines.powershell
