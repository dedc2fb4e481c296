"""The trials against a scripted server: what each concludes, and from what."""

from __future__ import annotations

import itertools
import time

import pytest
from attrs import define, field

from gateway.doctor import cancellation, examination, vision
from gateway.doctor.client import ProbeClient
from gateway.doctor.examination import FULL, QUICK
from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.doctor.window import DEEP, USUAL, ProbeEffort
from gateway.testing.upstream import Call, Raw, Reply, Rule, Usage, When, refusal

PARIS, ROME = Call("get_weather", {"city": "Paris"}), Call("get_weather", {"city": "Rome"}, id="c2")
ABLE = (
    Rule(When(tool="get_weather", last_user="Rome"), (Reply(calls=(PARIS, ROME)),), repeat=True),
    Rule(When(tool="get_weather"), (Reply(calls=(PARIS,)),), repeat=True),
    Rule(When(last_user="colour"), (Reply(text="Orange."),), repeat=True),
)
READY = Reply(text="ready")


def only(name: str):
    return (*QUICK[:1], *(trial for trial in FULL if trial.name == name))


@pytest.fixture
def chat(upstream, monkeypatch):
    """The scripted server as one of kind openai: it says of itself that it is Ollama."""
    monkeypatch.setattr(
        "gateway.doctor.products.PATHS", ("/props", "/version", "/get_server_info", "/api/v0/models")
    )
    monkeypatch.setattr("gateway.doctor.identity._detect", _listed)
    return upstream


async def _listed(line, heard):
    from gateway.doctor import products

    return products.detect_by_model_list(line, {path: one.json for path, one in heard.items()})


async def test_an_able_ollama_is_usable(upstream, examine):
    upstream.script(rules=ABLE, default=Reply(text="ready", reasoning="hm"))
    found, whole = await examine(upstream.url)
    assert {name: one.verdict for name, one in found.items()} == {
        "answers": "yes", "streams": "yes", "usage": "yes", "tools": "yes", "parallel tools": "yes",
        "vision": "yes", "reasoning": "yes", "window": "yes", "prefix cache": "unknown",
        "cancellation": "unknown",
    }  # fmt: skip
    assert found["reasoning"].value == "thinking"
    assert whole.overall == "usable"
    windows = {one.body["options"].get("num_ctx") for one in upstream.chats()}
    assert windows == {32768}, "another window in between would load the model anew"


async def test_every_finding_has_its_evidence(upstream, examine):
    upstream.script(rules=ABLE, default=READY)
    found, _ = await examine(upstream.url)
    assert all(one.evidence for one in found.values())


async def test_the_manner_is_learned_from_the_first_refusals(chat, examine):
    chat.script(
        refusal(400, "Unsupported parameter: 'max_tokens' is not supported with this model."),
        refusal(400, "Unrecognized request argument supplied: stream_options"),
        Reply(text="ready", usage_in="none"),
        Reply(calls=(PARIS,)),
    )
    found, _ = await examine(chat.url, QUICK)
    assert found["answers"].verdict == "yes"
    assert found["usage"].verdict == "no"
    last = chat.chats()[-1].body
    assert "max_completion_tokens" in last
    assert "max_tokens" not in last
    assert "stream_options" not in last


async def test_a_server_that_does_not_answer_is_asked_no_more(chat, examine):
    chat.script(default=refusal(500, "CUDA out of memory"))
    found, whole = await examine(chat.url)
    assert list(found) == ["answers"]
    assert "CUDA out of memory" in found["answers"].evidence
    assert whole.overall == "unusable"


async def test_a_model_that_only_thinks_is_given_more_room(chat, examine):
    chat.script(Reply(text="", finish="length"), Reply(text="ready"), Reply(calls=(PARIS,)))
    found, _ = await examine(chat.url, QUICK)
    assert found["answers"].verdict == "yes"
    assert chat.chats()[1].body["max_tokens"] > chat.chats()[0].body["max_tokens"]


