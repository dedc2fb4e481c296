"""gateway/anthropic/request/block_types.py: one row for each block type."""

import json
from typing import get_args

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.request.block_types import BLOCKS, PLACES
from gateway.anthropic.request.decoding import decode_request

STRUCTS = {one for one in get_args(a.Block) if one not in (a.Unknown, a.Quoted)}


def test_every_block_that_wire_decodes_has_a_row():
    assert {str(one.__struct_config__.tag) for one in STRUCTS} <= BLOCKS.keys()
    assert {spec.struct for spec in BLOCKS.values()} == {*STRUCTS, a.Unknown}


MINIMAL = {
    "text": {"text": "x"},
    "image": {"source": {"type": "url", "url": "https://x"}},
    "document": {"source": {"type": "text", "media_type": "text/plain", "data": "x"}},
    "tool_result": {"tool_use_id": "c"},
    "tool_use": {"id": "c", "name": "T", "input": {}},
    "thinking": {"thinking": "x", "signature": "s"},
    "redacted_thinking": {"data": "x"},
    "tool_reference": {"tool_name": "T"},
}
"""The required fields of each block that has a Struct."""


@pytest.mark.parametrize("name", BLOCKS)
def test_block_is_decoded_to_the_struct_of_its_row(name: str):
    spec = BLOCKS[name]
    if spec.struct is a.Unknown:
        return
    assert name in MINIMAL, "add the block's required fields to MINIMAL"
    block = {"type": name, **MINIMAL[name]}
    for content in ([block], [{"type": "of the future"}, block]):
        body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": content}]}
        (message,) = decode_request(json.dumps(body).encode()).messages
        assert isinstance(message.content[-1], spec.struct), f"decoding.py does not read `{name}`"


@pytest.mark.parametrize("name", BLOCKS)
def test_row_is_consistent(name: str):
    spec = BLOCKS[name]
    assert set(spec.places.split()) <= PLACES.keys()
    if spec.struct is a.Unknown:
        assert spec.media
    else:
        assert spec.struct.__struct_config__.tag == name
        assert spec.required is None
