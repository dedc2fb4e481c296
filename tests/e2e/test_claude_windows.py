"""A conversation of the real Claude Code in a small window, set up by exactly what `gateway env` prints."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gateway.settings.windows import announced_window as rule

TURNS = 12
COMPACTION = "create a detailed summary"


class HonestServer(ThreadingHTTPServer):
    """Chat Completions with a window: it counts four bytes as a token, and refuses what does not fit. To each
    question it calls the tool once, then answers."""

    daemon_threads = True

    def __init__(self, window: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.window = window
        self.prompts: list[int] = []
        self.refused = 0
        self.compactions = 0

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        prompt = len(body) // 4
        if prompt > self.window:
            self.refused += 1
            said = f"request ({prompt} tokens) exceeds the available context size ({self.window} tokens)"
            error = {"code": 400, "message": said, "n_prompt_tokens": prompt, "n_ctx": self.window}
            return 400, {"error": error}
        self.prompts.append(prompt)
        return 200, self._said(json.loads(body)["messages"], prompt)

    def _said(self, messages: list[dict[str, Any]], prompt: int) -> dict[str, Any]:
        last = messages[-1]
        if COMPACTION in json.dumps(last):
            self.compactions += 1
            message: dict[str, Any] = {"content": "<summary>Some turns were taken.</summary>"}
        elif last["role"] == "tool":
            message = {"content": "Done. " + "That was one more turn of the conversation. " * 20}
        else:
            arguments = json.dumps({"command": "seq 1 400", "description": f"count, {len(self.prompts)}"})
            function = {"name": "Bash", "arguments": arguments}
            call = {"index": 0, "id": f"call_{len(self.prompts)}", "type": "function", "function": function}
            message = {"tool_calls": [call]}
        answer = len(json.dumps(message)) // 4
        usage = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
        finish = "tool_calls" if "tool_calls" in message else "stop"
        return {"usage": usage, "message": {"role": "assistant", **message}, "finish_reason": finish}


class _Handler(BaseHTTPRequestHandler):
    server: HonestServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        status, said = self.server.answer(body)
        if status != 200:
            self._send(status, "application/json", json.dumps(said))
        elif json.loads(body).get("stream"):
            chunks = (
                {"choices": [{"index": 0, "delta": said["message"], "finish_reason": None}]},
                {"choices": [{"index": 0, "delta": {}, "finish_reason": said["finish_reason"]}]},
                {"choices": [], "usage": said["usage"]},
            )
            lines = [*(f"data: {json.dumps(one)}\n\n" for one in chunks), "data: [DONE]\n\n"]
            self._send(200, "text/event-stream", "".join(lines))
        else:
            choice = {"index": 0, "message": said["message"], "finish_reason": said["finish_reason"]}
            self._send(200, "application/json", json.dumps({"choices": [choice], "usage": said["usage"]}))

    def _send(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        pass


@contextlib.contextmanager
def serving(window: int) -> Iterator[HonestServer]:
    with HonestServer(window) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def converse(process: subprocess.Popen[str], turns: int) -> list[dict[str, Any]]:
    """The result of each turn. The next question is put once the last one is answered."""
    assert process.stdin
    assert process.stdout
    results: list[dict[str, Any]] = []
    for turn in range(turns):
        question = {"role": "user", "content": f"Question {turn}: call the tool once, please."}
        process.stdin.write(json.dumps({"type": "user", "message": question}) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            said = json.loads(line)
            if said["type"] == "result":
                results.append(said)
                break
    return results


@pytest.mark.parametrize("window", [24_000, 32_768, 40_000, 65_536, 131_072])
def test_a_conversation_goes_on_in_any_window(claude, start_gateway, announced, window):
    with serving(window) as server:
        config = {
            "providers": {"up": {"kind": "openai", "base_url": f"http://127.0.0.1:{server.server_port}"}},
            "models": {"*": {"provider": "up", "model": "local", "context_window": window}},
        }
        gateway = start_gateway(config)
        environ = announced(config, gateway)
        client = claude(gateway)
        process = client.start(
            "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose",
            "--allowedTools", "Bash", environ=environ, stdin=subprocess.PIPE,
        )  # fmt: skip
        timer = threading.Timer(100, process.kill)
        timer.start()
        try:
            results = converse(process, TURNS)
        finally:
            timer.cancel()
            process.kill()
            _, err = process.communicate()
        print(server.prompts, server.refused, server.compactions, err)
    assert [one["is_error"] for one in results] == [False] * TURNS, results
    assert "thrashing" not in json.dumps(results) + err
    assert server.compactions <= 1
    assert environ["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == str(rule(window).window)
