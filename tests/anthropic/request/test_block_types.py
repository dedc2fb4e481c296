"""gateway/anthropic/request/block_types.py: one row for each block type."""

from typing import get_args

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.request.block_types import BLOCKS, PLACES

STRUCTS = {one for one in get_args(a.Block) if one not in (a.Unknown, a.Quoted)}


def test_every_block_that_wire_decodes_has_a_row():
    assert {str(one.__struct_config__.tag) for one in STRUCTS} <= BLOCKS.keys()
    assert {spec.struct for spec in BLOCKS.values()} == {*STRUCTS, a.Unknown}


@pytest.mark.parametrize("name", BLOCKS)
def test_row_is_consistent(name: str):
    spec = BLOCKS[name]
    assert set(spec.places.split()) <= PLACES.keys()
    if spec.struct is a.Unknown:
        assert spec.media
    else:
        assert spec.struct.__struct_config__.tag == name
        assert spec.required is None
