#!/usr/bin/env bash
# Claude Code compacts on the words of llama.cpp and vLLM for a prompt that is too long, but not on those of
# LM Studio.
#
# Version: @anthropic-ai/claude-code 2.1.332.
#
# Expected: a 400 that says that the prompt does not fit starts a compaction, either for Anthropic's own
# wording alone or for those of all common local servers.
#
# Seen: "prompt is too long: N tokens > M maximum", llama.cpp's "exceeds the available context size" and
# vLLM's "maximum context length is N tokens" are followed by compaction requests. For LM Studio's sentence
# ("... with context length of only N tokens, which is not enough") there is none: the request is made six
# times, in three forms and then in the same three with the deferred tools in it, which makes them 40 per cent
# larger, and the session ends with the error.
#
# Why it matters: with such a server a long session ends at the window instead of going on, and nothing shows
# why. A gateway must rewrite what it can recognise.
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


WORDINGS = {
    "Anthropic": ("prompt is too long: 9000 tokens > 8192 maximum", True),
    "llama.cpp": ("request (9031 tokens) exceeds the available context size (8192 tokens), try increasing it", True),
    "vLLM": ("This model's maximum context length is 8192 tokens. However, you requested 9031 tokens.", True),
    "LM Studio": ("Trying to keep the first 9031 tokens when context the overflows. However, the model is loaded with "
        "context length of only 8192 tokens, which is not enough.", False),
}


def observe(refusal):
    """The classes and sizes of the requests once a tool's long result is in the history."""
    refused = []

    def answer(body, headers):
        if "tool_result" not in json.dumps(body["messages"]):
            return [bash("toolu_1", "seq 1 4000")], "tool_use", 100
        refused.append((headers.get("x-claude-code-request-class"), len(json.dumps(body))))
        return refusal

    process = claude(serve(answer), "x", "--allowedTools", "Bash")
    said, _ = process.communicate(timeout=60)
    return [kind for kind, _ in refused], [size for _, size in refused], process.returncode


for server, (refusal, compacts) in WORDINGS.items():
    kinds, sizes, code = observe(refusal)
    print(f"{server}: {kinds.count('compaction')} compaction requests, {kinds.count('main')} others of "
        f"{min(sizes) // 1000} to {max(sizes) // 1000} kB", flush=True)
    if ("compaction" in kinds) != compacts or (not compacts and kinds != ["main"] * 6):
        sys.exit(f"changed: {server}'s words are taken otherwise: {kinds}")
END

timeout 110 python3 main.py
