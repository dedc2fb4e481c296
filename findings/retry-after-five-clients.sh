#!/usr/bin/env bash
# One 429 with retry-after: 150 is treated in three ways by five clients.
#
# Versions: anthropic 2.14.0 and openai 3.57.0 (Python), @anthropic-ai/sdk 1.14.0 and openai 7.59.0
# (TypeScript), @anthropic-ai/claude-code 2.1.332.
#
# Expected: the four SDKs are made by one generator and share the code, so that they agree: a wait of more
# than a minute is ignored and the request is made again after the usual half second, as older versions did.
# Claude Code is built on the TypeScript SDK and does as that does.
#
# Seen: both Anthropic SDKs wait the 150 seconds. OpenAI's Python SDK (limit: two minutes) does not retry at
# all and raises; OpenAI's TypeScript SDK (limit: one minute) tries again within a second. Claude Code (limit:
# one minute) makes one request and ends. With retry-after-ms: 3000 instead, the four SDKs wait three seconds,
# while Claude Code does not read that header and is back after about half a second.
#
# Why it matters: a gateway that passes an upstream's retry-after on decides with it whether a client sleeps,
# hammers or gives up. For Claude Code it must be whole seconds and at most 60; for Anthropic's SDKs a long
# one blocks the calling thread in silence.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet anthropic==2.14.0 openai==3.57.0
npm install --silent --no-audit --no-fund @anthropic-ai/sdk@1.14.0 openai@7.59.0 @anthropic-ai/claude-code@2.1.332

cat >ask.py <<'END'
import sys

kind, base = sys.argv[1:]
messages = [{"role": "user", "content": "x"}]
if kind == "anthropic":
    import anthropic

    anthropic.Anthropic(api_key="dummy", base_url=base).messages.create(model="m", max_tokens=9, messages=messages)
else:
    import openai

    openai.OpenAI(api_key="dummy", base_url=base).chat.completions.create(model="m", messages=messages)
END

cat >ask.mjs <<'END'
const [kind, base] = process.argv.slice(2);
const messages = [{ role: "user", content: "x" }];
if (kind === "anthropic") {
  const { default: Anthropic } = await import("@anthropic-ai/sdk");
  await new Anthropic({ apiKey: "dummy", baseURL: base }).messages.create({ model: "m", max_tokens: 9, messages });
} else {
  const { default: OpenAI } = await import("openai");
  await new OpenAI({ apiKey: "dummy", baseURL: base }).chat.completions.create({ model: "m", messages });
}
END

cat >main.py <<'END'
import http.server
import json
import os
import subprocess
import sys
import threading
import time

PATIENCE = 8
seen = {}


class Handler(http.server.BaseHTTPRequestHandler):
    """/HEADER/VALUE/CLIENT/...: the first request gets a 429 with that header, later ones a 400, which ends it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        header, value, client = self.path.split("/")[1:4]
        times = seen.setdefault((header, client), [])
        times.append(time.monotonic())
        kind = "invalid_request_error" if times[1:] else "rate_limit_error"
        data = json.dumps({"type": "error", "error": {"type": kind, "message": "not now"}}).encode()
        self.send_response(400 if times[1:] else 429)
        if not times[1:]:
            self.send_header(header, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()


def claude(base):
    home = os.path.join(os.getcwd(), "home")
    os.makedirs(home, exist_ok=True)
    environ = {"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm", "ANTHROPIC_BASE_URL": base,
        "ANTHROPIC_API_KEY": "dummy", "ANTHROPIC_MODEL": "local", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    return ["node_modules/.bin/claude", "--bare", "--tools", "", "-p", "x"], environ


def ask(client, header, value):
    base = f"http://127.0.0.1:{server.server_port}/{header}/{value}/{client}"
    environ = dict(os.environ)
    if client == "claude-code":
        command, environ = claude(base)
    elif client.endswith("python"):
        command = [sys.executable, "ask.py", client.split("-")[0], base]
    else:
        command = ["node", "ask.mjs", client.split("-")[0], base]
    process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(PATIENCE)
        ended = True
    except subprocess.TimeoutExpired:
        ended = False
        process.kill()
        process.wait()
    times = seen.get((header, client), [])
    if not times:
        sys.exit(f"{client} made no request")
    if times[1:]:
        gap = times[1] - times[0]
        return "at once" if gap < 2 else "after 3 s" if 2.9 < gap < 5 else f"after {gap:.1f} s"
    return "gives up" if ended else "waits"


EXPECTED = {
    ("retry-after", "150"): {"anthropic-python": "waits", "anthropic-typescript": "waits", "openai-python": "gives up",
        "openai-typescript": "at once", "claude-code": "gives up"},
    ("retry-after-ms", "3000"): {"anthropic-python": "after 3 s", "anthropic-typescript": "after 3 s",
        "openai-python": "after 3 s", "openai-typescript": "after 3 s", "claude-code": "at once"},
}
for (header, value), expected in EXPECTED.items():
    for client, wanted in expected.items():
        happened = ask(client, header, value)
        print(f"{header}: {value}, {client}: {happened}", flush=True)
        if happened != wanted:
            sys.exit(f"changed: {client} used to be: {wanted}")
END

timeout 100 python/bin/python main.py
