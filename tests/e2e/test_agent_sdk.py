"""The Agent SDK, with the Claude Code that it brings, through the gateway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.testing.upstream import Call, Reply

SESSION = Path(__file__).parent / "agent_session.py"
INSTALLED = Path(__file__).parents[2] / ".cache" / "claude-agent-sdk"


def test_a_tool_inside_the_program_is_called_and_the_answer_has_its_form(gateway, upstream, tmp_path):
    if not (INSTALLED / "claude_agent_sdk").exists():
        pytest.skip("the Agent SDK is not installed: run `make clients`")
    upstream.script(
        Reply(text="I add them.", calls=(Call("mcp__srv__add", {"a": 40, "b": 2}, id="call_a"),)),
        Reply(calls=(Call("StructuredOutput", {"sum": 42}, id="call_b"),)),
        default=Reply(text="done"),
    )
    done = subprocess.run(
        [sys.executable, SESSION, gateway.url, tmp_path],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(INSTALLED), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["ran"] == [{"a": 40, "b": 2}]
    assert "".join(seen["pieces"]).startswith("I add them.")
    assert len(seen["pieces"]) >= 3
    assert (seen["error"], seen["structured"]) == (False, {"sum": 42})
    first, second, *_ = upstream.chats()
    assert "StructuredOutput" in first.tools
    assert "the sum is 42" in second.texts("tool")[0]
