"""One request from its targets to its record, with upstreams and a client that are plain objects."""

import asyncio
import json
import re
from collections.abc import Sequence

import pytest
from attrs import define, evolve, field

from gateway.anthropic.request.attachments import Attachments
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.anthropic.tools.tool_names import ClientToolName
from gateway.attachments import Resolver
from gateway.errors import Kind, UpstreamFailed
from gateway.exchange.exchange import Exchange
from gateway.inbound import Inbound
from gateway.parts import Finish, FinishReason, Notice, Part, StreamError, TextDelta, ToolCallDelta, Usage
from gateway.settings.models import Server, Timeouts
from gateway.settings.quirks import PLAIN
from gateway.upstreams.base import Target
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.upstream_request import UpstreamRequest

HELLO: list[list[Part]] = [[TextDelta("Hel")], [TextDelta("lo")], [Usage(input=3, output=2), Finish()]]
DEFAULTS = Server()
SLOW = Timeouts(connect=9, first_byte=9, idle=9, total=9)
QUICK_PINGS = Server(commit_after=0.05, ping_every=0.05, drip_after=9, drip_every=9)


@define
class Script:
    """What an attempt gives: lists of parts; a number is a pause in seconds, an exception is raised."""

    steps: Sequence[list[Part] | float | Exception]
    request: UpstreamRequest = field(factory=lambda: UpstreamRequest(b"{}"))
    closed: bool = False
    has_data: bool = False

    async def read(self) -> list[Part] | None:
        while self.steps:
            step, self.steps = self.steps[0], self.steps[1:]
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif isinstance(step, Exception):
                raise step
            else:
                return step
        return None

    async def close(self) -> None:
        self.closed = True


@define
class FakeAdapter:
    scripts: list[Script | UpstreamFailed]
    opened: int = 0

    async def open(self, inbound: Inbound, target: Target, attachments: Attachments) -> Script:
        self.opened += 1
        script = self.scripts.pop(0)
        if isinstance(script, UpstreamFailed):
            raise script
        return script


@define
class Client:
    status: int = 0
    headers: dict[str, str] = field(factory=dict)
    body: bytes = b""
    over: bool = False
    leaves: asyncio.Event = field(factory=asyncio.Event)

    async def start(self, status, headers):
        assert self.status == 0, "headers are sent once"
        self.status = status
        self.headers = {name.decode(): value.decode() for name, value in headers}

    async def send(self, data, *, more):
        assert not self.over, "nothing follows the end"
        self.body += data
        self.over = not more

    async def gone(self):
        await self.leaves.wait()

    @property
    def events(self) -> list[str]:
        return [line[7:] for line in self.body.decode().splitlines() if line.startswith("event: ")]


