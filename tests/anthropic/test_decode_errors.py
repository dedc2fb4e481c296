"""msgspec's errors are told with the path in the request."""

import msgspec
import pytest

from gateway.anthropic.decode_errors import decode_error


class Inner(msgspec.Struct):
    text: str


class Outer(msgspec.Struct):
    inside: dict[str, list[Inner]]


@pytest.mark.parametrize(
    ("sent", "base", "said"),
    [
        (b"[]", "", "Expected `object`, got `array`"),
        (b"[]", "messages.1", "messages.1: Expected `object`, got `array`"),
        (b"{}", "", "inside: field required"),
        (b'{"inside":{"a":[{"text":"x"},{}]}}', "tools.0", "tools.0.inside.1.text: field required"),
        (b'{"inside":{"a":[{"text":3}]}}', "", "inside.0.text: Expected `str`, got `int`"),
    ],
)
def test_path_and_words(sent: bytes, base: str, said: str):
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.json.decode(sent, type=Outer)
    assert decode_error(wrong.value, base).message == said
