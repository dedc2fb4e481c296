"""Consecutive requests of one conversation keep the upstream's prompt cache.

For every request and the next one: the messages of the first are the start of the second's, element by
element, the last alone may have grown at its end; its tools are a prefix; everything else is equal.
Conversations are made up turn by turn in the way of Claude Code: its newest system message is a list that
becomes a string one request later, reminders come after tool results, results in the order they finished,
deferred tools in between the others once a result has named them. Users show pictures, PDFs and documents, by
URL too; answers hold what server tools found, and summaries of compactions.

The marks for the cache move on with each request, as the client sends them. Where they are passed on,
everything but they themselves is compared.
"""

import json
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.anthropic.request.attachments import Attachments, FetchedFile, PdfText
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.signatures import sign
from gateway.inbound import Inbound
from gateway.settings.quirks import Quirks
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.request import to_native_request as to_ollama
from gateway.upstreams.openai.request import to_chat_request as to_openai
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.responses.request import to_responses_request as to_responses
from gateway.upstreams.upstream_request import NO_ADAPTATIONS

words = st.sampled_from(["a", "two words", "ends in a line\n", 'é "q" \\', "<b>", "Error: x", " "])
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
LINK = {"type": "image", "source": {"type": "url", "url": "https://a.example/i"}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "UERG"}}
SCAN = {
    "type": "document",
    "title": "scan",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "U0NBTg=="},
}
PAGES = [{"type": "text", "text": "x"}, IMAGE]
PAPER = {"type": "document", "title": "T", "source": {"type": "content", "content": PAGES}}
FOUND = {"type": "search_result", "source": "s", "title": "T", "content": [{"type": "text", "text": "hit"}]}
TABS = {"type": "browser_state", "tabs": [{"tab_id": "1", "title": "", "url": "u", "active": True}]}
SHOWN = st.sampled_from([IMAGE, IMAGE, LINK, PDF, PAPER, FOUND, {"type": "hologram", "text": "odd"}])
RETURNED = st.sampled_from([IMAGE, LINK, PDF, SCAN, FOUND, TABS, {"type": "hologram"}])
TABLE = Attachments(
    {"https://a.example/i": FetchedFile("image/png", "BBBB")},
    {"UERG": PdfText("[page 1]\nread"), "U0NBTg==": PdfText(failure="its pages hold no text")},
)
ITEM = sign({"p": "responses", "id": "rs_1", "enc": "ENC"})
READY = ["Bash", "Read", "ToolSearch"]
DEFERRED = ["Agent", "Monitor", "Task", "Zip"]


def tool(name: str, **more: object) -> dict:
    return {"name": name, "input_schema": {"type": "object", "properties": {}}, **more}


