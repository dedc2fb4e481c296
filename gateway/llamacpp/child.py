"""Runs a llama.cpp server (all its HTTP routes) in its own process: `python -I child.py OPTIONS`.

It imports nothing of the gateway: it is started by path, with the folder of the server's wheel as an option.

Rules:
- It writes the address it listens on to `--announce`, when the model is loaded.
- It ends when its standard input ends, so that it never outlives the process that started it, however that
  one died (`test_server_ends_with_the_process_that_started_it`).
- Ctrl-C in a terminal reaches the whole process group; the child ignores it, and its parent stops it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--packages", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--alias", required=True)
    parser.add_argument("--announce", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--context", type=int, required=True, help="tokens of one slot; 0: what the model says"
    )
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--template", type=Path)
    return parser.parse_args()


def server_parameters(xllamacpp: Any, arguments: argparse.Namespace) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = arguments.model
    params.model_alias = {arguments.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = arguments.port
    params.n_ctx = arguments.context * arguments.slots
    params.n_parallel = arguments.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = arguments.threads
    params.use_jinja = True
    params.ui = False
    params.endpoint_metrics = params.endpoint_props = params.endpoint_slots = True
    params.n_gpu_layers = 0
    params.fit_params = False
    if arguments.temperature is not None:
        params.sampling.temp = arguments.temperature
    if arguments.template:
        params.chat_template = arguments.template.read_text(encoding="utf-8")
    return params


def print_address(address: str, place: Path) -> None:
    draft = place.with_suffix(".draft")
    draft.write_text(address, encoding="utf-8")
    draft.replace(place)


def end_with_parent() -> None:
    # Not `sys.stdin`: a thread that waits in its lock makes Python abort when the main thread fails.
    while os.read(0, 1):
        pass
    os._exit(0)


def main() -> None:
    arguments = options()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.path.insert(0, arguments.packages)
    xllamacpp: Any = importlib.import_module("xllamacpp")
    try:
        server = xllamacpp.Server(server_parameters(xllamacpp, arguments))
    except RuntimeError as error:
        # The log already has the error about the model.
        sys.exit(str(error))
    print_address(server.listening_address, arguments.announce)
    threading.Event().wait()


if __name__ == "__main__":
    main()
