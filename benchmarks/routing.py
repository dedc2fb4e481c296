"""Resolving a route among 200: what it costs beside decoding a small request.

    python -m benchmarks.routing

Two tables: names and patterns alone, as `models` has them, and 200 rules that each set a condition, of every
kind, with the one that takes the request at the end. The request is the smallest one of an SDK; beside it
stands the smallest one that Claude Code sends for work, with its tools. Best of several runs, CPU time.
"""

import json

from attrs import frozen

from benchmarks import bodies
from benchmarks.translate import microseconds
from gateway.anthropic.decoding import decode_request
from gateway.inbound import Inbound
from gateway.routing.table import RouteTable
from gateway.settings.models import Match, ModelRule, ModelTarget, Provider, RouteRule, Settings

ROUTES = 200
PROVIDERS = {"up": Provider("openai", "http://127.0.0.1:1/v1")}
SESSION = {"x-claude-code-session-id": "7a1b", "x-claude-code-request-class": "main"}
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
    """What Claude Code sends with three tools: 4 KB."""
    said = json.loads(bodies.big(size=0))
    said["tools"], said["messages"] = said["tools"][:3], said["messages"][:1]
    said["system"][0]["text"] = said["system"][0]["text"][:700]
    body = json.dumps(said).encode()[:]
    return Inbound("req_bench", body, SESSION, decode_request(body))


def cases() -> list[Case]:
    return [
        Case("200 names and patterns, smallest request", by_name(), small()),
        Case("200 names and patterns, request with tools", by_name(), with_tools()),
        Case("200 conditions of all kinds, smallest request", by_condition(), small()),
        Case("200 conditions of all kinds, request with tools", by_condition(), with_tools()),
    ]


def ratio(case: Case) -> tuple[float, float]:
    """Microseconds to resolve, and to decode."""
    body = case.inbound.body
    return (
        microseconds(lambda: case.table.resolve(case.inbound)),
        microseconds(lambda: decode_request(body)),
    )


def main() -> None:
    print("| table and request | bytes | resolve µs | decode µs | ratio |\n| --- | --- | --- | --- | --- |")
    for case in cases():
        resolve, decode = ratio(case)
        size = len(case.inbound.body)
        print(f"| {case.about} | {size} | {resolve:.2f} | {decode:.2f} | {resolve / decode:.3f} |")


if __name__ == "__main__":
    main()