def exchange(
    scripts: list[Script | UpstreamFailed],
    *,
    stream: bool = True,
    server: Server = DEFAULTS,
    timeouts: Timeouts = SLOW,
    retries: int = 0,
) -> tuple[Exchange, Client, FakeAdapter]:
    body = json.dumps(
        {"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    ).encode()
    inbound = Inbound("req_1", body, {}, decode_request(body))
    adapter, client = FakeAdapter(scripts), Client()
    target = Target(adapter, ModelInfo("p", "up", PLAIN), timeouts, retries)
    return Exchange(inbound, [target], server, client, Resolver()), client, adapter


def refused() -> UpstreamFailed:
    return UpstreamFailed(Kind.UPSTREAM_UNREACHABLE, "[p] cannot reach provider")


async def test_a_stream_is_answered_and_recorded():
    running, client, _ = exchange([Script(HELLO)])
    record = await running.run()
    assert client.status == 200
    assert client.over
    assert client.headers["request-id"] == "req_1"
    assert client.headers["x-gateway-model"] == "p/up"
    assert client.events[0] == "message_start"
    assert client.events[-1] == "message_stop"
    assert (record.status, record.stop_reason, record.input_tokens, record.output_tokens) == (
        200,
        "end_turn",
        3,
        2,
    )
    assert record.first_token is not None
    assert record.error is None


async def test_a_plain_answer_is_the_fold_of_the_same_events():
    running, client, _ = exchange([Script(HELLO)], stream=False)
    await running.run()
    message = json.loads(client.body)
    assert message["content"] == [{"type": "text", "text": "Hello"}]
    assert client.headers["content-length"] == str(len(client.body))


@pytest.mark.parametrize("stream", [True, False])
async def test_a_failure_before_content_is_a_real_status(stream):
    running, client, _ = exchange([refused()], stream=stream)
    record = await running.run()
    assert client.status == 502
    assert json.loads(client.body)["error"]["type"] == "api_error"
    assert record.error is Kind.UPSTREAM_UNREACHABLE


async def test_a_fault_inside_the_stream_before_content_is_a_real_status():
    fault = StreamError(Kind.RATE_LIMITED, "[p] slow down", retry_after=7)
    running, client, _ = exchange([Script([[Usage(input=1)], [fault]])])
    await running.run()
    assert client.status == 429
    assert client.headers["retry-after"] == "7"


async def test_a_fault_after_content_is_an_error_event_and_closes_no_block():
    running, client, _ = exchange([Script([[TextDelta("Hel")], [StreamError(Kind.UPSTREAM_CUT, "cut")]])])
    record = await running.run()
    assert client.status == 200
    assert client.events == ["message_start", "content_block_start", "content_block_delta", "error"]
    assert record.error is Kind.UPSTREAM_CUT


async def test_retries_are_counted_and_the_last_failure_is_told():
    running, client, adapter = exchange([refused(), refused(), refused()], retries=2)
    record = await running.run()
    assert (adapter.opened, record.attempts, client.status) == (3, 3, 502)


async def test_an_answer_with_nothing_in_it_is_tried_again():
    running, client, adapter = exchange(
        [Script([[StreamError(Kind.UPSTREAM_CUT, "no end")]]), Script(HELLO)], retries=1
    )
    record = await running.run()
    assert (adapter.opened, client.status, record.stop_reason) == (2, 200, "end_turn")


async def test_a_refusal_is_not_tried_again():
    rejected = UpstreamFailed(Kind.UPSTREAM_CREDENTIALS, "[p] rejected")
    running, client, adapter = exchange([rejected], retries=3)
    await running.run()
    assert (adapter.opened, client.status) == (1, 500)


async def test_nothing_is_tried_again_after_content():
    running, _, adapter = exchange(
        [Script([[TextDelta("a")], UpstreamFailed(Kind.UPSTREAM_CUT, "cut")])], retries=3
    )
    record = await running.run()
    assert (adapter.opened, record.error) == (1, Kind.UPSTREAM_CUT)


async def test_silence_commits_headers_and_pings_before_the_message():
    running, client, _ = exchange([Script([0.4, *HELLO])], server=QUICK_PINGS)
    await running.run()
    first = client.events.index("message_start")
    assert first >= 2
    assert set(client.events[:first]) == {"ping"}


async def test_a_failure_after_pings_is_an_error_event():
    running, client, _ = exchange([Script([0.3, refused()])], server=QUICK_PINGS)
    record = await running.run()
    assert client.status == 200
    assert client.events[-1] == "error"
    assert (record.status, record.error) == (200, Kind.UPSTREAM_UNREACHABLE)


async def test_long_silence_drips_empty_text_until_the_first_real_block():
    server = Server(commit_after=0.05, ping_every=5, drip_after=0.1, drip_every=0.05)
    running, client, _ = exchange([Script([0.4, *HELLO])], server=server)
    await running.run()
    assert client.events[:4] == ["ping", "message_start", "content_block_start", "content_block_delta"]
    assert '"index":1,"content_block":{"type":"text"' in client.body.decode()


@pytest.mark.parametrize(
    ("timeouts", "steps", "key"),
    [
        (Timeouts(first_byte=0.1), [5.0], "first_byte"),
        (Timeouts(idle=0.1), [[Usage()], 5.0], "idle"),
        (Timeouts(total=0.1), [[Usage()], 5.0], "total"),
    ],
)
async def test_each_budget_ends_the_request_and_is_named(timeouts, steps, key):
    script = Script(steps)
    running, client, _ = exchange([script], timeouts=timeouts)
    record = await running.run()
    assert client.status == 504
    assert f"timeouts.{key}" in json.loads(client.body)["error"]["message"]
    assert record.error is Kind.UPSTREAM_TIMEOUT
    assert script.closed


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_ends_the_upstream_request(stream):
    script = Script([[TextDelta("a")], 60.0])
    running, client, _ = exchange([script], stream=stream)
    task = asyncio.create_task(running.run())
    await asyncio.sleep(0.05)
    client.leaves.set()
    record = await asyncio.wait_for(task, 1)
    assert script.closed
    assert record.client_gone
    assert record.error is None


async def test_known_notices_are_in_the_header_and_late_ones_in_a_comment():
    script = Script([[TextDelta("a")], [Notice("late.one"), Finish(FinishReason.STOP)]])
    script.request = UpstreamRequest(b"", notices=(Notice("dropped.early"), Notice("dropped.early")))
    running, client, _ = exchange([script])
    record = await running.run()
    assert client.headers["x-gateway-warnings"] == "dropped.early"
    comment = client.body.decode().split("event: message_stop")[0].rstrip().splitlines()[-1]
    assert comment.startswith(": gateway-warnings: late.one")
    assert {"dropped.early", "late.one"} <= {notice.name for notice in record.notices}


async def test_shortened_tool_names_are_given_back():
    script = Script([[ToolCallDelta(0, "c1", "short", "{}", whole=True), Finish(FinishReason.TOOLS)]])
    script.request = UpstreamRequest(b"", answer=AnswerTerms({"short": ClientToolName("the_long_name")}))
    running, client, _ = exchange([script], stream=False)
    await running.run()
    assert json.loads(client.body)["content"][0]["name"] == "the_long_name"


async def test_a_bug_in_the_gateway_is_told_as_one():
    running, client, _ = exchange([Script([KeyError("oops")])])
    record = await running.run()
    assert client.status == 500
    assert "oops" not in client.body.decode()
    assert record.error is Kind.INTERNAL


def chain(
    *targets: list[Script | UpstreamFailed],
    stream: bool = True,
    retries: int = 0,
    server: Server = DEFAULTS,
    timeouts: Timeouts = SLOW,
) -> tuple[Exchange, Client, list[FakeAdapter]]:
    """An exchange with several targets, `up0` first; `timeouts` are the first one's."""
    one, client, _ = exchange([], stream=stream, server=server)
    adapters = [FakeAdapter(scripts) for scripts in targets]
    planned = [
        Target(adapter, ModelInfo("p", f"up{at}", PLAIN), SLOW if at else timeouts, retries)
        for at, adapter in enumerate(adapters)
    ]
    return evolve(one, targets=planned), client, adapters


def failed(kind: Kind) -> UpstreamFailed:
    return UpstreamFailed(kind, "[p] no", retry_after=7)


MOVED = [Kind.UPSTREAM_UNREACHABLE, Kind.RATE_LIMITED, Kind.UPSTREAM_OVERLOADED, Kind.UPSTREAM_UNAVAILABLE]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", MOVED, ids=lambda kind: kind.value)
async def test_the_next_target_answers_where_one_fails(kind, stream):
    running, client, adapters = chain([failed(kind)], [Script(HELLO)], stream=stream)
    record = await running.run()
    assert client.status == 200
    assert client.headers["x-gateway-model"] == "p/up1"
    assert "fallback.target" in client.headers["x-gateway-warnings"]
    assert (record.model, record.attempts, record.error) == ("up1", 2, None)
    assert [notice.name for notice in record.notices] == ["fallback.target"]
    assert [adapter.opened for adapter in adapters] == [1, 1]


async def test_retries_come_before_the_next_target_and_a_rate_limit_has_none():
    running, _, adapters = chain(
        [refused(), refused()], [failed(Kind.RATE_LIMITED)], [Script(HELLO)], retries=1
    )
    await running.run()
    assert [adapter.opened for adapter in adapters] == [2, 1, 1]


async def test_a_rate_limit_in_the_stream_before_content_moves_on():
    fault = StreamError(Kind.RATE_LIMITED, "[p] slow down", retry_after=7)
    running, client, _ = chain([Script([[Usage(input=1)], [fault]])], [Script(HELLO)])
    await running.run()
    assert client.events[-1] == "message_stop"


LEFT_OVERS: list[Part] = [
    TextDelta("\n\n"),
    Usage(input=1000, output=900),
    Notice("repaired.answer", "of the first"),
    ToolCallDelta(0, "c1", "", '{"first":'),
]
"""Parts that begin no message."""


FAILURES = {
    "an error in the stream": [StreamError(Kind.UPSTREAM_UNAVAILABLE, "[p] busy")],
    "a lost connection": UpstreamFailed(Kind.UPSTREAM_CUT, "[p] cut"),
    "silence": 5.0,
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("again", "failure"),
    [
        ("retry", "an error in the stream"),
        ("retry", "a lost connection"),
        ("next target", "an error in the stream"),
        ("next target", "a lost connection"),
        ("next target", "silence"),  # a timeout is not retried
    ],
)
async def test_nothing_of_a_failed_attempt_gets_into_the_next_ones_answer(stream, again, failure):
    failing = Script([LEFT_OVERS, FAILURES[failure]])
    idle = Timeouts(connect=9, first_byte=9, idle=0.1, total=9)
    answer: list[Part] = [
        TextDelta("Hello"),
        ToolCallDelta(0, "c2", "f", '{"second":1}', whole=True),
        Usage(output=2),
        Finish(FinishReason.TOOLS),
    ]
    targets = [[failing, Script([answer])]] if again == "retry" else [[failing], [Script([answer])]]
    running, client, _ = chain(*targets, stream=stream, retries=int(again == "retry"), timeouts=idle)
    alone, expected, _ = exchange([Script([answer])], stream=stream)
    record, clean = await running.run(), await alone.run()
    assert record.error is None
    assert record.attempts == 2
    notices = [notice.name for notice in record.notices if notice.name != "fallback.target"]
    assert notices == ["estimated.usage"]
    assert (record.input_tokens, record.output_tokens) == (clean.input_tokens, clean.output_tokens)
    assert _without_ids(client.body) == _without_ids(expected.body)


def _without_ids(body: bytes) -> bytes:
    return re.sub(rb"(msg|toolu)_\w+|: gateway-warnings[^\n]*\n\n", b"", body)


@pytest.mark.parametrize("kind", [Kind.UPSTREAM_CREDENTIALS, Kind.CONTEXT_OVERFLOW, Kind.UPSTREAM_FAILED])
async def test_what_the_next_target_may_not_hide_is_told(kind):
    running, _, adapters = chain([failed(kind)], [Script(HELLO)])
    record = await running.run()
    assert record.error is kind
    assert adapters[1].opened == 0


async def test_where_all_targets_fail_the_last_failure_is_told():
    running, client, _ = chain([refused()], [failed(Kind.RATE_LIMITED)])
    record = await running.run()
    assert (client.status, client.headers["retry-after"]) == (429, "7")
    assert record.model == "up1"


async def test_no_target_is_tried_after_content():
    running, client, adapters = chain(
        [Script([[TextDelta("a")], UpstreamFailed(Kind.UPSTREAM_CUT, "cut")])], [Script(HELLO)]
    )
    await running.run()
    assert client.events[-1] == "error"
    assert adapters[1].opened == 0


@pytest.mark.parametrize("stream", [True, False])
async def test_a_target_that_is_silent_too_long_gives_way_and_its_request_ends(stream):
    silent = Script([5.0, *HELLO])
    timeouts = Timeouts(first_byte=0.1, idle=9, total=9)
    running, client, _ = chain([silent], [Script([0.3, *HELLO])], stream=stream, timeouts=timeouts)
    record = await running.run()
    assert silent.closed
    assert (client.status, record.model, record.error) == (200, "up1", None)


async def test_the_clock_of_the_next_target_runs_too():
    timeouts = Timeouts(first_byte=0.1, idle=9, total=9)
    running, client, adapters = chain([Script([5.0])], [Script([5.0])], [Script(HELLO)], timeouts=timeouts)
    running.targets = [running.targets[0], evolve(running.targets[1], timeouts=timeouts), running.targets[2]]
    record = await running.run()
    assert (client.status, record.model) == (200, "up2")
    assert [adapter.opened for adapter in adapters] == [1, 1, 1]


async def test_pings_do_not_keep_the_next_target_from_being_tried():
    timeouts = Timeouts(first_byte=0.3, idle=9, total=9)
    running, client, _ = chain([Script([5.0])], [Script(HELLO)], server=QUICK_PINGS, timeouts=timeouts)
    record = await running.run()
    assert client.events[0] == "ping"
    assert client.events[-1] == "message_stop"
    assert record.model == "up1"


async def test_a_budget_that_is_used_up_is_not_spent_again():
    timeouts = Timeouts(first_byte=9, idle=9, total=0.1)
    running, client, adapters = chain([Script([5.0])], [Script(HELLO)], timeouts=timeouts)
    running.targets = [running.targets[0], evolve(running.targets[1], timeouts=timeouts)]
    await running.run()
    assert client.status == 504
    assert adapters[1].opened == 0


async def test_a_client_that_leaves_is_not_followed_to_the_next_target():
    running, client, adapters = chain([Script([60.0])], [Script(HELLO)])
    task = asyncio.create_task(running.run())
    await asyncio.sleep(0.05)
    client.leaves.set()
    record = await asyncio.wait_for(task, 1)
    assert record.client_gone
    assert adapters[1].opened == 0


async def test_an_idle_budget_shorter_than_the_first_bytes_is_noticed_in_time():
    running, client, _ = exchange(
        [Script([[Usage()], 5.0])], stream=False, timeouts=Timeouts(first_byte=60, idle=0.1, total=60)
    )
    begun = asyncio.get_running_loop().time()
    await running.run()
    assert client.status == 504
    assert asyncio.get_running_loop().time() - begun < 4


async def test_comments_that_say_nothing_do_not_prolong_the_wait_for_the_first_bytes():
    nothing: list[list[Part] | float | Exception] = [[], 0.05] * 100
    running, client, _ = exchange([Script(nothing)], timeouts=Timeouts(first_byte=0.3, idle=9, total=60))
    await running.run()
    assert client.status == 504
    assert "timeouts.first_byte" in client.body.decode()
