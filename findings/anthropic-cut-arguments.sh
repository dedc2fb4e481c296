#!/usr/bin/env bash
# A call that max_tokens cut inside a number becomes a whole call with another number, in one SDK of the two.
#
# Versions: anthropic 2.14.0 (Python), @anthropic-ai/sdk 1.14.0 (TypeScript).
#
# Expected: when the limit cuts {"amount": 1250} after the 12, the arguments are no JSON, so the final message
# shows an error, an empty input, or nothing of the kind. And both SDKs agree.
#
# Seen: the Python SDK's final message has a tool_use with input {"amount": 12}, which fits the tool's schema;
# the TypeScript SDK has {}. Cut inside a string, both have {}; cut behind the second item of a list, both
# have the list of two. Only stop_reason, "max_tokens", tells that the call is not what the model meant.
#
# Why it matters: code that runs every tool_use block that it finds runs this one. Look at stop_reason first.
# A gateway that knows that a call was cut had better not pass half of it on.
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

CUTS = {"number": '{"amount": 12', "string": '{"path": "/home/me/pro', "list": '{"rows": [1, 2, '}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "pay", "input": {}}

def answer(path, body):
    piece = {"type": "input_json_delta", "partial_json": CUTS[path.split("/")[1]]}
    return begin() + block(0, CALL, piece) + delta("max_tokens") + END

base = serve(answer)
asked = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "x"}]}

def python(where):
    client = anthropic.Anthropic(api_key="dummy", base_url=where, max_retries=0)
    with client.messages.stream(**asked) as stream:
        return stream.get_final_message().to_dict()

def typescript(*arguments):
    done = subprocess.run(["node", "client.mjs", *arguments], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)

seen = {}
for cut in CUTS:
    for name, ask in (("Python", python), ("TypeScript", typescript)):
        message = ask(f"{base}/{cut}")
        seen[name, cut] = message["content"][0]["input"]
        print(f"{name}, cut inside a {cut}: input {seen[name, cut]}, stop_reason {message['stop_reason']}")
rows = {"rows": [1, 2]}
expected = {("Python", "number"): {"amount": 12}, ("TypeScript", "number"): {}, ("Python", "string"): {},
    ("TypeScript", "string"): {}, ("Python", "list"): rows, ("TypeScript", "list"): rows}
if seen != expected:
    sys.exit("changed: arguments that were cut are read otherwise")
END

timeout 100 python/bin/python main.py