async def test_tools_only_when_forced_are_not_enough(chat, examine):
    chat.script(
        READY, Reply(text="I cannot know the weather."), Reply(calls=(PARIS,)),
    )  # fmt: skip
    found, whole = await examine(chat.url, QUICK)
    assert found["tools"].verdict == "partly"
    assert chat.chats()[2].body["tool_choice"] == "required"
    assert whole.overall == "limited"


async def test_a_call_that_comes_as_text_is_no_call(chat, examine):
    leaked = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
    chat.script(READY, default=Reply(text=leaked))
    found, whole = await examine(chat.url, QUICK)
    assert found["tools"].verdict == "no"
    assert "as text" in found["tools"].evidence
    assert whole.overall == "limited"


async def test_refused_tools_are_told_in_the_servers_words(upstream, examine):
    upstream.script(
        READY,
        Raw(status=400, chunks=('{"error": "registry.ollama.ai/library/x does not support tools"}',)),
    )
    found, _ = await examine(upstream.url, QUICK)
    assert "does not support tools" in found["tools"].evidence
    assert "ollama show" in found["tools"].meaning


async def test_one_call_where_two_were_asked_for_is_said(chat, examine):
    chat.script(READY, default=Reply(calls=(PARIS,)))
    found, _ = await examine(chat.url, (*QUICK, *only("parallel tools")[1:]))
    assert found["parallel tools"].verdict == "no"


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [(Reply(text="It is orange."), "yes"), (Reply(text="Blue."), "no"), (refusal(400, "no images"), "no")],
    ids=["seen", "guessed", "refused"],
)
async def test_vision_is_naming_the_colour(chat, examine, reply, verdict):
    chat.script(READY, reply)
    found, whole = await examine(chat.url, only("vision"))
    assert found["vision"].verdict == verdict
    assert whole.model.vision is (verdict == "yes")


def test_the_picture_is_a_png():
    data = vision.test_image()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) < 500


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (Reply(text="391", reasoning="17*23"), "reasoning_content"),
        (Reply(text="391", reasoning="17*23", reasoning_field="reasoning"), "reasoning"),
        (Reply(text="391", reasoning="17*23", think_tags=True), "<think>"),
    ],
    ids=["reasoning_content", "reasoning", "tags"],
)
async def test_the_field_of_the_reasoning_is_told(chat, examine, reply, field):
    chat.script(READY, reply)
    found, whole = await examine(chat.url, only("reasoning"))
    assert found["reasoning"].value == field
    assert whole.model.reasoning is True


async def test_no_reasoning_is_no(chat, examine):
    chat.script(READY, Reply(text="391. " * 60))
    found, whole = await examine(chat.url, only("reasoning"))
    assert found["reasoning"].verdict == "no"
    assert whole.model.reasoning is False


