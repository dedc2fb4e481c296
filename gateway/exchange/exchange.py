"""One client request from leased targets to its end: attempts in order, one writer, one timer, one record.

Rules:
- Before the first content a failed attempt may be retried or replaced by the next target; after it, failures
  reach the client.
- `retry` decides which failures are retried and which fall back to the next target.
- One timer (`deadlines`) enforces the timeouts of the current target.
- When the client disconnects, the upstream request is closed at once.
- When it ends, an exchange emits one immutable `RequestRecord`; log lines and metrics are made from it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import structlog
from attrs import Factory, define, evolve, field
from msgspec import UNSET

from gateway.anthropic import tool_ids
from gateway.anthropic.response import events as e
from gateway.anthropic.response.writer import MessageWriter
from gateway.attachments import Resolver
from gateway.emulation.emulate import Emulation, emulate
from gateway.emulation.filters import apply_filters
from gateway.emulation.local import local_answer
from gateway.emulation.structured_output import open_attempt
from gateway.errors import GatewayError, Kind, UpstreamFailed
from gateway.exchange.deadlines import Deadlines, RequestTimer
from gateway.exchange.keepalive import KeepaliveSchedule
from gateway.exchange.response import (
    ClientConnection,
    ClientResponse,
    JsonResponse,
    ResponseContext,
    StreamingResponse,
)
from gateway.exchange.retry import backoff, should_fail_over, should_retry
from gateway.ids import new_id
from gateway.inbound import Inbound
from gateway.offload import run
from gateway.parts import Notice, Part, StreamError
from gateway.settings.models import Server
from gateway.telemetry.record import RequestRecord
from gateway.upstreams.base import Attempt, Target

CLIENT_CLOSED = 499
"""Status recorded when the client disconnects before any response was sent."""
log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class ClientGone(Exception):
    """The client closed its connection before the answer was complete."""


@define
class Exchange:
    """Handles one request. `run` may be called once; `targets` is never empty."""

    inbound: Inbound
    targets: Sequence[Target]
    server: Server
    connection: ClientConnection
    resolver: Resolver
    _loop: asyncio.AbstractEventLoop = Factory(asyncio.get_running_loop)
    _context: ResponseContext = field(init=False)
    _delivery: ClientResponse = field(init=False)
    _timer: RequestTimer = field(init=False)
    _attempts: int = 0
    _known: list[Notice] = Factory(list[Notice])

    def __attrs_post_init__(self) -> None:
        now = self._loop.time()
        if self.inbound.repaired:
            self._known.append(Notice("repaired.request", "half a character became U+FFFD"))
        request = self.inbound.request
        writer = MessageWriter(
            message_id=new_id("msg_"),
            model=request.model,
            request_id=self.inbound.request_id,
            input_tokens=self.inbound.estimated_tokens,
            call_ids=tool_ids.ClientCallIds(lambda: new_id("toolu_"), self.inbound.call_ids),
            diagnostics=UNSET if bytes(request.diagnostics) in (b"", b"null") else None,
            plain=not request.stream,
        )
        self._context = ResponseContext(self.connection, self.inbound.request_id, writer, self._loop.time)
        if request.stream:
            self._delivery = StreamingResponse(self._context, KeepaliveSchedule(self.server, now))
        else:
            self._delivery = JsonResponse(self._context)
        deadlines = Deadlines(self.targets[0], now, now)
        self._timer = RequestTimer(deadlines, self._delivery, self._loop)

    async def run(self) -> RequestRecord:
        """Answer the client, including after a failure, and return the record of the request."""
        failure: Exception | None = None
        watcher = asyncio.create_task(self._watch())
        self._timer.schedule()
        try:
            # In its own task: a read that resumes it need not pass through the framework's ten stack frames.
            await asyncio.create_task(self._answer())
        except GatewayError as error:
            failure = error
            with contextlib.suppress(OSError):
                await self._delivery.fail(error)
        except ClientGone as gone:
            failure = gone
        except Exception:
            log.exception("a request failed in the gateway", request_id=self.inbound.request_id)
            failure = GatewayError(Kind.INTERNAL, "the gateway failed; its log says more")
            with contextlib.suppress(OSError):
                await self._delivery.fail(failure)
        finally:
            watcher.cancel()
            self._timer.stop()
        return self._record(failure)

    async def _answer(self) -> None:
        for at, target in enumerate(self.targets, 1):
            try:
                await self._ask(target)
            except UpstreamFailed as error:
                if not self._may_move_on(error, self.targets[at:]):
                    raise
                self._move_on(error, self.targets[at])
            else:
                return

    async def _ask(self, target: Target) -> None:
        """Try one target, with as many retries as its `retries` allows."""
        for again in range(target.retries + 1):
            try:
                await self._attempt(target, backoff(again))
            except UpstreamFailed as error:
                last = again == target.retries
                if last or self._context.writer.started or not should_retry(error):
                    raise
            else:
                return

    def _may_move_on(self, error: UpstreamFailed, others: Sequence[Target]) -> bool:
        """True if the client has seen no content and the next target's total timeout has not passed yet."""
        if not others or self._context.writer.started or not should_fail_over(error):
            return False
        return self._loop.time() < self._timer.deadlines.request_time + others[0].timeouts.total

    def _move_on(self, error: UpstreamFailed, following: Target) -> None:
        failed = self._timer.deadlines.target.name
        self._known.append(Notice("fallback.target", f"{failed}: {error.kind.value}"))
        log.warning(
            "a target failed, the next one is tried",
            request_id=self.inbound.request_id,
            failed=failed,
            because=error.message,
            next=following.name,
        )
        self._timer.clear(error)
        self._timer.start(following)
        self._timer.schedule()

    async def _attempt(self, target: Target, wait: float) -> None:
        self._context.route = target.name
        self._attempts += 1
        self._timer.start(target, wait)
        async with self._timer.limiting():
            await asyncio.sleep(wait)
            emulation = await run(self.inbound.heavy, emulate, self.inbound, target.model_info)
            attempt = await run(self.inbound.heavy, local_answer, emulation.inbound, target)
            attempt = attempt or await self._open(emulation.inbound, target)
            try:
                await self._pump(attempt, emulation)
            finally:
                await attempt.close()

    async def _open(self, inbound: Inbound, target: Target) -> Attempt:
        """Open an attempt. Time for attachments does not count against the upstream's timeouts."""
        self._timer.deadlines.pause()
        modalities = target.model_info.modalities
        required = await run(inbound.heavy, inbound.required_attachments, modalities)
        attachments = await self.resolver.resolve(required, modalities, self.server.fetch_urls)
        self._timer.start(target)
        return await open_attempt(inbound, target, attachments)

    async def _pump(self, attempt: Attempt, emulation: Emulation) -> None:
        writer, upstream_request = self._context.writer, attempt.request
        self._context.notices[:] = [*self._known, *emulation.notices, *upstream_request.notices]
        writer.begin(evolve(upstream_request.answer, applied_edits=emulation.applied_edits))
        filters = emulation.filters_for(upstream_request)
        while not writer.ended and (parts := await attempt.read()) is not None:
            self._timer.read(has_data=bool(parts) or attempt.has_data)
            if parts:
                await self._write(apply_filters(filters, parts) if filters else parts)
        if not writer.ended:
            provider = self._timer.deadlines.target.model_info.provider
            raise UpstreamFailed(Kind.UPSTREAM_CUT, f"[{provider}] the answer has no end")

    async def _write(self, parts: Sequence[Part]) -> None:
        writer = self._context.writer
        events: list[e.Event] = []
        for part in parts:
            if isinstance(part, StreamError) and not writer.started:
                raise UpstreamFailed(
                    part.kind,
                    part.message,
                    upstream_status=part.upstream_status,
                    retry_after=part.retry_after,
                )
            events += writer.write(part)
            if writer.ended:
                self._context.notices += writer.notices
                break
        if events:
            self._timer.sending()
            await self._delivery.events(events)
            self._timer.sent()

    async def _watch(self) -> None:
        await self.connection.gone()
        self._timer.cancel(ClientGone())

    def _record(self, failure: Exception | None) -> RequestRecord:
        context, writer = self._context, self._context.writer
        deadlines = self._timer.deadlines
        target = deadlines.target
        usage, first = writer.usage, context.first_event
        failed = failure if isinstance(failure, GatewayError) else writer.fault
        return RequestRecord(
            request_id=self.inbound.request_id,
            session=self.inbound.session,
            agent=self.inbound.agent,
            client=self.inbound.client,
            requested_model=self.inbound.request.model,
            route=target.route,
            provider=target.model_info.provider,
            model=target.model_info.model,
            stream=self.inbound.request.stream,
            status=context.status or CLIENT_CLOSED,
            error=failed and failed.kind,
            why=_why(failed),
            upstream_status=(failed and failed.upstream_status) or 0,
            client_gone=isinstance(failure, ClientGone),
            stop_reason=writer.stop_reason or "",
            input_tokens=usage.input or 0,
            output_tokens=usage.output or 0,
            cache_read_tokens=usage.cache_read or 0,
            cache_write_tokens=usage.cache_write or 0,
            estimated=any(notice.name == "estimated.usage" for notice in writer.notices),
            first_token=None if first is None else first - deadlines.request_time,
            duration=self._loop.time() - deadlines.request_time,
            attempts=self._attempts,
            notices=tuple(context.notices),
        )


def _why(failed: GatewayError | StreamError | None) -> str:
    return failed.why if isinstance(failed, GatewayError) else failed.message if failed else ""
