"""gateway/upstreams/errors/adaptations.py: how often a server is asked, and what is known afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import pytest
from attrs import define, field

from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.upstreams.errors.adaptations import LearnedAdaptations
from gateway.upstreams.upstream_request import Adaptations, UpstreamRequest, digest


def schema_of(name: str) -> bytes:
    return f'{{"title":"{name}"}}'.encode()


@define
class Server:
    """Refuses the schemas of `bad` and all of `parameters`, and names the first one it meets."""

    bad: Iterable[str] = ()
    parameters: Iterable[str] = ()
    stubborn: bool = False
    """Refuses the schemas without constraints as well."""
    asked: list[list[str]] = field(factory=list)
    """The schemas that came without constraints, of each request."""

    def answer(self, built: UpstreamRequest) -> str | None:
        sent = json.loads(built.body)
        self.asked.append([name for name, bare in sent["tools"].items() if bare])
        for name in self.bad:
            if name in sent["tools"] and (self.stubborn or not sent["tools"][name]):
                return f"Invalid schema for function '{name}': 'pattern' is not permitted."
        return next((f"Unknown parameter: '{one}'." for one in self.parameters if one in sent["with"]), None)


async def talk(
    lessons: LearnedAdaptations, server: Server, tools: list[str], parameters: Iterable[str] = ()
) -> bool:
    """Whether a request with these tools is answered in the end."""

    async def build(adaptations: Adaptations) -> UpstreamRequest:
        bare = {name: adaptations.is_bare(schema_of(name)) for name in tools}
        body = {"tools": bare, "with": [one for one in parameters if one not in adaptations.dropped]}
        return UpstreamRequest(
            json.dumps(body).encode(),
            answer=AnswerTerms(schema_of=lambda name: schema_of(name) if name in tools else b""),
            schemas=lambda: map(schema_of, tools),
        )

    asking = lessons.asking("m")
    built = await build(asking.adaptations)
    while (refused := server.answer(built)) is not None:
        body = json.dumps({"error": {"message": refused}}).encode()
        other = await asking.again(400, body, built, build)
        if other is None:
            return False
        built = other
    asking.accepted()
    return True


@pytest.mark.parametrize("count", [1, 2, 3, 6, 20])
@pytest.mark.parametrize("order", [list, lambda names: list(reversed(names))])
async def test_server_that_names_one_schema_after_the_other_is_asked_three_times(
    count: int, order: Callable[[list[str]], list[str]]
):
    names = [f"t{at}" for at in range(count)]
    lessons, server = LearnedAdaptations(), Server(order(names))
    assert await talk(lessons, server, names)
    assert len(server.asked) == min(count, 2) + 1
    assert len(server.asked[1]) == 1, "the first refusal is about the one it names"
    server.asked.clear()
    assert await talk(lessons, server, names)
    assert len(server.asked) == 1, "the next request passes at once"
    assert lessons.of("m").bare_schemas == {digest(schema_of(name)) for name in names}


async def test_one_refused_schema_among_many_changes_no_other():
    names = [f"t{at}" for at in range(20)]
    lessons, server = LearnedAdaptations(), Server(["t7"])
    assert await talk(lessons, server, names)
    assert server.asked == [[], ["t7"]]
    assert await talk(lessons, server, names)
    assert server.asked[2:] == [["t7"]]


async def test_schemas_refused_in_different_requests_are_told_apart():
    lessons, server = LearnedAdaptations(), Server(["t7"])
    assert await talk(lessons, server, ["t7", "t8", "t9"])
    server.bad, server.asked = ["t7", "t8"], []
    assert await talk(lessons, server, ["t7", "t8", "t9"])
    assert server.asked == [["t7"], ["t7", "t8"]]


async def test_schemas_that_are_refused_whatever_is_done_teach_nothing():
    lessons = LearnedAdaptations()
    server = Server(["t0"], stubborn=True)
    assert not await talk(lessons, server, ["t0", "t1", "t2"])
    assert len(server.asked) == 3
    assert lessons.of("m") == Adaptations()


async def test_parameters_refused_one_after_the_other_are_all_learnt():
    names = ["temperature", "top_p", "stop", "user", "parallel_tool_calls", "metadata"]
    lessons, server = LearnedAdaptations(), Server(parameters=names)
    assert await talk(lessons, server, [], names)
    server.asked.clear()
    assert await talk(lessons, server, [], names)
    assert len(server.asked) == 1
