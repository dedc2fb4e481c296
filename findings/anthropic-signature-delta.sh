#!/usr/bin/env bash
# signature_delta is the one delta that does not add up: each replaces the one before.
#
# Versions: anthropic 2.14.0 (Python), @anthropic-ai/sdk 1.14.0 (TypeScript).
#
# Expected: a block's deltas are pieces that are put together, as text_delta, thinking_delta, input_json_delta
# and citations_delta are. A long signature could then come in pieces as well.
#
# Seen: of "first" and "second" both SDKs keep "second" alone, while the thinking beside it adds up to "ab".
# No error.
#
# Why it matters: a relay that cuts long events into smaller ones may do so with all deltas but this. The
# damage shows only a turn later, when the block goes back to the server with a signature that is not the one
# it made.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet anthropic==2.14.0
npm install --silent --no-audit --no-fund @anthropic-ai/sdk@1.14.0

cat >client.mjs <<'END'
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: "dummy", baseURL: process.argv[2], maxRetries: 0 });
const asked = { model: "m", max_tokens: 99, messages: [{ role: "user", content: "x" }] };
const stream = client.messages.stream(asked);
const message = await stream.finalMessage();
console.log(JSON.stringify(message));
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

THOUGHT = block(0, {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "thinking_delta", "thinking": "a"}, {"type": "thinking_delta", "thinking": "b"},
    {"type": "signature_delta", "signature": "first"}, {"type": "signature_delta", "signature": "second"})
base = serve(lambda path, body: begin() + THOUGHT + text(1, "hi") + delta("end_turn") + END)

client = anthropic.Anthropic(api_key="dummy", base_url=base, max_retries=0)
asked = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "x"}]}

def python(api):
    with api.stream(**asked) as stream:
        return stream.get_final_message().to_dict()

def typescript(*arguments):
    done = subprocess.run(["node", "client.mjs", *arguments], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)

for name, message in (("Python", python(client.messages)), ("TypeScript", typescript(base))):
    thought = message["content"][0]
    print(f"{name}: thinking {thought['thinking']!r}, signature {thought['signature']!r}")
    if (thought["thinking"], thought["signature"]) != ("ab", "second"):
        sys.exit(f"changed: {name} treats signature_delta otherwise")
END

timeout 100 python/bin/python main.py
