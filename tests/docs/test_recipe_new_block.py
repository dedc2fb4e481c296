"""The recipe of CONTRIBUTING.md for a new content block type, followed in a copy of the code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_recipes import commands_of, environ, runnable

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json
from gateway.anthropic.conversation.builder import build_conversation
from gateway.anthropic.conversation.turns import ConversationOptions
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.request.validation import validate
from gateway.anthropic.tools.tool_names import ToolNames

blocks = [{"type": "text", "text": "Hi"}, {"type": "postcard", "depth": 3}]
body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": blocks}]}
request, notices = decode_request(json.dumps(body).encode()), NoticeCollector()
build_conversation(request, ConversationOptions(), ToolNames(), notices)
print([notice.detail for notice in notices.notices])
validate(request)
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    command = command or (sys.executable, "-c", PROGRAM)
    return subprocess.run(
        command, cwd=folder, env=environ(folder), check=False, capture_output=True, text=True
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "gateway", tmp_path / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "anthropic", tmp_path / "tests" / "anthropic")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_block_is_known_everywhere_with_its_row(copy: Path):
    before = run(copy)
    assert before.stdout == "['postcard']\n"
    assert "unexpected block type 'postcard'" in before.stderr
    table = copy / "gateway" / "anthropic" / "request" / "block_types.py"
    text = table.read_text()
    row = '    "postcard": BlockSpec("user", silent=True),\n    "text": BlockSpec('
    assert text.count('    "text": BlockSpec(') == 1
    table.write_text(text.replace('    "text": BlockSpec(', row))
    after = run(copy)
    assert (after.returncode, after.stdout) == (0, "[]\n"), after.stderr
    for command in commands_of("A content block type"):
        done = run(copy, "bash", "-ec", runnable(command, ""))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
