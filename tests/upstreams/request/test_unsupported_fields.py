"""Fields that an upstream refused are removed, with a notice for those that the client asked for."""

from typing import Any

import pytest
from msgspec import UNSET, Struct, UnsetType, structs

from gateway.anthropic.notices import NoticeCollector
from gateway.notices import NoticeName
from gateway.parts import Notice
from gateway.upstreams.request.unsupported_fields import leave_out


class Sent(Struct):
    temperature: float | UnsetType = UNSET
    top_k: int | UnsetType = UNSET
    reasoning_effort: str | UnsetType | None = UNSET
    thinking: dict[str, str] | UnsetType = UNSET
    stream_options: dict[str, bool] | UnsetType = UNSET
    prompt_cache_key: str | UnsetType = UNSET
    user: str | UnsetType = UNSET


@pytest.mark.parametrize(
    ("fields", "names", "kept", "notices"),
    [
        ({"temperature": 1.0}, [], {"temperature": 1.0}, []),
        ({"temperature": 1.0}, ["top_k"], {"temperature": 1.0}, []),
        ({"temperature": 0.0}, ["temperature"], {}, [("dropped.sampling", "temperature")]),
        ({"top_k": 4}, ["top_k"], {}, [("dropped.top_k", "top_k")]),
        ({"reasoning_effort": None}, ["reasoning_effort"], {}, [("dropped.effort", "reasoning_effort")]),
        ({"thinking": {}}, ["thinking"], {}, [("dropped.thinking", "thinking")]),
        ({"user": "ü"}, ["user"], {}, [("dropped.parameter", "user")]),
        (
            {"stream_options": {}, "prompt_cache_key": "k", "user": "u"},
            ["stream_options", "prompt_cache_key"],
            {"user": "u"},
            [],
        ),
        (
            {"user": "u", "temperature": 1.0},
            ["user", "temperature"],
            {},
            [("dropped.sampling", "temperature"), ("dropped.parameter", "user")],
        ),
    ],
)
def test_refused_fields_are_removed(
    fields: dict[str, Any], names: list[str], kept: dict[str, Any], notices: list[tuple[NoticeName, str]]
):
    notes, sent = NoticeCollector(), Sent(**fields)
    leave_out(sent, names, notes)
    assert {name: value for name, value in structs.asdict(sent).items() if value is not UNSET} == kept
    assert notes.notices == tuple(Notice(name, f"the upstream refuses {field}") for name, field in notices)