class Talk:
    """What the client holds, and the requests it has sent."""

    def __init__(self, draw) -> None:
        self.draw = draw
        self.messages: list[dict] = []
        self.loaded: list[str] = []
        self.calls = 0
        self.requests: list[dict] = []

    def send(self) -> None:
        newest = [m for m in self.messages if m["content"]][-1]
        messages = [self.rendered(m, last=m is newest) for m in self.messages]
        names = [*READY, "DeferredToolPlaceholder", *self.loaded]
        tools = [tool(n, defer_loading=True) if n not in READY else tool(n) for n in sorted(names)]
        system = [{"type": "text", "text": f"x-anthropic-billing-header: cc_version={len(self.requests)};"}]
        system.append({"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}})
        self.requests.append({"system": system, "tools": tools, "messages": messages})

    @staticmethod
    def rendered(message: dict, *, last: bool) -> dict:
        """The newest message that says anything carries the cache mark; its content must be a list for it."""
        message = deepcopy(message)
        content = message["content"]
        if last and isinstance(content, str):
            message["content"] = content = [{"type": "text", "text": content}]
        if last:
            content[-1]["cache_control"] = {"type": "ephemeral"}
        return message

    def user(self) -> None:
        blocks = [
            {"type": "text", "text": text} for text in self.draw(st.lists(words, min_size=1, max_size=3))
        ]
        if self.draw(st.integers(0, 5)) == 0:
            blocks.insert(self.draw(st.integers(0, len(blocks))), self.draw(SHOWN))
        plain = len(blocks) == 1 and blocks[0]["type"] == "text" and self.draw(st.booleans())
        self.messages.append({"role": "user", "content": blocks[0]["text"] if plain else blocks})

    def system(self) -> None:
        for text in self.draw(st.lists(words, max_size=2)):
            self.messages.append({"role": "system", "content": text})
        if self.draw(st.integers(0, 3)) == 0:
            self.messages.append({"role": "system", "content": [], "output_config": {"effort": "high"}})

    def assistant(self, calls: int) -> list[str]:
        blocks: list[dict] = []
        if self.draw(st.booleans()):
            signature = self.draw(
                st.sampled_from(["gw1:eyJwIjoicGxhaW4ifQ", "gw1:eyJwIjoib2xsYW1hIn0", ITEM, "Eq"])
            )
            blocks.append({"type": "thinking", "thinking": "hm", "signature": signature})
        if calls == 0 or self.draw(st.booleans()):
            blocks.append({"type": "text", "text": self.draw(words)})
        for _ in range(self.draw(st.integers(0, 2)) if self.draw(st.integers(0, 3)) == 0 else 0):
            blocks += self.served()
        made: list[str] = []
        for _ in range(calls):
            self.calls += 1
            made.append("call_0" if self.calls == 1 else f"toolu_gw{self.calls - 1}_Y2FsbF8w")
            blocks.append(
                {
                    "type": "tool_use",
                    "id": made[-1],
                    "name": self.draw(st.sampled_from(READY)),
                    "input": {"n": self.calls},
                }
            )
        self.messages.append({"role": "assistant", "content": blocks})
        return made

    def served(self) -> list[dict]:
        """What a server tool was asked and found, if anything, and what the assistant says to that."""
        self.calls += 1
        id_ = f"srvtoolu_{self.calls}"
        use = {"type": "server_tool_use", "id": id_, "name": "web_search", "input": {"query": "q"}}
        hit = {"type": "web_search_result", "url": "u", "title": "T", "encrypted_content": "gw1:c25pcHBldA"}
        found = {"type": "web_search_tool_result", "tool_use_id": id_, "content": [hit]}
        said = {"type": "text", "text": self.draw(words)}
        return self.draw(st.sampled_from([[use, found], [use, found, said], [use, said], [found]]))

    def compacted(self) -> None:
        self.messages.append({"role": "assistant", "content": [{"type": "compaction", "content": "S"}]})

    def results(self, calls: list[str]) -> None:
        blocks = [self.result(call) for call in self.draw(st.permutations(calls))]
        if self.draw(st.integers(0, 2)) == 0:
            blocks.append({"type": "text", "text": "Tool loaded."})
        self.messages.append({"role": "user", "content": blocks})

    def result(self, call: str) -> dict:
        kind = self.draw(st.sampled_from(["string", "string", "list", "image", "reference", "nothing"]))
        content: object = self.draw(words)
        if kind == "list":
            content = [{"type": "text", "text": text} for text in self.draw(st.lists(words, max_size=2))]
        elif kind == "image":
            content = [{"type": "text", "text": "see"}, self.draw(RETURNED)]
        elif kind == "reference":
            name = self.draw(st.sampled_from(DEFERRED))
            self.loaded = sorted({*self.loaded, name})
            content = [{"type": "tool_reference", "tool_name": name}]
        result = {"type": "tool_result", "tool_use_id": call, "is_error": self.draw(st.booleans())}
        return result if kind == "nothing" else {**result, "content": content}


@st.composite
def conversations(draw) -> list[dict]:
    talk = Talk(draw)
    if draw(st.integers(0, 4)) == 0:
        talk.user()
        talk.compacted()
    else:
        talk.system()
    for _ in range(draw(st.integers(1, 3))):
        talk.user()
        talk.system()
        talk.send()
        for calls in draw(st.lists(st.integers(1, 3), max_size=3)):
            talk.results(talk.assistant(calls))
            talk.system()
            talk.send()
        if draw(st.booleans()):
            talk.assistant(0)
            talk.system()
    return talk.requests


def body(request: dict, build, quirks: Quirks) -> dict:
    sent = json.dumps(
        {"model": "m", "max_tokens": 100, "output_config": {"effort": "high"}, **request}
    ).encode()
    inbound = Inbound("r", sent, {}, decode_request(sent))
    return json.loads(build(inbound, ModelInfo("p", "m", quirks), NO_ADAPTATIONS, TABLE).body)


def unmarked(sent: Any) -> Any:
    if isinstance(sent, list):
        return [unmarked(one) for one in sent]
    if isinstance(sent, dict):
        return {key: unmarked(value) for key, value in sent.items() if key not in MARKS}
    return sent


MARKS = ("cache_control", "prompt_cache_breakpoint")
CONTENT = ("content", "output", "images")


def grown(old: dict, new: dict) -> bool:
    """Whether `new` is `old` with nothing but more at the end of its content."""
    rest = [{key: value for key, value in m.items() if key not in CONTENT} for m in (old, new)]
    images = old.get("images", [])
    return (
        rest[0] == rest[1] and new.get("images", [])[: len(images)] == images and more(parts(old), parts(new))
    )


def parts(message: dict) -> list[dict]:
    """A string is the same prompt as a list with one text."""
    content = message.get("content", message.get("output", []))
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def more(before: list[dict], after: list[dict]) -> bool:
    if not before:
        return True
    if before[:-1] != after[: len(before) - 1]:
        return False
    last, now = before[-1], after[len(before) - 1]
    return last == now or (
        last["type"] == now["type"] and "text" in last and now["text"].startswith(last["text"])
    )


BUILDS = {"openai": to_openai, "ollama": to_ollama, "responses": to_responses}


def marking(preset: str) -> Quirks:
    return evolve(PRESETS[preset], cache_markers="breakpoint")


@pytest.mark.parametrize(
    ("kind", "quirks"),
    [
        ("openai", PRESETS["plain"]),
        ("openai", PRESETS["openai"]),
        ("openai", PRESETS["openrouter"]),
        ("openai", marking("openai")),
        ("ollama", PRESETS["ollama"]),
        ("responses", PRESETS["responses"]),
        ("responses", marking("responses")),
    ],
    ids=lambda quirks: quirks if isinstance(quirks, str) else f"{quirks.family}-{quirks.cache_markers}",
)
@settings(max_examples=150, deadline=None)
@given(conversations())
def test_a_request_starts_as_the_one_before_it(kind: str, quirks: Quirks, requests: list[dict]):
    sent = [body(request, BUILDS[kind], quirks) for request in requests]
    bodies = [unmarked(one) for one in sent]
    assert (bodies != sent) == (quirks.cache_markers != "none")
    for old, new in pairwise(bodies):
        talk = "messages" if "messages" in old else "input"
        before, after = old.pop(talk), new[talk]
        assert after[: len(before) - 1] == before[:-1]
        assert grown(before[-1], after[len(before) - 1])
        tools = old.pop("tools")
        assert new["tools"][: len(tools)] == tools
        assert old == {key: value for key, value in new.items() if key not in (talk, "tools")}
