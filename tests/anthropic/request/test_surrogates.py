"""gateway/anthropic/request/surrogates.py."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.request.surrogates import replace_lone_surrogates


@pytest.mark.parametrize(
    ("sent", "whole"),
    [
        (rb'"a\ud83d"', rb'"a\ufffd"'),
        (rb'"\ude00 b"', rb'"\ufffd b"'),
        (rb'"\uD83D\uD83D\uDE00"', rb'"\ufffd\uD83D\uDE00"'),
        (rb'"\ud83d\u0041"', rb'"\ufffd\u0041"'),
        (rb'"\\ud83d"', rb'"\\ud83d"'),
        (rb'"\\ud83d\ude00"', rb'"\\ud83d\ufffd"'),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (rb'"\ud83d\n"', rb'"\ufffd\n"'),
    ],
)
def test_half_a_character_becomes_one_that_says_so(sent: bytes, whole: bytes):
    assert replace_lone_surrogates(sent) == whole
    json.loads(whole).encode()


@given(st.text(st.characters(codec="utf-8")))
def test_whole_characters_stay_the_same_object(text: str):
    sent = json.dumps(text).encode()
    assert replace_lone_surrogates(sent) is sent


@given(st.text(st.characters(categories=["Cs", "L", "P"])))
def test_whatever_a_client_forms_can_be_read(text: str):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    said = json.loads(replace_lone_surrogates(body))["messages"][0]["content"]
    said.encode()
    decode_request(replace_lone_surrogates(body))
