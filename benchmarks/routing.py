"""Resolving a route among 200: what it costs beside decoding the request that is routed.

    python -m benchmarks.routing

Two tables: names and patterns alone, as `models` has them, and 200 rules that each set a condition, of every
kind, with the one that takes the request at the end. The requests are the smallest one of an SDK, and a small
one of Claude Code with three tools, both with Claude Code's headers. Decoding is what stands before routing:
headers and body to an `Inbound`; the body alone is given beside it. What a request shows beside text is not
counted as routing, since whoever estimates its size looks there as well. Best of several runs, CPU time.
"""

import asyncio
import json

from attrs import frozen

from benchmarks import bodies
from benchmarks.translate import microseconds
from gateway.anthropic.request.decoding import decode_request
from gateway.controllers.asgi import read_inbound
from gateway.controllers.body import BodyBudget, BodyReservation
from gateway.inbound import Inbound
from gateway.routing.table import RouteTable
from gateway.settings.models import Match, ModelRule, ModelTarget, Provider, RouteRule, Server, Settings

ROUTES = 200
PROVIDERS = {"up": Provider("openai", "http://127.0.0.1:1/v1")}
SESSION = {"x-claude-code-session-id": "7a1b", "x-claude-code-request-class": "main"}
HEADERS = {
    "host": "127.0.0.1:8080",
    "user-agent": "claude-cli/2.1.330 (external, sdk-cli)",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br, zstd",
    "content-type": "application/json",
    "connection": "keep-alive",
    "x-api-key": "dummy",
    "x-app": "cli",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,effort-2025-11-24",
    "x-stainless-lang": "js",
    "x-stainless-os": "Linux",
    "x-stainless-arch": "x64",
    "x-stainless-retry-count": "0",
    "x-stainless-timeout": "600",
    **SESSION,
}
"""About two thirds of what Claude Code sends."""
KINDS = (
    {"class_": ("auxiliary",)},
    {"client": ("nobody",)},
    {"images": True},
    {"pdf": True},
    {"server_tools": True},
    {"tokens_over": 500_000},
)


@frozen
class Case:
    about: str
    table: RouteTable
    inbound: Inbound


def target(number: int) -> ModelTarget:
    return ModelTarget("up", f"m{number}")


def by_name() -> RouteTable:
    """Exact names and patterns by turns; the last takes the request."""
    names = [f"claude-{n}-*" if n % 2 else f"claude-model-{n}" for n in range(ROUTES - 1)]
    models = [ModelRule(name, target(n)) for n, name in enumerate([*names, bodies.MODEL])]
    return RouteTable.build(Settings(providers=PROVIDERS, models=tuple(models)))


def by_condition() -> RouteTable:
    """No two rules alike; the last takes the request."""
    rules = []
    for number in range(ROUTES - 1):
        said = dict(KINDS[number % len(KINDS)])
        if "tokens_over" in said:
            said["tokens_over"] += number
        rules.append(RouteRule((target(number),), Match(model=("*", f"claude-{number}"), **said)))
    rules.append(RouteRule((target(ROUTES),)))
    return RouteTable.build(Settings(providers=PROVIDERS, routes=tuple(rules)))


def small() -> Inbound:
    body = bodies.small()
    return Inbound("req_bench", body, SESSION, decode_request(body))


def with_tools() -> Inbound:
    """What Claude Code sends with three tools."""
    said = json.loads(bodies.big(size=0))
    said["tools"], said["messages"] = said["tools"][:3], said["messages"][:1]
    said["system"][0]["text"] = said["system"][0]["text"][:700]
    body = json.dumps(said).encode()[:]
    return Inbound("req_bench", body, SESSION, decode_request(body))


def cases() -> list[Case]:
    return [
        Case("200 names and patterns, smallest request", by_name(), small()),
        Case("200 names and patterns, Claude Code's request", by_name(), with_tools()),
        Case("200 conditions of all kinds, smallest request", by_condition(), small()),
        Case("200 conditions of all kinds, Claude Code's request", by_condition(), with_tools()),
    ]


def read(case: Case) -> Inbound:
    """As the controller reads it, with one step of an event loop."""
    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    scope = {"headers": headers, "query_string": b"beta=true"}

    async def receive() -> dict:
        return {"type": "http.request", "body": case.inbound.body, "more_body": False}

    with BodyReservation(BodyBudget()) as hold:
        return LOOP.run_until_complete(read_inbound(scope, receive, SERVER, "req_bench", hold))


SERVER, LOOP = Server(), asyncio.new_event_loop()


def main() -> None:
    print("| table and request | bytes | resolve µs | decode µs | ratio | body alone µs | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for case in cases():
        body = case.inbound.body
        resolve, decode, alone = microseconds(
            lambda case=case: case.table.resolve(case.inbound),
            lambda case=case: read(case),
            lambda body=body: decode_request(body),
        )
        print(
            f"| {case.about} | {len(body)} | {resolve:.2f} | {decode:.1f} | {resolve / decode:.3f} "
            f"| {alone:.1f} | {resolve / alone:.3f} |"
        )


if __name__ == "__main__":
    main()
