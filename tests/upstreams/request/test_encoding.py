"""Requests are encoded through a buffer that nobody else sees."""

from concurrent.futures import ThreadPoolExecutor

from gateway.upstreams.openai import wire as o
from gateway.upstreams.request.encoding import encoded


def request(text: str) -> o.ChatRequest:
    return o.ChatRequest("m", [o.SentMessage("user", text)], stream=False)


def expected(text: str) -> bytes:
    return b'{"model":"m","messages":[{"role":"user","content":"%s"}],"stream":false}' % text.encode()


def test_shorter_request_after_a_longer_one_is_whole_and_alone():
    long = encoded(request("x" * 1000))
    assert encoded(request("y")) == expected("y")
    assert long == expected("x" * 1000)


def test_threads_do_not_mix_their_requests():
    texts = [letter * size for size in (1, 5000, 40) for letter in "abcdefgh"] * 20
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda text: encoded(request(text)), texts)) == list(map(expected, texts))
