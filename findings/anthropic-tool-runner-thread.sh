#!/usr/bin/env bash
# tool_runner sends the new messages alone from its second request on, without history, tools or system
# prompt.
#
# Versions: anthropic 2.14.0 (Python), @anthropic-ai/sdk 1.14.0 (TypeScript).
#
# Expected: the Messages API has no memory, so each request of a tool loop holds the whole conversation, as it
# does when the loop is written by hand.
#
# Seen: the first request has a field `thread` of type "create". The second names the first answer's id as
# previous_message_id, and holds one message, the tool's result. A server that takes the field and does
# nothing with it is never told of the question. If it answers 400 with error.details.error_code
# "thread_unsupported_request" instead, both SDKs repeat that request without the field and send the whole
# history from then on.
#
# Why it matters: servers in front of other models commonly ignore fields that they do not know. Here that
# loses the conversation without an error on either side: the model sees a result for a call that it never
# made.
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
const weather = {
  name: "weather", description: "The weather", input_schema: { type: "object", properties: {} },
  run: async () => "sunny", parse: (input) => input,
};
await client.beta.messages.toolRunner({
  model: "m", max_tokens: 99, system: "Be kind.", tools: [weather], messages: [{ role: "user", content: "weather?" }],
});
console.log("[]");
END

cat >main.py <<'END'
import http.server
import json
import subprocess
import sys
import threading

import anthropic

knows_threads = True
requests = []
REFUSED = {"type": "error", "error": {"type": "invalid_request_error", "message": "threads are not supported",
    "details": {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}}}

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "thread" in body and not knows_threads:
            return self.send(400, REFUSED)
        requests.append(body)
        results = any("tool_result" in json.dumps(message) for message in body["messages"])
        content = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}
        if results:
            content = {"type": "text", "text": "It is sunny."}
        self.send(200, {"id": f"msg_{len(requests)}", "type": "message", "role": "assistant", "model": "m",
            "content": [content], "stop_reason": "end_turn" if results else "tool_use", "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1}})

    def send(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

@anthropic.beta_tool
def weather() -> str:
    """The weather"""
    return "sunny"

def python():
    client = anthropic.Anthropic(api_key="dummy", base_url=base, max_retries=0)
    client.beta.messages.tool_runner(model="m", max_tokens=99, system="Be kind.", tools=[weather],
        messages=[{"role": "user", "content": "weather?"}]).until_done()

def typescript():
    subprocess.run(["node", "client.mjs", base], check=True, timeout=60, capture_output=True)

for name, ask in (("Python", python), ("TypeScript", typescript)):
    for knows_threads in (True, False):
        requests.clear()
        ask()
        first, second = requests
        roles = [message["role"] for message in second["messages"]]
        print(f"{name}, threads {'taken' if knows_threads else 'refused'}: the second request has the roles {roles}, "
            f"{'a' if 'system' in second else 'no'} system prompt, {len(second.get('tools', []))} tools, "
            f"thread {second.get('thread')}")
        whole = roles == ["user", "assistant", "user"] and "system" in second and len(second["tools"]) == 1
        bare = (roles == ["user"] and "system" not in second and "tools" not in second
            and second.get("thread", {}).get("previous_message_id") == "msg_1")
        if not (bare if knows_threads else whole):
            sys.exit(f"changed: {name} continues a tool loop otherwise")
END

timeout 100 python/bin/python main.py
