#!/usr/bin/env bash
# LangChain for Python and for JavaScript count the same streamed answer differently, and both wrongly.
#
# Versions: langchain-anthropic 1.7.10 with langchain-core 1.8.3 (Python); @langchain/anthropic 1.5.11 with
# @langchain/core 1.4.0 (npm).
#
# Expected: message_start says 10 tokens in and 1 out so far, message_delta says 5 out in all (its counts are
# cumulative). So usage_metadata is 10 and 5 on both sides.
#
# Seen: Python reads message_delta alone and says 0 in, 5 out; if message_delta repeats input_tokens, 10 and
# 5. JavaScript reads message_start's input and adds the two outputs, 10 and 6, whatever message_delta says
# about the input.
#
# Why it matters: costs and limits are computed from these. A server is read rightly by both only if
# message_start has the true input count and 0 output tokens, and message_delta repeats the input count.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet langchain-anthropic==1.7.10 langchain-core==1.8.3 anthropic==2.14.0
npm install --silent --no-audit --no-fund @langchain/anthropic@1.5.11 @langchain/core@1.4.0

cat >client.mjs <<'END'
import { ChatAnthropic } from "@langchain/anthropic";

const model = new ChatAnthropic({ model: "m", apiKey: "dummy", anthropicApiUrl: process.argv[2] });
let whole;
for await (const piece of await model.stream("x")) whole = whole ? whole.concat(piece) : piece;
console.log(JSON.stringify(whole.usage_metadata));
END

cat >main.py <<'END'
import http.server
import json
import subprocess
import sys
import threading

from langchain_anthropic import ChatAnthropic

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

STREAMS = {
    "counts-once": begin(input_tokens=10, output_tokens=1) + text(0, "hi") + delta("end_turn", output_tokens=5) + END,
    "input-repeated": begin(input_tokens=10, output_tokens=1) + text(0, "hi")
        + delta("end_turn", input_tokens=10, output_tokens=5) + END,
    "suits-both": begin(input_tokens=10, output_tokens=0) + text(0, "hi")
        + delta("end_turn", input_tokens=10, output_tokens=5) + END,
}
base = serve(lambda path, body: STREAMS[path.split("/")[1]])

def python(where):
    whole = None
    for piece in ChatAnthropic(model="m", api_key="dummy", base_url=where).stream("x"):
        whole = piece if whole is None else whole + piece
    return whole.usage_metadata

def javascript(where):
    done = subprocess.run(["node", "client.mjs", where], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)

EXPECTED = {"counts-once": [(0, 5), (10, 6)], "input-repeated": [(10, 5), (10, 6)], "suits-both": [(10, 5), (10, 5)]}
for name, wanted in EXPECTED.items():
    usages = python(f"{base}/{name}"), javascript(f"{base}/{name}")
    seen = [(usage["input_tokens"], usage["output_tokens"]) for usage in usages]
    print(f"{name}: in and out: Python {seen[0]}, JavaScript {seen[1]}")
    if seen != wanted:
        sys.exit("changed: usage is counted otherwise")
END

timeout 100 python/bin/python main.py
