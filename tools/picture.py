"""Draws docs/images/terminal.svg: commands run for real, and what they print.

    python tools/picture.py

The model's answers come from the scripted upstream, everything else from the gateway itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from gateway.testing.process import GatewayProcess
from gateway.testing.script import Reply
from gateway.testing.upstream import ScriptedUpstream

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "terminal.svg"
WIDTH = 100
CONFIG = """\
providers:
  local: {{kind: ollama, base_url: "{url}"}}
  cloud: {{kind: openai, base_url: "{url}/v1", api_key: "${{CLOUD_KEY}}"}}
models:
  "claude-haiku-*": {{provider: local, model: "qwen3:8b", context_window: 65536}}
  "*": {{provider: cloud, model: glm-4.6, context_window: 200000, max_output_tokens: 32000}}
"""
ASK = """\
curl -sN http://127.0.0.1:8080/v1/messages -H 'content-type: application/json' -d '{
    "model": "claude-sonnet-5", "max_tokens": 99, "stream": true,
    "messages": [{"role": "user", "content": "Hello"}]}' | grep text_delta"""
FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">
<style>.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; }}
{styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}"
height="{terminal_height}"/></clipPath>{lines}</defs>
<rect fill="#1c1c1c" width="{width}" height="{height}" rx="8"/>
<g transform="translate({terminal_x}, 20)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def shown(command: str, url: str, environ: dict[str, str]) -> str:
    """What a command prints. The port in its text is the usual one."""
    done = subprocess.run(
        ["bash", "-c", command.replace("http://127.0.0.1:8080", url)],
        capture_output=True,
        text=True,
        env=environ,
        check=True,
        cwd=environ["HOME"],
    )
    return done.stdout.replace(url, "http://127.0.0.1:8080").rstrip()


def main() -> None:
    console = Console(
        record=True, width=WIDTH, file=sys.stderr, color_system="truecolor", force_terminal=True
    )
    with ScriptedUpstream.start() as upstream, tempfile.TemporaryDirectory() as folder:
        upstream.script(Reply(text="Hello! What shall we build?", pieces=2))
        config = Path(folder) / "gateway.yaml"
        config.write_text(CONFIG.format(url=upstream.url))
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environ = {"PATH": path, "HOME": folder, "COLUMNS": str(WIDTH), "CLOUD_KEY": "secret"}
        gateway = GatewayProcess.start(config, Path(folder) / "log", environ={**os.environ, **environ})
        try:
            for command in (
                "gateway routes list",
                "gateway routes explain --model claude-haiku-4-5",
                ASK,
            ):
                text = shown(command, gateway.url, environ).replace(upstream.url, "http://127.0.0.1:11434")
                console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
                console.print(Text.from_ansi(text), "\n")
        finally:
            gateway.stop()
    svg = console.export_svg(code_format=FORMAT.replace("{title}", "gateway at work"), unique_id="t")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(svg)


if __name__ == "__main__":
    main()
