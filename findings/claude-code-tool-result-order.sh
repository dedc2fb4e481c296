#!/usr/bin/env bash
# Claude Code sends the results of parallel calls in the order in which the tools finished.
#
# Version: @anthropic-ai/claude-code 2.1.332.
#
# Expected: the answer holds the tool_use blocks toolu_0, toolu_1, toolu_2, and the next user message holds
# their results in that order, as every example of parallel calls shows them.
#
# Seen: with a first command that takes longer, its result is the last of the message. Commands that take
# equally long may change places as well.
#
# Why it matters: ids say which result is whose, but several servers below go by position: chat templates that
# print results without an id, and Ollama's messages, where the id is optional. Two calls of one tool then
# swap their results. A translator must sort them by the order of the calls; it makes the prompt's prefix
# reproducible, too.
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


orders = []


def answer(body, headers):
    results = [[block["tool_use_id"] for block in message["content"] if block["type"] == "tool_result"]
        for message in body["messages"] if isinstance(message["content"], list)]
    results = [ids for ids in results if ids]
    if results:
        orders.append(results[-1])
        return words("Done."), "end_turn", 100
    return [bash("toolu_0", "sleep 3; echo slow"), bash("toolu_1", "echo quick"), bash("toolu_2", "echo quick, too")], "tool_use", 100


process = claude(serve(answer), "x", "--allowedTools", "Bash")
process.communicate(timeout=60)
print(f"calls toolu_0 (slow), toolu_1, toolu_2; results {orders}")
if len(orders) != 1 or sorted(orders[0]) != ["toolu_0", "toolu_1", "toolu_2"] or orders[0][-1] != "toolu_0":
    sys.exit("changed: the slow call's result is no longer the last")
END

timeout 110 python3 main.py
