"""200 edits under 50 running streams: no byte of a stream is lost, and no request sees half an edit."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from attrs import define, field

from gateway.testing.process import GatewayProcess
from gateway.testing.upstream import Received, Reply, ScriptedUpstream

STREAMS = 50
EDITS = 200
REPLY = Reply(text="".join(f"word {number}, " for number in range(20)), pieces=20, delay=0.15)
EDIT_PATIENCE = 10.0
"""Seconds that one edit may take to arrive everywhere."""

CONFIG = """
server: {{workers: {workers}, admin_key: adm}}
providers:
  steady: {{kind: openai, base_url: "{url}"}}
  moving: {{kind: openai, base_url: "{url}", headers: {{x-edit: "{edit}"}}}}
models:
  steady: steady/scripted
  moving: {{provider: moving, model: edit-{edit}, max_output_tokens: {limit}}}
"""
BAD = (
    "providers: {",
    "",
    "providers: {up: {kind: openai}}\n",
    "providers: {up: {kind: openai, base_url: 'http://127.0.0.1:1'}}\nmodels: {'*': nobody/m}\n",
    "providers: {up: {kind: openai, base_url: 'http://127.0.0.1:1', api_key: '${NOT_SET_ANYWHERE}'}}\n",
    "providers: {up: {kind: openai, base_url: 'http://127.0.0.1:1'}}\nmodles: {}\n",
    "- \x00",
)


@define
class ConfigFile:
    """The file, edited in turn in the ways in which files are edited."""

    path: Path
    text: Callable[[int], str]
    _numbers: Iterator[int] = field(factory=itertools.count)
    _bad: Iterator[str] = field(factory=lambda: itertools.cycle(BAD))

    def good(self, edit: int) -> None:
        self._save(self.text(edit))

    def bad(self) -> None:
        number = next(self._numbers)
        if number % 10 == 9:
            self.path.unlink()
        else:
            self._save(next(self._bad))

    def _save(self, text: str) -> None:
        number = next(self._numbers)
        new = self.path.with_name(f"new-{number}")
        new.write_text(text)
        match number % 3:
            case 0:
                self.path.write_text(text)
            case 1:
                new.replace(self.path)
            case _:
                link = self.path.with_name("link")
                link.symlink_to(new)
                link.replace(self.path)


@define
class Streams:
    """Clients that each ask again as soon as they were answered."""

    url: str
    over: bool = False
    bodies: list[tuple[str, bytes]] = field(factory=list)
    routes: dict[str, str] = field(factory=dict)
    """What the response said of a request: which target it went to."""

    async def run(self, web: aiohttp.ClientSession, client: int) -> None:
        model = "moving" if client % 2 else "steady"
        for turn in itertools.count():
            if self.over and turn:
                return
            await self.one(web, model, f"request {client}-{turn}.")

    async def one(self, web: aiohttp.ClientSession, model: str, said: str) -> None:
        question = {"model": model, "max_tokens": 100_000, "stream": True}
        question["messages"] = [{"role": "user", "content": said}]
        async with web.post(f"{self.url}/v1/messages", json=question) as response:
            body = await response.read()
            assert response.status == 200, body
            self.routes[said] = response.headers["x-gateway-model"]
        self.bodies.append((model, normal(body)))


def normal(body: bytes) -> bytes:
    """Without what differs by right: ids, and pings on a slow machine."""
    body = re.sub(rb"event: ping\ndata: [^\n]*\n\n", b"", body)
    return re.sub(rb"\b(msg|req)_[0-9A-Za-z]+", rb"\1_x", body)


async def settled(web: aiohttp.ClientSession, url: str, sample: str, least: float) -> float:
    """The value of a metric of all workers, once it is at least this."""
    deadline = time.monotonic() + EDIT_PATIENCE
    while (value := await metric(web, url, sample)) < least and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert value >= least, f"{sample} stays at {value}; {least} was expected"
    return value


async def metric(web: aiohttp.ClientSession, url: str, sample: str) -> float:
    async with web.get(f"{url}/metrics") as response:
        text = await response.text()
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def edit_again_and_again(
    web: aiohttp.ClientSession, gateway: GatewayProcess, config: ConfigFile, workers: int
) -> None:
    refused = 'gateway_config_reloads_total{result="refused"}'
    for edit in range(1, EDITS // 2 + 1):
        before = await metric(web, gateway.url, refused)
        config.bad()
        await settled(web, gateway.url, refused, before + workers)
        config.good(edit)
        await settled(web, gateway.url, "gateway_config_generation", edit + 1)


async def everyone(web: aiohttp.ClientSession, url: str, workers: int) -> dict[int, dict]:
    """What each worker says of itself."""
    told: dict[int, dict] = {}
    async with asyncio.timeout(30):
        while len(told) < workers:
            async with web.get(f"{url}/ready") as response:
                ready = await response.json()
            told[ready["worker"]] = ready
    return told


@pytest.mark.parametrize("workers", [1, 2])
async def test_200_edits_under_50_streams(upstream: ScriptedUpstream, tmp_path: Path, workers: int):
    upstream.script(default=REPLY)

    def text(edit: int) -> str:
        return CONFIG.format(workers=workers, url=upstream.url, edit=edit, limit=1000 + edit)

    config = ConfigFile(tmp_path / "gateway.yaml", text)
    config.path.write_text(text(0))
    gateway = GatewayProcess.start(config.path, tmp_path / "gateway.log")
    try:
        streams = Streams(gateway.url)
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        timeout = aiohttp.ClientTimeout(total=60)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as web,
            aiohttp.ClientSession(timeout=timeout) as watcher,
        ):
            ready = await everyone(web, gateway.url, workers)
            async with asyncio.TaskGroup() as group:
                for client in range(STREAMS):
                    group.create_task(streams.run(web, client))
                await edit_again_and_again(watcher, gateway, config, workers)
                streams.over = True
            told = await everyone(web, gateway.url, workers)
            assert await metric(web, gateway.url, "gateway_config_last_reload_successful") == 1
    finally:
        gateway.stop()
        log = gateway.log.read_text()
    assert "Traceback" not in log, log
    assert {number: one["pid"] for number, one in told.items()} == {n: one["pid"] for n, one in ready.items()}
    assert {one["generation"] for one in told.values()} == {EDITS // 2 + 1}
    assert_no_byte_is_lost(streams)
    assert_nothing_is_half_applied(streams, upstream.chats())
    assert_connections_are_kept([chat for chat in upstream.chats() if "x-edit" not in chat.headers], workers)


def assert_no_byte_is_lost(streams: Streams) -> None:
    assert len(streams.bodies) >= STREAMS
    for model in ("steady", "moving"):
        bodies = {body for asked, body in streams.bodies if asked == model}
        assert len(bodies) == 1, f"streams of {model} differ: {sorted(bodies, key=len)[:2]}"
        (body,) = bodies
        texts = re.findall(rb'"text_delta","text":"([^"]*)"', body)
        assert b"".join(texts).decode() == REPLY.text
        assert body.rstrip().endswith(b'data: {"type":"message_stop"}')


def assert_nothing_is_half_applied(streams: Streams, chats: list[Received]) -> None:
    """Provider and route of a request are of one edit, and so is what the client is told."""
    edits = set()
    for chat in chats:
        said = chat.texts("user")[-1]
        if "x-edit" in chat.headers:
            edit = int(chat.headers["x-edit"])
            edits.add(edit)
            assert chat.body["model"] == f"edit-{edit}"
            assert chat.body["max_tokens"] == 1000 + edit
            assert streams.routes[said] == f"moving/edit-{edit}"
        else:
            assert (chat.body["model"], streams.routes[said]) == ("scripted", "steady/scripted")
    assert len(edits) > 5, "too few requests to tell"


def assert_connections_are_kept(chats: list[Received], workers: int) -> None:
    """The provider that no edit touches has made no more connections than it has streams at once."""
    assert len({chat.connection for chat in chats}) <= STREAMS // 2 * workers
