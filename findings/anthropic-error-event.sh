#!/usr/bin/env bash
# An error event in a stream is never the exception that its type names, and it is not retried.
#
# Versions: anthropic 2.14.0 (Python), @anthropic-ai/sdk 1.14.0 (TypeScript).
#
# Expected: an overloaded_error raises what status 529 raises (OverloadedError), a rate_limit_error what 429
# raises (RateLimitError), and where it is the very first event the request is made again, as for those
# statuses.
#
# Seen: the Python SDK raises a bare APIStatusError whose status_code is 200, the TypeScript SDK a bare
# APIError whose status is undefined. One request each, with two retries allowed. Both tell the kind only in
# the exception's field `type`.
#
# Why it matters: handlers written as `except RateLimitError` or `status >= 500` miss all failures that come
# after the headers. A gateway that opens a stream early, to keep it alive, turns every later refusal into
# this kind; applications must look at `type`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet anthropic==2.14.0
npm install --silent --no-audit --no-fund @anthropic-ai/sdk@1.14.0

cat >client.mjs <<'END'
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: "dummy", baseURL: process.argv[2], maxRetries: 2 });
try {
  await client.messages.stream({ model: "m", max_tokens: 99, messages: [{ role: "user", content: "x" }] }).finalMessage();
} catch (error) {
  console.log(JSON.stringify([error.constructor.name, error.status ?? null, error.type]));
}
END

cat >main.py <<'END'
import http.server
import json
import subprocess
import sys
import threading

import anthropic

def event(type, **fields):
    return f"event: {type}\ndata: {json.dumps({'type': type, **fields})}\n\n"

def begin(**usage):
    return event("message_start", message={"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": usage or {"input_tokens": 10, "output_tokens": 1}})

def block(index, block, *deltas):
    return (event("content_block_start", index=index, content_block=block)
        + "".join(event("content_block_delta", index=index, delta=delta) for delta in deltas)
        + event("content_block_stop", index=index))

def text(index, *pieces):
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces))

def delta(stop_reason, **usage):
    return event("message_delta", delta={"stop_reason": stop_reason, "stop_sequence": None},
        usage=usage or {"output_tokens": 5})

END = event("message_stop")

def serve(answer, kind="text/event-stream"):
    """`answer(path, body)` gives the bytes of the answer; the base address is returned."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *_):
            pass
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            data = answer(self.path, body).encode()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"

requests = []

def answer(path, body):
    requests.append(path)
    return event("error", error={"type": path.split("/")[1], "message": "not now"})

base = serve(answer)

def python(where):
    client = anthropic.Anthropic(api_key="dummy", base_url=where, max_retries=2)
    try:
        with client.messages.stream(model="m", max_tokens=99, messages=[{"role": "user", "content": "x"}]) as stream:
            stream.get_final_message()
    except anthropic.AnthropicError as error:
        return [type(error).__name__, error.status_code, error.type]

def typescript(*arguments):
    done = subprocess.run(["node", "client.mjs", *arguments], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)

for kind in ("overloaded_error", "rate_limit_error"):
    for name, ask, wanted in (
        ("Python", python, ["APIStatusError", 200, kind]),
        ("TypeScript", typescript, ["APIError", None, kind]),
    ):
        requests.clear()
        raised = ask(f"{base}/{kind}")
        print(f"{name}: {raised[0]}, status {raised[1]}, type {raised[2]}, {len(requests)} request")
        if raised != wanted or len(requests) != 1:
            sys.exit(f"changed: {name} treats an error event otherwise")
END

timeout 100 python/bin/python main.py
