#!/usr/bin/env bash
# A tool call written by Anthropic's own Python types is refused by the AI SDK's Anthropic provider.
#
# Versions: anthropic 2.14.0 (Python, the writer); ai 7.0.173 with @ai-sdk/anthropic 4.0.105 (npm, the
# reader).
#
# Expected: Message.model_dump_json() of the official types is an answer that every client of the Messages API
# reads. Fields that are not set are null in it, which the official SDKs take as absent.
#
# Seen: a text answer dumped so is read. A tool_use block is dumped with "caller": null, and generateText()
# fails with "Invalid JSON response", although citations, container and the counts of the cache may all be
# null. to_json() of the same object, which leaves unset fields out, is read.
#
# Why it matters: gateways in Python build their answers with these types. What works with the official
# clients and with plain texts breaks at the first tool call of this one. Write only what is set (to_json, or
# model_dump_json with exclude_unset).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet anthropic==2.14.0
npm install --silent --no-audit --no-fund ai@7.0.173 @ai-sdk/anthropic@4.0.105

cat >client.mjs <<'END'
import { createAnthropic } from "@ai-sdk/anthropic";
import { generateText, jsonSchema, tool } from "ai";

globalThis.AI_SDK_LOG_WARNINGS = false;
const model = createAnthropic({ apiKey: "dummy", baseURL: process.argv[2] })("m");
const tools = { weather: tool({ description: "The weather", inputSchema: jsonSchema({ type: "object", properties: {} }) }) };
try {
  const { text, toolCalls } = await generateText({ model, tools, prompt: "x", maxOutputTokens: 99, maxRetries: 0 });
  console.log(JSON.stringify(text || toolCalls.map((call) => call.toolName).join()));
} catch (error) {
  console.log(JSON.stringify(error.message));
}
END

cat >main.py <<'END'
import http.server
import json
import subprocess
import sys
import threading

from anthropic.types import Message

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

CONTENT = {
    "text": {"type": "text", "text": "hi"},
    "tool_use": {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
}

def answer(path, body):
    _, kind, way = path.split("/")[:3]
    message = Message.model_validate({"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [CONTENT[kind]], "stop_reason": "tool_use" if kind == "tool_use" else "end_turn",
        "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}})
    return message.model_dump_json() if way == "model_dump_json" else message.to_json()

base = serve(answer, "application/json")
for kind, way, wanted in (
    ("text", "model_dump_json", "hi"),
    ("tool_use", "model_dump_json", "Invalid JSON response"),
    ("tool_use", "to_json", "weather"),
):
    done = subprocess.run(["node", "client.mjs", f"{base}/{kind}/{way}"], capture_output=True, text=True, timeout=60)
    seen = json.loads(done.stdout)
    print(f"{kind} written by {way}: {seen}")
    if seen != wanted:
        sys.exit("changed: it is read otherwise")
END

timeout 100 python/bin/python main.py
