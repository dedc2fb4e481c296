#!/usr/bin/env bash
# Ollama's Python client breaks on an answer that holds a U+0085 or U+2028; its JavaScript client does not.
#
# Versions: ollama 0.6.3 (Python, with httpx 0.28.1) and 0.6.4 (npm).
#
# Expected: a stream of NDJSON is cut at the line feeds. JSON escapes a line feed inside of a string, and lets
# these two characters stand as they are, so that a part that holds one is an ordinary line.
#
# Seen: the Python client reads with httpx's iter_lines, which cuts where str.splitlines does. The part falls
# in two, and a bare JSONDecodeError (not the package's ResponseError) ends the stream at that place. The
# JavaScript client cuts at line feeds and gives the text.
#
# Why it matters: Go's encoder, which Ollama itself uses, escapes U+2028 but leaves U+0085 as it is, and most
# other encoders leave both. A server that speaks this protocol should escape all that is not ASCII; one's own
# clients should cut at the line feed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet ollama==0.6.3 httpx==0.28.1
npm install --silent --no-audit --no-fund ollama@0.6.4

cat >client.mjs <<'END'
import { Ollama } from "ollama";

const client = new Ollama({ host: process.argv[2] });
let text = "";
for await (const part of await client.chat({ model: "m", messages: [{ role: "user", content: "x" }], stream: true })) {
  text += part.message.content;
}
console.log(JSON.stringify(text));
END

cat >main.py <<'END'
import http.server
import json
import subprocess
import sys
import threading

import ollama

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

def part(said, escaped, **rest):
    return json.dumps({"model": "m", "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": said}, **rest}, ensure_ascii=escaped) + "\n"

SAID = {"U+0085": "one\u0085two", "U+2028": "one\u2028two"}

def answer(path, body):
    _, name, written = path.split("/")[:3]
    escaped = written == "escaped"
    return part(SAID[name], escaped, done=False) + part("", escaped, done=True, done_reason="stop")

base = serve(answer, "application/x-ndjson")

def python(where):
    try:
        parts = ollama.Client(where).chat("m", [{"role": "user", "content": "x"}], stream=True)
        return "".join(one.message.content for one in parts)
    except ValueError as error:
        return type(error).__name__

def javascript(where):
    done = subprocess.run(["node", "client.mjs", where], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)

for name, said in SAID.items():
    for written, wanted in (("escaped", said), ("raw", "JSONDecodeError")):
        where = f"{base}/{name}/{written}"
        seen = python(where), javascript(where)
        print(f"{name} {written}: Python {seen[0]!r}, JavaScript {seen[1]!r}")
        if seen != (wanted, said):
            sys.exit("changed: these lines are read otherwise")
END

timeout 100 python/bin/python main.py
