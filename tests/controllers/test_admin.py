"""`/admin/reload`, `/admin/status`, and what `/ready` says of reloads."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from gateway.app import create_app
from gateway.runtime.source import SettingsSource
from gateway.settings.loading.load import LoadedConfig, load_config

CONFIG = """
server: {server}
providers: {{up: {{kind: openai, base_url: "http://127.0.0.1:9/v1"}}}}
models: {{"*": up/{model}}}
"""
ADMIN = {"x-api-key": "adm"}


def write(path: Path, model: str = "m1", server: str = "{admin_key: adm, keys: [client]}") -> None:
    path.write_text(CONFIG.format(model=model, server=server))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    write(path)
    return path


@pytest.fixture
async def client(path: Path) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """Made at the call: the file decides what is served."""
    clients: list[httpx.AsyncClient] = []

    def make() -> httpx.AsyncClient:
        def again() -> LoadedConfig:
            return load_config(path, {})

        loaded = again()
        app = create_app(loaded.settings, SettingsSource(loaded, again))
        transport = httpx.ASGITransport(app)
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://gateway"))
        return clients[-1]

    yield make
    for one in clients:
        await one.aclose()


async def test_reload_swaps_and_says_what_changed(client, path):
    web = client()
    write(path, "m2")
    response = await web.post("/admin/reload", headers=ADMIN)
    assert response.status_code == 200
    told = response.json()
    assert (told["pid"], told["worker"], told["workers"], told["generation"]) == (os.getpid(), 1, 1, 2)
    assert (told["reload"]["result"], told["reload"]["why"]) == ("applied", "asked for")
    assert [(change["old"], change["new"]) for change in told["reload"]["changes"]] == [("m1", "m2")]
    again = await web.post("/admin/reload", headers={"authorization": "Bearer adm"})
    assert (again.json()["reload"]["result"], again.json()["generation"]) == ("unchanged", 2)


async def test_reload_of_a_bad_file_is_400_with_every_mistake(client, path):
    web = client()
    write(path, server="{admin_key: adm, prt: 1}")
    response = await web.post("/admin/reload", headers=ADMIN)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert "gateway.yaml:2: server.prt: unknown key" in error["message"]
    status = (await web.get("/admin/status", headers=ADMIN)).json()
    assert (status["generation"], status["reload"]["result"]) == (1, "refused")


async def test_status_names_the_files(client, path):
    status = (await client().get("/admin/status", headers=ADMIN)).json()
    assert status["files"] == [str(path)]
    assert "reload" not in status


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}, {"x-api-key": "client"}, {"x-api-key": "ü"}])
@pytest.mark.parametrize("request_line", ["POST /admin/reload", "GET /admin/status", "PUT /admin/status"])
async def test_without_the_admin_key_it_is_401(client, headers, request_line):
    method, address = request_line.split()
    encoded = {name: value.encode() for name, value in headers.items()}
    response = await client().request(method, address, headers=encoded)
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "authentication_error"


async def test_another_method_is_405(client):
    response = await client().get("/admin/reload", headers=ADMIN)
    assert (response.status_code, response.json()["error"]["message"]) == (
        405,
        "GET is not allowed here: send a POST",
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
@pytest.mark.parametrize("address", ["/admin/reload", "/admin/status"])
async def test_without_an_admin_key_in_the_file_there_is_no_such_path(client, path, method, address):
    write(path, server="{keys: [client]}")
    web = client()
    unknown = "/admin/nothing"
    response = await web.request(method, address, headers=ADMIN)
    other = await web.request(method, unknown, headers=ADMIN)
    assert response.status_code == other.status_code == 404
    assert shape(response, address) == shape(other, unknown)


def shape(response: httpx.Response, address: str) -> tuple[str, list[str]]:
    text = response.text.replace(address, "PATH")
    return text.split('"request_id"')[0], sorted(response.headers)


async def test_the_admin_key_follows_the_file(client, path):
    web = client()
    write(path, server="{admin_key: other}")
    await web.post("/admin/reload", headers=ADMIN)
    assert (await web.get("/admin/status", headers=ADMIN)).status_code == 401
    assert (await web.get("/admin/status", headers={"x-api-key": "other"})).status_code == 200
    write(path, server="{}")
    await web.post("/admin/reload", headers={"x-api-key": "other"})
    assert (await web.get("/admin/status", headers={"x-api-key": "other"})).status_code == 404


async def test_client_keys_follow_the_file(client, path):
    web = client()
    assert (await web.get("/v1/models", headers={"x-api-key": "client"})).status_code == 200
    write(path, server="{admin_key: adm, keys: [new]}")
    await web.post("/admin/reload", headers=ADMIN)
    assert (await web.get("/v1/models", headers={"x-api-key": "client"})).status_code == 401
    assert (await web.get("/v1/models", headers={"x-api-key": "new"})).status_code == 200


async def test_ready_says_which_configuration_serves_and_what_is_wrong_with_the_file(client, path):
    web = client()
    write(path, server="{prt: 1}")
    await web.post("/admin/reload", headers=ADMIN)
    ready = (await web.get("/ready", headers={"x-api-key": "client"})).json()
    assert (ready["status"], ready["pid"], ready["worker"], ready["generation"]) == (
        "ready",
        os.getpid(),
        1,
        1,
    )
    assert "server.prt: unknown key" in ready["reload"]["error"]
    assert list(ready["providers"]) == ["up"]


async def test_ready_says_nothing_of_that_to_strangers(client):
    assert (await client().get("/ready")).json() == {"status": "ready"}
