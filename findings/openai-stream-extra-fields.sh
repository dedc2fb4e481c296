#!/usr/bin/env bash
# Fields that OpenAI does not have are put together by arithmetic in one SDK, and not at all in the other.
#
# Versions: openai 3.57.0 (Python) and 7.59.0 (TypeScript).
#
# Expected: chat.completions.stream() joins the texts of the deltas and takes all else as it stands. Many
# compatible servers add reasoning_content in pieces, repeat id and name in each delta, or add a number of
# their own; all that should end up as it would without streaming.
#
# Seen: the Python SDK adds up nearly everything that is a string or a number, whatever it means: a repeated
# id is "call_1call_1", a repeated name "ff", token ids 5 and 6 make 11, true and false make 1.
# reasoning_content comes out right. The TypeScript SDK keeps the last value of each such field: ids, names
# and numbers come out right, and of the reasoning only the last piece is left. Neither says a word.
#
# Why it matters: no way to fill in a delta suits both. A server or gateway should send id and name in one
# delta only, and a client that wants reasoning from the TypeScript helper must collect the chunks itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet openai==3.57.0
npm install --silent --no-audit --no-fund openai@7.59.0

cat >client.mjs <<'END'
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "dummy", baseURL: process.argv[2], maxRetries: 0 });
const stream = client.chat.completions.stream({ model: "m", messages: [{ role: "user", content: "x" }] });
console.log(JSON.stringify((await stream.finalChatCompletion()).choices[0].message));
END

cat >main.py <<'END'
import http.server
import json
import subprocess
import sys
import threading

import openai

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

def chunk(finish=None, **delta):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    one = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(one)}\n\n"

def call(arguments):
    return [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": arguments}}]

ANSWER = (chunk(role="assistant", reasoning_content="First, ", token_id=5, flag=True)
    + chunk(reasoning_content="second.", token_id=6, flag=False)
    + chunk(tool_calls=call('{"a"')) + chunk(tool_calls=call(": 1}")) + chunk("tool_calls") + "data: [DONE]\n\n")
base = serve(lambda path, body: ANSWER)
client = openai.OpenAI(api_key="dummy", base_url=base, max_retries=0)
with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "x"}]) as stream:
    python = stream.get_final_completion().choices[0].message.to_dict()
done = subprocess.run(["node", "client.mjs", base], capture_output=True, text=True, timeout=60)
for name, message, wanted in (
    ("Python", python, ["call_1call_1", "ff", "First, second.", 11, 1]),
    ("TypeScript", json.loads(done.stdout), ["call_1", "f", "second.", 6, False]),
):
    made = message["tool_calls"][0]
    seen = [made["id"], made["function"]["name"], message["reasoning_content"], message["token_id"], message["flag"]]
    print(f"{name}: id, name, reasoning, number, flag: {seen}")
    if seen != wanted or made["function"]["arguments"] != '{"a": 1}':
        sys.exit(f"changed: {name} puts deltas together otherwise")
END

timeout 100 python/bin/python main.py
