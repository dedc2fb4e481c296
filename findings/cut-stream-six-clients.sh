#!/usr/bin/env bash
# A stream that ends in mid-answer is a whole answer for three Python clients and an error for their
# TypeScript sisters.
#
# Versions: anthropic 2.14.0, openai 3.57.0, ollama 0.6.3 (Python); @anthropic-ai/sdk 1.14.0, openai 7.59.0,
# ollama 0.6.4 (TypeScript).
#
# Expected: each of the protocols has an end of its own (message_stop, finish_reason and [DONE], "done":
# true). A client that reads to the end of the bytes without it says so, and the two clients of one vendor
# agree.
#
# Seen: the three Python clients return what came, without an error: Anthropic's with stop_reason None,
# OpenAI's with finish_reason None, Ollama's with a last part that is not done. The three TypeScript clients
# raise. The bodies end cleanly here, so no HTTP library has a reason to complain.
#
# Why it matters: proxies and servers that lose a backend often end the response in good order. In Python half
# an answer is then taken for a whole one unless the application looks at the reason; a server must send an
# error of its protocol before it closes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet anthropic==2.14.0 openai==3.57.0 ollama==0.6.3
npm install --silent --no-audit --no-fund @anthropic-ai/sdk@1.14.0 openai@7.59.0 ollama@0.6.4

cat >ask.mjs <<'END'
import Anthropic from "@anthropic-ai/sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";

const [kind, base] = process.argv.slice(2);
const messages = [{ role: "user", content: "x" }];
const ways = {
  async anthropic() {
    const client = new Anthropic({ apiKey: "dummy", baseURL: base, maxRetries: 0 });
    return (await client.messages.stream({ model: "m", max_tokens: 9, messages }).finalMessage()).content[0].text;
  },
  async openai() {
    const client = new OpenAI({ apiKey: "dummy", baseURL: base, maxRetries: 0 });
    return (await client.chat.completions.stream({ model: "m", messages }).finalChatCompletion()).choices[0].message.content;
  },
  async ollama() {
    let text = "";
    for await (const part of await new Ollama({ host: base }).chat({ model: "m", messages, stream: true })) {
      text += part.message.content;
    }
    return text;
  },
};
try {
  console.log(JSON.stringify(["text", await ways[kind]()]));
} catch (error) {
  console.log(JSON.stringify(["error", error.message]));
}
END

cat >main.py <<'END'
import http.server
import json
import subprocess
import sys
import threading

import anthropic
import ollama
import openai

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

def answer(path, body):
    kind = path.split("/")[1]
    if kind == "anthropic":
        return begin() + text(0, "Hello").removesuffix(event("content_block_stop", index=0))
    if kind == "openai":
        choice = {"index": 0, "delta": {"role": "assistant", "content": "Hello"}, "finish_reason": None}
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        return f"data: {json.dumps(chunk)}\n\n"
    part = {"model": "m", "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": "Hello"}, "done": False}
    return json.dumps(part) + "\n"

base = serve(answer)
MESSAGES = [{"role": "user", "content": "x"}]

def python(kind):
    where = f"{base}/{kind}"
    if kind == "anthropic":
        client = anthropic.Anthropic(api_key="dummy", base_url=where, max_retries=0)
        with client.messages.stream(model="m", max_tokens=9, messages=MESSAGES) as stream:
            message = stream.get_final_message()
        return message.content[0].text, message.stop_reason
    if kind == "openai":
        client = openai.OpenAI(api_key="dummy", base_url=where, max_retries=0)
        with client.chat.completions.stream(model="m", messages=MESSAGES) as stream:
            choice = stream.get_final_completion().choices[0]
        return choice.message.content, choice.finish_reason
    parts = list(ollama.Client(where).chat("m", MESSAGES, stream=True))
    return "".join(part.message.content for part in parts), parts[-1].done_reason

for kind in ("anthropic", "openai", "ollama"):
    said, reason = python(kind)
    print(f"{kind}, Python: {said!r}, reason {reason}")
    if (said, reason) != ("Hello", None):
        sys.exit("changed: a cut stream is no longer returned like this")
    done = subprocess.run(["node", "ask.mjs", kind, f"{base}/{kind}"], capture_output=True, text=True, timeout=60)
    way, words = json.loads(done.stdout)
    print(f"{kind}, TypeScript: {way}: {words}")
    if way != "error":
        sys.exit("changed: a cut stream is no error any more")
END

timeout 100 python/bin/python main.py
