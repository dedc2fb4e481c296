#!/usr/bin/env bash
# An answer that max_tokens cut is an exception from chat.completions.stream() in Python, and a result in
# TypeScript.
#
# Versions: openai 3.57.0 (Python) and 7.59.0 (TypeScript).
#
# Expected: a plain text that ends with finish_reason "length" is returned with that reason, as create()
# returns it, streamed or not. The exception LengthFinishReasonError is for texts that were to be parsed as
# structured output, which cannot be done with half of one.
#
# Seen: with neither response_format nor tools the Python helper raises LengthFinishReasonError when the final
# completion is asked for, after all the text was handed out; create() does not, and the TypeScript helper
# does not either.
#
# Why it matters: a server that stops at a limit of its own (a full window, a default of a few hundred tokens)
# makes such programs fail though the client never set a limit. The text is in the exception's field
# `completion`.
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
const [choice] = (await stream.finalChatCompletion()).choices;
console.log(JSON.stringify([choice.finish_reason, choice.message.content]));
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

base = serve(lambda path, body: chunk(role="assistant", content="Once upon") + chunk("length") + "data: [DONE]\n\n")
client = openai.OpenAI(api_key="dummy", base_url=base, max_retries=0)
asked = {"model": "m", "messages": [{"role": "user", "content": "x"}]}

def helper():
    with client.chat.completions.stream(**asked) as stream:
        try:
            choice = stream.get_final_completion().choices[0]
        except openai.LengthFinishReasonError as error:
            return [type(error).__name__, error.completion.choices[0].message.content]
    return [choice.finish_reason, choice.message.content]

def create():
    chunks = [one.choices[0] for one in client.chat.completions.create(**asked, stream=True)]
    return [chunks[-1].finish_reason, "".join(one.delta.content or "" for one in chunks)]

def typescript():
    done = subprocess.run(["node", "client.mjs", base], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)

for name, ask, wanted in (
    ("Python, stream()", helper, "LengthFinishReasonError"),
    ("Python, create(stream=True)", create, "length"),
    ("TypeScript, stream()", typescript, "length"),
):
    seen = ask()
    print(f"{name}: {seen}")
    if seen != [wanted, "Once upon"]:
        sys.exit("changed: a cut answer is returned otherwise")
END

timeout 100 python/bin/python main.py
