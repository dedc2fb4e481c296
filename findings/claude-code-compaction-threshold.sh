#!/usr/bin/env bash
# Telling Claude Code the true size of a small window makes it compact without end.
#
# Version: @anthropic-ai/claude-code 2.1.332, variables CLAUDE_CODE_MAX_CONTEXT_TOKENS and
# CLAUDE_CODE_MAX_OUTPUT_TOKENS.
#
# Expected: for a server with a window of 32,768 tokens one sets the first variable to 32768, and the client
# compacts at some high part of that, say 80 or 90 per cent.
#
# Seen: it compacts at window - min(output limit, 20000) - 13000 tokens of reported usage (input and output).
# With 40000 and an output limit of 8192 that is 18,808: turns that report 18,700 + 5 go on, 18,900 + 5
# compact. With 32768 alone it is below zero: a conversation that has used 105 tokens is compacted again and
# again within a turn, until the turn fails with "Autocompact is thrashing".
#
# Why it matters: a small window announced plainly is worse than none. What works is to announce the threshold
# that is wanted plus 13,000 plus a small output limit, more than the server has, and to let the server's
# refusal of a prompt that is too long be the net.
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


TURNS = 2


def converse(used, **variables):
    """Compactions and failed turns of a conversation with a tool call in each turn, `used` tokens reported each time."""
    kinds = []

    def answer(body, headers):
        kinds.append(headers.get("x-claude-code-request-class"))
        if kinds[-1] == "compaction" or "tool_result" in json.dumps(body["messages"][-1]):
            return words("<summary>Numbers were counted.</summary>"), "end_turn", used
        return [bash(f"toolu_{len(kinds)}", "seq 1 5")], "tool_use", used

    process = claude(serve(answer), "--input-format", "stream-json", "--output-format", "stream-json", "--verbose",
        "--allowedTools", "Bash", **variables)
    guard = threading.Timer(50, process.kill)
    guard.start()
    failures = []
    for turn in range(TURNS):
        message = {"role": "user", "content": f"Question {turn}"}
        process.stdin.write(json.dumps({"type": "user", "message": message}) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            said = json.loads(line)
            if said["type"] == "result":
                if said["is_error"]:
                    failures.append(said["result"])
                break
    process.stdin.close()
    process.wait()
    guard.cancel()
    return kinds.count("compaction"), [failure.split(":")[0] for failure in failures]


told = {"CLAUDE_CODE_MAX_CONTEXT_TOKENS": "40000", "CLAUDE_CODE_MAX_OUTPUT_TOKENS": "8192"}
for used, variables, compacts, thrashes in (
    (18_700, told, False, False),
    (18_900, told, True, True),
    (100, {"CLAUDE_CODE_MAX_CONTEXT_TOKENS": "32768"}, True, True),
):
    compactions, failures = converse(used, **variables)
    print(f"{variables}, {used} tokens used: {compactions} compactions in {TURNS} turns, failures {failures}", flush=True)
    if (compactions > 0) != compacts or ("Autocompact is thrashing" in failures) != thrashes:
        sys.exit("changed: the threshold is another one")
END

timeout 110 python3 main.py
