"""Text, reasoning and signatures of a delta, in the shapes that servers use."""

import pytest
from msgspec import Raw

from gateway.upstreams.openai.content import meaningful_details, passages_of, reasoning_of, signature_of


def raws(*texts: str | bytes) -> list[Raw]:
    return [Raw(text if isinstance(text, bytes) else text.encode()) for text in texts]


@pytest.mark.parametrize(
    ("details", "text"),
    [
        (None, ""),
        ([], ""),
        (raws('{"type":"reasoning.text","text":"Grü"}', '{"summary":"ße"}', '{"data":"x"}'), "Grüße"),
        (raws('{"text":null,"summary":"s"}', "[]", "3"), "s"),
    ],
)
def test_reasoning_of_details(details: list[Raw] | None, text: str):
    assert reasoning_of(details) == text


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ('{"text":"x"}', True),
        ('{"summary":"x"}', True),
        ('{"signature":"x","text":""}', True),
        ('{"type":"reasoning.encrypted","data":"x"}', True),
        ('{"type":"reasoning.text","text":""}', False),
        ("{}", False),
        ("[]", False),
        (b'{"text":"\xff"}', False),
    ],
)
def test_details_that_are_empty_or_not_utf8_are_left_out(raw: str | bytes, kept: bool):
    details = raws(raw)
    assert meaningful_details(details) == (tuple(details) if kept else ())


@pytest.mark.parametrize(
    ("extra", "signature"),
    [
        ('{"google":{"thought_signature":"sig"}}', "sig"),
        ('{"google":{}}', ""),
        ("{}", ""),
        ("", ""),
        ("[", ""),
        (b'{"google":{"thought_signature":"\xff"}}', ""),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, ""),
    ],
)
def test_signature_of_a_call(extra: str | bytes, signature: str):
    assert signature_of(raws(extra)[0]) == signature


@pytest.mark.parametrize(
    ("parts", "passages"),
    [
        ([], []),
        (['{"type":"text","text":"é"}'], [("é", False)]),
        (['"plain"'], [("plain", False)]),
        (['{"type":"thinking","thinking":"hm"}'], [("hm", True)]),
        (
            ['{"thinking":[{"type":"text","text":"a"},{"text":null},{"text":"b"}],"text":"c"}'],
            [("ab", True), ("c", False)],
        ),
        (['{"type":"image_url"}', "3", '{"text":""}'], []),
        (['{"text":"a"}', '{"thinking":"b"}', '{"text":"c"}'], [("a", False), ("b", True), ("c", False)]),
    ],
)
def test_passages_of_a_list_of_parts(parts: list[str], passages: list[tuple[str, bool]]):
    assert list(passages_of(raws(*parts))) == passages
