#!/usr/bin/env bash
# In auto mode Claude Code speaks another dialect to a judge whose name it does not know, with other limits.
#
# Version: @anthropic-ai/claude-code 2.1.332, with CLAUDE_CODE_AUTO_MODE_SERVER=0 and nonessential traffic
# off.
#
# Expected: whether an action may run is one question with one form of answer, so that a server which sees its
# max_tokens of 64 and a <severity> number learns how to recognise and to answer it. Which model is asked
# (CLAUDE_CODE_AUTO_MODE_MODEL) changes only the name.
#
# Seen: for its own judge, claude-sonnet-5, stage 1 has max_tokens 64 and stage 2 8,192; both ask for
# <severity>, thinking is switched off, and there are no stop sequences. For a judge called "local" stage 1
# has 2,112 and stage 2 10,240; both ask for <block>, the field `thinking` is absent, and stage 1 alone has
# the stop sequence </block>. Each request is a plain (not streamed) one of about 144 kB without tools. A
# <block> verdict to the known judge is unusable: stage 2 is then asked a second time before the action is
# refused.
#
# Why it matters: one short word costs 36,000 tokens or more of prompt, too many for most local windows. What
# recognises these requests by the limit of 64 misses every local judge, and what answers in the one dialect
# fails in the other.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm install --silent --no-audit --no-fund @anthropic-ai/claude-code@2.1.332

cat >main.py <<'END'
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading


def event(type, **fields):
    return f"event: {type}\ndata: {json.dumps({'type': type, **fields})}\n\n"


def streamed(content, stop_reason, tokens):
    said = event("message_start", message={"id": f"msg_{os.urandom(4).hex()}", "type": "message", "role": "assistant", "model": "m",
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": tokens, "output_tokens": 0}})
    for index, block in enumerate(content):
        if block["type"] == "text":
            empty, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        said += event("content_block_start", index=index, content_block=empty)
        said += event("content_block_delta", index=index, delta=delta)
        said += event("content_block_stop", index=index)
    end = {"stop_reason": stop_reason, "stop_sequence": None}
    return said + event("message_delta", delta=end, usage={"output_tokens": 5}) + event("message_stop")


def plain(content, stop_reason, tokens):
    return json.dumps({"id": f"msg_{os.urandom(4).hex()}", "type": "message", "role": "assistant", "model": "m", "content": content,
        "stop_reason": stop_reason, "stop_sequence": None, "usage": {"input_tokens": tokens, "output_tokens": 5}})


def bash(id, command):
    return {"type": "tool_use", "id": id, "name": "Bash", "input": {"command": command, "description": "a test"}}


def words(text):
    return [{"type": "text", "text": text}]


def serve(answer):
    """`answer(body, headers)` gives content, stop_reason and prompt tokens, or the words of a refusal."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            said, kind = answer(body, self.headers), "application/json"
            if isinstance(said, str):
                data = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": said}})
            elif body.get("stream"):
                data, kind = streamed(*said), "text/event-stream"
            else:
                data = plain(*said)
            self.send_response(400 if isinstance(said, str) else 200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data.encode())))
            self.end_headers()
            self.wfile.write(data.encode())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def claude(base, *arguments, **environ):
    home = tempfile.mkdtemp(dir=os.getcwd())
    environ = {"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm", "ANTHROPIC_BASE_URL": base,
        "ANTHROPIC_API_KEY": "dummy", "ANTHROPIC_MODEL": "local", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1", **environ}
    program = os.path.join(os.getcwd(), "node_modules/.bin/claude")
    return subprocess.Popen([program, "-p", *arguments], cwd=home, env=environ, text=True, stderr=subprocess.DEVNULL,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def observe(judge):
    """What the judge is asked when the model wants to run a command and each verdict is a refusal."""
    asked = []

    def answer(body, headers):
        if body.get("tools"):
            if "tool_result" in json.dumps(body["messages"]):
                return words("Done."), "end_turn", 100
            return [bash("toolu_1", "touch made; git push")], "tool_use", 100
        text = json.dumps(body)
        tags = [tag for tag in ("block", "severity") if f"<{tag}>" in text]
        asked.append({"max_tokens": body["max_tokens"], "tags": tags, "stop": body.get("stop_sequences"),
            "thinking": body.get("thinking", {}).get("type"), "stream": body.get("stream", False),
            "large": 130_000 < len(text) < 160_000})
        return words("<block>yes</block>"), "end_turn", 100

    process = claude(serve(answer), "x", "--permission-mode", "auto", CLAUDE_CODE_AUTO_MODE_SERVER="0",
        CLAUDE_CODE_AUTO_MODE_MODEL=judge)
    process.communicate(timeout=60)
    return asked


def stage(max_tokens, tag, stop=None, thinking=None):
    return {"max_tokens": max_tokens, "tags": [tag], "stop": stop, "thinking": thinking, "stream": False, "large": True}


second = stage(8192, "severity", thinking="disabled")
EXPECTED = {
    "local": [stage(2112, "block", stop=["</block>"]), stage(10240, "block")],
    "claude-sonnet-5": [stage(64, "severity", thinking="disabled"), second, second],
}
for judge, wanted in EXPECTED.items():
    seen = observe(judge)
    for one in seen:
        print(f"{judge}: max_tokens {one['max_tokens']}, tag {one['tags']}, stop {one['stop']}, thinking {one['thinking']}")
    if seen != wanted:
        sys.exit(f"changed: {judge} is asked otherwise: {seen}")
END

timeout 110 python3 main.py
