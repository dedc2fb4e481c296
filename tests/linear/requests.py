"""Requests whose one part is as large as asked: what a client can repeat, each by its name.

Each part is `(count) -> the members of a request`; a request of twice the count has twice of that part, and
about twice the bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
USER: Json = {"role": "user", "content": "hi"}
TOOL: Json = {"name": "T", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}
PIXEL = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}


def said(role: str, blocks: list[Json]) -> list[Json]:
    turn = {"role": role, "content": blocks}
    return [USER, turn, USER] if role == "assistant" else [turn]


def text(i: int) -> Json:
    return {"type": "text", "text": f"word {i}"}


def use(id_: str, name: str = "T") -> Json:
    return {"type": "tool_use", "id": id_, "name": name, "input": {"a": "b"}}


def result(id_: str, content: Any = "fine") -> Json:
    return {"type": "tool_result", "tool_use_id": id_, "content": content}


def called(uses: list[Json], results: list[Json]) -> Json:
    return {
        "tools": [TOOL],
        "messages": [
            USER,
            {"role": "assistant", "content": uses},
            {"role": "user", "content": results or [text(0)]},
        ],
    }


def rounds(n: int, id_: Callable[[int], str]) -> Json:
    messages = [USER]
    for i in range(n):
        messages += [
            {"role": "assistant", "content": [use(id_(i))]},
            {"role": "user", "content": [result(id_(i))]},
        ]
    return {"tools": [TOOL], "messages": messages}


def named(i: int, **more: Any) -> Json:
    return {**TOOL, "name": f"tool_{i}", **more}


def schema(inside: Json) -> Json:
    return {"tools": [{"name": "T", "input_schema": {"type": "object", **inside}}]}


def reference(i: int) -> Json:
    return {"type": "tool_reference", "tool_name": f"tool_{i}"}


def change(kind: str, i: int) -> Json:
    return {"type": f"tool_{kind}", "tool": {"type": "tool_reference", "name": f"tool_{i}"}}


def nested(n: int, wrap: Callable[[Json], Json]) -> Json:
    inside: Json = {"type": "string"}
    for _ in range(n):
        inside = wrap(inside)
    return inside


def edits(n: int, type_: str, **more: Any) -> Json:
    return {"context_management": {"edits": [{"type": type_, **more} for _ in range(n)]}}


def thoughts(n: int) -> Json:
    block = {"type": "thinking", "thinking": "hm", "signature": ""}
    messages = [USER]
    for i in range(n):
        messages += [{"role": "assistant", "content": [block, text(i)]}, USER]
    return {"messages": messages}


def alternatives(word: str, n: int) -> Json:
    return schema(
        {
            "properties": {
                "a": {
                    word: [{"type": "object", "properties": {f"p{i}": {"type": "string"}}} for i in range(n)]
                }
            }
        }
    )


PARTS: dict[str, Callable[[int], Json]] = {
    "messages in turn": lambda n: {
        "messages": [
            {"role": ("user", "assistant")[i % 2], "content": f"word {i}"} for i in range(2 * (n // 2) + 1)
        ]
    },
    "user messages": lambda n: {"messages": [{"role": "user", "content": f"word {i}"} for i in range(n)]},
    "assistant messages": lambda n: {
        "messages": [USER, *({"role": "assistant", "content": f"word {i}"} for i in range(n)), USER]
    },
    "system messages": lambda n: {
        "messages": [USER, *({"role": "system", "content": f"word {i}"} for i in range(n)), USER]
    },
    "system messages behind an assistant's": lambda n: {
        "messages": [
            USER,
            {"role": "assistant", "content": "x"},
            *({"role": "system", "content": f"word {i}"} for i in range(n)),
            USER,
        ]
    },
    "messages of an unknown role": lambda n: {
        "messages": [{"role": "narrator", "content": f"word {i}"} for i in range(n)]
    },
    "efforts": lambda n: {
        "messages": [
            USER,
            *({"role": "system", "content": [], "output_config": {"effort": "low"}} for i in range(n)),
            USER,
        ]
    },
    "user texts": lambda n: {"messages": said("user", [text(i) for i in range(n)])},
    "assistant texts": lambda n: {"messages": said("assistant", [text(i) for i in range(n)])},
    "marked texts": lambda n: {
        "messages": said("user", [{**text(i), "cache_control": {"type": "ephemeral"}} for i in range(n)])
    },
    "system texts": lambda n: {"system": [text(i) for i in range(n)]},
    "unknown blocks": lambda n: {
        "messages": said("user", [{"type": f"x{i}", "text": "y"} for i in range(n)])
    },
    "unknown blocks of an assistant": lambda n: {
        "messages": said("assistant", [{"type": f"x{i}", "text": "y"} for i in range(n)])
    },
    "thoughts in one turn": lambda n: {
        "messages": said(
            "assistant",
            [{"type": "thinking", "thinking": "hm", "signature": ""} for _ in range(n)] + [text(0)],
        )
    },
    "thoughts in many turns": thoughts,
    "images": lambda n: {"messages": said("user", [{"type": "image", "source": PIXEL}] * n)},
    "documents": lambda n: {
        "messages": said(
            "user",
            [
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": f"d{i}"}}
                for i in range(n)
            ],
        )
    },
    "search results": lambda n: {
        "messages": said(
            "user",
            [{"type": "search_result", "source": "u", "title": "t", "content": [text(i)]} for i in range(n)],
        )
    },
    "compactions": lambda n: {
        "messages": said("assistant", [{"type": "compaction", "content": f"summary {i}"} for i in range(n)])
    },
    "calls": lambda n: called([use(f"c{i}") for i in range(n)], [result(f"c{i}") for i in range(n)]),
    "calls answered backwards": lambda n: called(
        [use(f"c{i}") for i in range(n)], [result(f"c{i}") for i in reversed(range(n))]
    ),
    "calls of one id": lambda n: called([use("c") for _ in range(n)], [result("c") for _ in range(n)]),
    "calls of our own ids": lambda n: called(
        [use(f"toolu_gw{i + 1}_Yw") for i in range(n)], [result(f"toolu_gw{i + 1}_Yw") for i in range(n)]
    ),
    "calls without id": lambda n: called([use("") for _ in range(n)], [result("") for _ in range(n)]),
    "calls of long ids": lambda n: called(
        [use(f"{i}" + "x" * 60) for i in range(n)], [result(f"{i}" + "x" * 60) for i in range(n)]
    ),
    "calls without result": lambda n: called([use(f"c{i}") for i in range(n)], []),
    "calls of many names": lambda n: called([use(f"c{i}", f"n{i}" * 20) for i in range(n)], []),
    "results without call": lambda n: called([use("c")], [result(f"r{i}") for i in range(n)]),
    "results of one call": lambda n: called([use("c")], [result("c") for _ in range(n)]),
    "rounds": lambda n: rounds(n, lambda i: f"c{i}"),
    "rounds of one id": lambda n: rounds(n, lambda _: "c"),
    "assistant messages with one call each": lambda n: {
        "tools": [TOOL],
        "messages": [USER, *({"role": "assistant", "content": [use("c")]} for i in range(n)), USER],
    },
    "texts in a result": lambda n: called([use("c")], [result("c", [text(i) for i in range(n)])]),
    "images in a result": lambda n: called(
        [use("c")], [result("c", [{"type": "image", "source": PIXEL}] * n)]
    ),
    "server tools' calls": lambda n: {
        "messages": said(
            "assistant",
            [
                block
                for i in range(n)
                for block in (
                    {"type": "server_tool_use", "id": f"s{i}", "name": "web_search", "input": {"query": "q"}},
                    {"type": "web_search_tool_result", "tool_use_id": f"s{i}", "content": []},
                )
            ],
        )
    },
    "server tools' calls without result": lambda n: {
        "messages": said(
            "assistant",
            [{"type": "server_tool_use", "id": f"s{i}", "name": "web_search", "input": {}} for i in range(n)],
        )
    },
    "tools": lambda n: {"tools": [named(i) for i in range(n)]},
    "tools of long names": lambda n: {"tools": [named(i, name=f"t{i}" + "x" * 100) for i in range(n)]},
    "tools of one name": lambda n: {"tools": [TOOL for _ in range(n)]},
    "odd tool names": lambda n: {"tools": [named(i, name=f"t {i}/é") for i in range(n)]},
    "tools with schemas of their own": lambda n: {
        "tools": [
            named(i, input_schema={"type": "object", "properties": {f"p{i}": {"type": "array"}}})
            for i in range(n)
        ]
    },
    "deferred tools": lambda n: {"tools": [named(i, defer_loading=True) for i in range(n)] + [TOOL]},
    "server tools": lambda n: {
        "tools": [{"type": "web_search_20250305", "name": f"s{i}"} for i in range(n)] + [TOOL]
    },
    "typed tools": lambda n: {"tools": [{"type": "bash_20250124", "name": f"b{i}"} for i in range(n)]},
    "references": lambda n: {
        **called([use("c")], [result("c", [reference(i) for i in range(n)])]),
        "tools": [TOOL, *(named(i, defer_loading=True) for i in range(n))],
    },
    "references to one tool": lambda n: {
        **called([use("c")], [result("c", [reference(0) for _ in range(n)])]),
        "tools": [TOOL, *(named(i, defer_loading=True) for i in range(n))],
    },
    "additions": lambda n: {
        "tools": [TOOL, *(named(i, defer_loading=True) for i in range(n))],
        "messages": [USER, {"role": "system", "content": [change("addition", i) for i in range(n)]}, USER],
    },
    "removals": lambda n: {
        "tools": [TOOL, *(named(i) for i in range(n))],
        "messages": [USER, {"role": "system", "content": [change("removal", i) for i in range(n)]}, USER],
    },
    "removals and additions": lambda n: {
        "tools": [TOOL, *(named(i) for i in range(n))],
        "messages": [
            USER,
            {"role": "system", "content": [change(k, i) for i in range(n) for k in ("removal", "addition")]},
            USER,
        ],
    },
    "definitions": lambda n: {
        "tools": [TOOL],
        "messages": [
            USER,
            {
                "role": "system",
                "content": [
                    {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": named(i)}}
                    for i in range(n)
                ],
            },
            USER,
        ],
    },
    "properties": lambda n: schema({"properties": {f"p{i}": {"type": "string"} for i in range(n)}}),
    "required": lambda n: schema(
        {
            "properties": {f"p{i}": {"type": "string"} for i in range(n)},
            "required": [f"p{i}" for i in range(n)],
        }
    ),
    "values": lambda n: schema({"properties": {"a": {"enum": [f"v{i}" for i in range(n)]}}}),
    "types": lambda n: schema({"properties": {"a": {"type": ["string", "null"] * n}}}),
    "allOf": lambda n: alternatives("allOf", n),
    "anyOf": lambda n: alternatives("anyOf", n),
    "oneOf": lambda n: alternatives("oneOf", n),
    "allOf at the root": lambda n: {
        "tools": [
            {
                "name": "T",
                "input_schema": {
                    "type": "object",
                    "allOf": [
                        {"properties": {f"p{i}": {"type": "string"}}, "required": [f"p{i}"]} for i in range(n)
                    ],
                },
            }
        ]
    },
    "anyOf at the root": lambda n: {
        "tools": [
            {
                "name": "T",
                "input_schema": {
                    "type": "object",
                    "anyOf": [
                        {"properties": {f"p{i}": {"type": "string"}}, "required": [f"p{i}"]} for i in range(n)
                    ],
                },
            }
        ]
    },
    "values in allOf": lambda n: schema(
        {"properties": {"a": {"allOf": [{"enum": [f"v{j}" for j in range(i % 7)]} for i in range(n)]}}}
    ),
    "definitions of a schema": lambda n: schema(
        {
            "$defs": {f"d{i}": {"type": "string"} for i in range(n)},
            "properties": {f"p{i}": {"$ref": f"#/$defs/d{i}"} for i in range(n)},
        }
    ),
    "references to one definition": lambda n: schema(
        {
            "$defs": {"d": {"type": "object", "properties": {"q": {"type": "string"}}}},
            "properties": {f"p{i}": {"$ref": "#/$defs/d"} for i in range(n)},
        }
    ),
    "descriptions": lambda n: schema({"properties": {"a": {"type": "string", "description": "word " * n}}}),
    "answer's properties": lambda n: {
        "output_config": {
            "format": {
                "type": "json_schema",
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {f"p{i}": {"type": "string"} for i in range(n)},
                    "required": [f"p{i}" for i in range(n)],
                },
            }
        }
    },
    "answer's branches": lambda n: {
        "output_config": {
            "format": {
                "type": "json_schema",
                "schema": {
                    "type": "object",
                    "properties": {"a": {"anyOf": [{"const": i} for i in range(n)]}},
                },
            }
        }
    },
    "stop sequences": lambda n: {"stop_sequences": [f"stop {i}" for i in range(n)]},
    "alike stop sequences": lambda n: {"stop_sequences": ["a" * (i % 300 + 1) + "b" for i in range(n)]},
    "stop sequences of one length": lambda n: {"stop_sequences": ["x" * n]},
    "edits of thinking": lambda n: {**thoughts(20), **edits(n, "clear_thinking_20251015")},
    "turns under an edit of thinking": lambda n: {**thoughts(n), **edits(1, "clear_thinking_20251015")},
    "edits of calls": lambda n: {
        **rounds(20, lambda i: f"c{i}"),
        **edits(n, "clear_tool_uses_20250919", trigger={"type": "tool_uses", "value": 1}),
    },
    "rounds under an edit of calls": lambda n: {
        **rounds(n, lambda i: f"c{i}"),
        **edits(
            1, "clear_tool_uses_20250919", trigger={"type": "tool_uses", "value": 1}, clear_tool_inputs=True
        ),
    },
    "edits and rounds": lambda n: {
        **rounds(n, lambda i: f"c{i}"),
        **edits(n, "clear_tool_uses_20250919", trigger={"type": "tool_uses", "value": 1}),
    },
    "edits and thoughts": lambda n: {**thoughts(n), **edits(n, "clear_thinking_20251015")},
    "excluded tools": lambda n: {
        **rounds(n, lambda i: f"c{i}"),
        **edits(
            1,
            "clear_tool_uses_20250919",
            trigger={"type": "tool_uses", "value": 1},
            exclude_tools=[f"x{i}" for i in range(n)],
        ),
    },
    "unknown edits": lambda n: edits(n, "tidy_20990101"),
    "unknown fields": lambda n: {f"field_{i}": 1 for i in range(n)},
    "halves of characters": lambda n: {
        "messages": [{"role": "user", "content": ["\ud83d"] and "\ud83d " * n}]
    },
}
