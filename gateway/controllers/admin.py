"""`POST /admin/reload` and `GET /admin/status`, authorized by `server.admin_key`.

Without such a key these paths behave like unknown ones: every method gets the same 404.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import cast

import msgspec
from litestar import Controller, asgi
from litestar.exceptions import NotFoundException
from litestar.types import HTTPScope, Receive, Scope, Send

from gateway.controllers.asgi import AsgiConnection, headers_of
from gateway.controllers.auth import is_admin
from gateway.controllers.service import Service, WorkerIdentity, outcome_details, service_in
from gateway.errors import Kind, RequestRefused
from gateway.ids import new_id
from gateway.runtime.reload import Reloader

REASON = "asked for"


class AdminController(Controller):
    @asgi("/admin/reload", copy_scope=False)
    async def reload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reload the configuration in all workers; 400 if it cannot be used."""
        service, reloader = _admitted(scope, "POST")
        outcome = await reloader.reload(REASON)
        _tell_others(service.worker)
        if outcome.result == "refused":
            raise RequestRefused(outcome.error)
        await _answer(
            AsgiConnection(receive, send), service.identity() | {"reload": outcome_details(outcome)}
        )

    @asgi("/admin/status", copy_scope=False)
    async def status(self, scope: Scope, receive: Receive, send: Send) -> None:
        service, reloader = _admitted(scope, "GET")
        details = service.identity() | {"files": [str(path) for path in reloader.source.files]}
        if reloader.last is not None:
            details["reload"] = outcome_details(reloader.last)
        await _answer(AsgiConnection(receive, send), details)


def _admitted(any_scope: Scope, method: str) -> tuple[Service, Reloader]:
    scope = cast("HTTPScope", any_scope)
    service = service_in(scope)
    server = service.runtimes.current.settings.server
    if server.admin_key is None or service.reloader is None:
        raise NotFoundException
    if not is_admin(headers_of(scope), server):
        raise RequestRefused(
            "the admin key is required: send it as x-api-key or as Authorization: Bearer", Kind.AUTHENTICATION
        )
    if scope["method"] != method:
        raise RequestRefused(
            f"{scope['method']} is not allowed here: send a {method}", Kind.METHOD_NOT_ALLOWED
        )
    return service, service.reloader


def _tell_others(worker: WorkerIdentity) -> None:
    """The parent forwards a SIGHUP to every worker; in this worker it changes nothing."""
    if worker.parent is not None and os.getppid() == worker.parent:
        with contextlib.suppress(OSError):
            os.kill(worker.parent, signal.SIGHUP)


async def _answer(peer: AsgiConnection, body: dict[str, object]) -> None:
    await peer.answer(msgspec.json.encode(body), new_id("req_"))
