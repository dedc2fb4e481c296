#!/usr/bin/env bash
# An empty text_delta before a tool call is the final answer of a streamed run.
#
# Versions: pydantic-ai-slim 2.68.0 with anthropic 2.14.0.
#
# Expected: an answer with a tool_use block is not final: the tool runs, its result goes back, and the model's
# next answer is the result of the run. An empty delta says nothing, so nothing can depend on it.
#
# Seen: with agent.run_stream() and an empty text_delta before the tool_use, the tool runs, its result is
# never sent, and the run ends with the empty text. Without the delta, or with a text block that has none, the
# same answer is followed to its end ("It is sunny."). agent.iter() follows all of them to the end.
#
# Why it matters: empty deltas look like the harmless way to keep a stream alive while a model is silent,
# since some clients give up on pings alone. Towards this library only pings or comments are safe until it is
# known what the answer begins with.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet "pydantic-ai-slim[anthropic]==2.68.0" anthropic==2.14.0

cat >main.py <<'END'
import asyncio
import http.server
import json
import sys
import threading

from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

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

def call(index):
    return block(index, {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"city": "Paris"}'})

ANSWERS = {
    "call alone": call(0),
    "empty text block, then call": text(0) + call(1),
    "empty text_delta, then call": text(0, "") + call(1),
}
requests = []

def answer(path, body):
    requests.append(body)
    if "tool_result" in json.dumps(body):
        return begin() + text(0, "It is sunny.") + delta("end_turn") + END
    return begin() + ANSWERS[current] + delta("tool_use") + END

base = serve(answer)
ran = []
agent = Agent(AnthropicModel("m", provider=AnthropicProvider(api_key="dummy", base_url=base)))

@agent.tool_plain
def weather(city: str) -> str:
    ran.append(city)
    return "sunny"

async def streamed():
    async with agent.run_stream("weather?") as result:
        return await result.get_output()

async def iterated():
    async with agent.iter("weather?") as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    async for _ in stream:
                        pass
    return run.result.output

for current in ANSWERS:
    for way in (streamed, iterated):
        requests.clear()
        ran.clear()
        output = asyncio.run(way())
        print(f"{current}, {way.__name__}: {output!r}, tool runs {len(ran)}, requests {len(requests)}")
        lost = way is streamed and "text_delta" in current
        if (output, len(ran), len(requests)) != (("", 1, 1) if lost else ("It is sunny.", 1, 2)):
            sys.exit("changed: a run ends otherwise")
END

timeout 100 python/bin/python main.py