@define
class Held:
    """A server that holds `holds` tokens and says that it holds `says`; what it is asked is noted.

    `check`: it refuses what is too long, with its number or without; or cuts it, or takes it. It reads `pace`
    tokens in a second, and is not to be stopped.
    """

    holds: int
    says: int | None = None
    check: str = "number"
    pace: float = 10_000_000
    counts: bool = True
    sizes: list[int] = field(factory=list)

    def routes(self) -> dict[str, object]:
        model = {"id": "m", "object": "model", **({"max_model_len": self.says} if self.says else {})}
        return {
            "/v1/models": {"object": "list", "data": [model]},
            "/v1/chat/completions": self.answer,
        }

    def answer(self, body: dict) -> object:
        text = body["messages"][0]["content"]
        size = text.count(" hello")
        if not size:
            return self.said(10)
        self.sizes.append(size)
        if size > self.holds and self.check in ("number", "words"):
            number = f" of {self.holds} tokens" if self.check == "number" else ""
            words = f"the prompt is longer than the maximum context length{number}"
            return 400, {"error": {"message": words}}
        time.sleep(size / self.pace)
        return self.said(min(size, self.holds) if self.check == "cut" else size)

    def said(self, prompt: int) -> dict[str, object]:
        choice = {"message": {"role": "assistant", "content": "ready"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": prompt, "completion_tokens": 1} if self.counts else None
        return {"choices": [choice], "usage": usage}


@pytest.fixture
def window(canned, examine, monkeypatch):
    """`await window(Held(...))`: what is found of its window."""

    async def run(held: Held, effort: ProbeEffort = USUAL, **known: object):
        trials = (*QUICK[:1], examination._filling(effort))
        found, whole = await examine(canned(held.routes()), trials, **known)
        return found["window"], whole

    return run


async def test_the_window_is_what_the_refusal_of_a_long_prompt_names(window):
    held = Held(holds=4096, says=None)
    found, whole = await window(held)
    assert (found.verdict, found.value) == ("yes", 4096)
    assert "Claude Code" in found.meaning
    assert whole.model.window == 4096
    assert held.sizes == [1024, 4096, 16384]


@pytest.mark.parametrize(
    ("held", "verdict", "value"),
    [
        (Held(holds=8192, says=8192), "yes", 8192),
        (Held(holds=4096, says=8192), "partly", 4096),
        (Held(holds=8192, says=8192, check="words"), "yes", 8192),
        (Held(holds=5000, check="words"), "partly", 4096),
        (Held(holds=2048, says=8192, check="cut"), "partly", 2048),
        (Held(holds=2048, check="cut"), "partly", 2048),
        (Held(holds=8192, says=8192, check="none"), "partly", 8192),
        (Held(holds=8192, check="none"), "unknown", None),
        (Held(holds=131072, says=131072), "yes", 131072),
        (Held(holds=8192, says=8192, counts=False), "yes", 8192),
    ],
    ids=[
        "says the truth", "says too much", "refuses without a number", "nothing said, no number", "cuts",
        "nothing said, cuts", "no check", "nothing said, no check", "more than is tried", "counts nothing",
    ],
)  # fmt: skip
async def test_the_window_is_what_was_seen(window, held, verdict, value):
    found, _ = await window(held)
    assert (found.verdict, found.value) == (verdict, value)
    assert held.sizes[0] == 1024
    assert all(later <= 4 * before for before, later in itertools.pairwise(held.sizes))
    assert max(held.sizes) <= (held.says * 1.05 + 200 if held.says else 40_000)
    assert max(held.sizes) <= 40_000


async def test_a_slow_server_without_a_check_is_not_kept_busy(window):
    held = Held(holds=2048, check="none", pace=4_000)
    began = time.monotonic()
    found, whole = await window(held, ProbeEffort(40_000, 3.0))
    assert found.verdict == "unknown"
    assert whole.model.window is None
    assert sum(held.sizes) / held.pace <= 3.0
    assert time.monotonic() - began < 6
    assert held.sizes[:1] == [1024]


async def test_a_server_too_slow_for_the_first_prompt_is_left(window):
    held = Held(holds=2048, says=2048, check="none", pace=400)
    found, _ = await window(held, ProbeEffort(40_000, 0.5))
    assert (found.verdict, found.value) == ("unknown", 2048)
    assert held.sizes == [1024]
    assert "not read within" in found.evidence


async def test_deep_goes_on_where_the_usual_trial_ends(window):
    held = Held(holds=131072, says=None)
    found, _ = await window(held)
    assert (found.verdict, max(held.sizes)) == ("unknown", 40_000)
    assert "--deep" in found.evidence
    found, _ = await window(held, DEEP)
    assert (found.verdict, found.value) == ("yes", 131072)


async def test_counts_that_are_none_tell_no_window(chat, examine):
    chat.script(READY, Reply(text="x", usage=Usage(prompt=5)))
    found, whole = await examine(chat.url, only("window"))
    assert (found["window"].verdict, found["window"].value) == ("unknown", None)
    assert "counted as 5" in found["window"].evidence
    assert whole.model.window is None


def test_the_window_is_filled_last_of_all():
    for trials in (
        FULL,
        examination.with_deep_window(FULL),
        examination.with_deep_window(examination.ABILITIES),
    ):
        assert [trial.name for trial in trials].index("window") == len(trials) - 1
    assert "window" not in [trial.name for trial in examination.ABILITIES]


async def test_a_server_that_costs_money_is_not_sent_a_long_prompt(chat, examine):
    chat.script(READY)
    found, _ = await examine(chat.url, only("window"), near=False)
    assert "cost money" in found["window"].evidence
    assert len(chat.chats()) == 1


async def test_the_limit_of_answers_is_what_a_refusal_names(chat, examine):
    chat.script(
        READY, refusal(400, "max_tokens is too large: 10000000. This model supports at most 16384 tokens.")
    )
    found, whole = await examine(chat.url, only("output limit"))
    assert found["output limit"].value == whole.model.output == 16384


async def test_a_server_that_takes_any_limit_is_left_after_the_first_piece(chat, examine):
    chat.script(READY, Reply(text="word " * 50, pieces=50, delay=0.1))
    began = time.monotonic()
    found, _ = await examine(chat.url, only("output limit"))
    assert found["output limit"].verdict == "unknown"
    assert time.monotonic() - began < 4
    assert chat.chats()[1].done_at is None


async def test_cached_tokens_prove_a_cache(chat, examine):
    chat.script(
        READY,
        Reply(text="a", usage=Usage(prompt=1250), before_content=0.6),
        Reply(text="b", usage=Usage(prompt=1250, cached=1200)),
    )
    found, _ = await examine(chat.url, only("prefix cache"))
    assert found["prefix cache"].verdict == "yes"
    assert "1200 tokens" in found["prefix cache"].evidence
    first, second = (one.texts("user")[0] for one in chat.chats()[1:3])
    assert first[:1000] == second[:1000]


@pytest.mark.parametrize(("second", "verdict"), [(0.05, "yes"), (0.7, "no")])
async def test_times_tell_of_a_cache_where_no_count_does(chat, examine, second, verdict):
    chat.script(READY, Reply(text="a", before_content=0.8), Reply(text="b", before_content=second))
    found, _ = await examine(chat.url, only("prefix cache"))
    assert found["prefix cache"].verdict == verdict


async def test_a_trial_that_takes_too_long_is_given_up(chat, examine, monkeypatch):
    chat.script(READY, Reply(text="late", before_headers=5))
    hasty = examination.Probe("asking", "tools", examination.TOOLS.run, 0.3)
    found, _ = await examine(chat.url, (*QUICK[:1], hasty))
    assert found["tools"].verdict == "unknown"
    assert "within 0 s" in found["tools"].evidence


@pytest.mark.parametrize("ending", ["cut", "reset"])
async def test_a_server_that_breaks_off_gives_findings_all_the_same(upstream, examine, ending):
    upstream.script(READY, default=Reply(text="half of an answer", ending=ending, after=1))
    found, whole = await examine(upstream.url)
    assert len(found) > 5
    assert whole.overall == "limited"


LONG = Reply(text="1 2 3 " * 100, pieces=100, delay=0.1)


@pytest.mark.parametrize(
    ("beside", "after", "verdict"),
    [("waits", "quick", "yes"), ("waits", "waits", "no"), ("quick", "quick", "unknown")],
    ids=["stops", "goes on", "does several things at once"],
)
async def test_the_time_of_a_short_question_tells_whether_a_long_one_was_given_up(
    chat, examine, monkeypatch, beside, after, verdict
):
    """The scripted server does everything at once: that a question waits is played."""
    chat.script(READY, LONG)
    seconds = iter([0.1, *({"waits": 9.0, "quick": 0.1}[one] for one in (beside, after))])

    async def short(_, patience=60.0):
        return min(next(seconds), patience)

    monkeypatch.setattr(cancellation, "_short", short)
    found, _ = await examine(chat.url, only("cancellation"))
    assert found["cancellation"].verdict == verdict
    (_, left) = chat.chats()
    assert left.done_at is None, "the long answer was not left in the middle"


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [([0, 1, 1, 0], "yes"), ([0, 1, 1, 1, 1, 1, 1, 1], "no"), ([0, 0], "unknown"), ([2, 3, 2], "yes")],
    ids=["stops", "goes on", "too short", "others are at work, too"],
)
async def test_the_servers_own_count_of_what_runs_is_proof(chat, examine, monkeypatch, counts, verdict):
    chat.script(READY, LONG)
    left = list(counts)

    async def running(_):
        return left.pop(0) if len(left) > 1 else left[0]

    monkeypatch.setattr(cancellation, "_running", running)
    monkeypatch.setattr(cancellation, "WATCHED", 0.5)
    found, _ = await examine(chat.url, only("cancellation"))
    assert found["cancellation"].verdict == verdict


METRICS = b"""# HELP vllm:num_requests_running n
vllm:num_requests_running{engine="0",model_name="q"} 2.0
vllm:num_requests_running{engine="1",model_name="q"} 1.0
vllm:num_requests_waiting{engine="0"} 7.0
"""


@pytest.mark.parametrize(
    ("product", "answers", "count"),
    [
        ("llama.cpp", {"/slots": [{"id": 0, "is_processing": True}, {"id": 1, "is_processing": False}]}, 1),
        ("llama.cpp", {"/slots": (501, {"error": {"message": "not enabled"}})}, None),
        ("llama.cpp", {"/slots": "garbage"}, None),
        ("vLLM", {"/metrics": METRICS}, 3),
        ("vLLM", {"/metrics": b"\xff\x00"}, None),
        ("Ollama", {}, None),
    ],
)
async def test_what_runs_is_read_where_the_server_says_so(canned, product, answers, count):
    url = canned(answers)
    async with ProbeClient.to(url) as line:
        server = DetectedServer(product, "openai", url, "")
        subject = examination.probe_context(line, server, DetectedModel("m"))
        assert await cancellation._running(subject) == count


HELLO, TIME = When(last_user="Say hello"), When(last_user="What time is it in Rome")


@pytest.mark.parametrize(
    ("hello", "time", "verdicts"),
    [
        (Reply(calls=(PARIS,)), Reply(calls=(PARIS,)), ("yes", "yes")),
        (Reply(calls=(PARIS,)), Reply(text="Hello."), ("yes", "no")),
        (Reply(calls=(PARIS,)), Reply(calls=(Call("get_time", {"city": "Rome"}),)), ("yes", "no")),
        (Reply(text="Hello."), Reply(calls=(PARIS,)), ("no", "yes")),
        (refusal(400, "tool_choice is not supported"), refusal(400, "no"), ("no", "no")),
    ],
    ids=["both", "named is nothing", "named is auto", "required is nothing", "refused"],
)
async def test_required_and_named_calls_are_tried_apart(chat, examine, hello, time, verdicts):
    rules = [Rule(HELLO, (hello,), repeat=True), Rule(TIME, (time,), repeat=True), *ABLE]
    chat.script(rules=rules, default=READY)
    found, whole = await examine(chat.url, (*QUICK, *only("required call")[1:]))
    assert (found["required call"].verdict, found["named call"].verdict) == verdicts
    for name, quirk in (("required call", "no_required"), ("named call", "no_named")):
        assert (quirk in found[name].meaning) is (found[name].verdict == "no")
    assert whole.overall == "usable"
    required, named = (one.body for one in chat.chats()[-2:])
    assert required["tool_choice"] == "required"
    assert named["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}
    assert len(required["tools"]) == len(named["tools"]) == 2


async def test_named_call_that_the_preset_knows_of_needs_no_quirk(chat, examine, monkeypatch):
    rules = [Rule(HELLO, (Reply(calls=(PARIS,)),), repeat=True), Rule(TIME, (READY,), repeat=True), *ABLE]
    chat.script(rules=rules, default=READY)
    server = DetectedServer(
        "llama.cpp", "openai", f"{chat.url}/v1", "", preset="llamacpp", models=(DetectedModel("m"),)
    )
    async with ProbeClient.to(chat.url) as line:
        subject = examination.probe_context(line, server, server.models[0])
        trials = (*QUICK, *only("required call")[1:])
        found = {one.name: one async for one in examination.examine(subject, trials)}
    assert found["named call"].verdict == "no"
    assert "the gateway knows" in found["named call"].meaning
