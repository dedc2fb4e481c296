from __future__ import annotations

from pathlib import Path

import pytest

from gateway.llamacpp.cache import cache_folder


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"GATEWAY_CACHE": "/big/disk", "HOME": "/home/u"}, "linux", "/big/disk"),
        ({"HOME": "/home/u"}, "linux", "/home/u/.cache/messages-gateway"),
        ({"HOME": "/home/u", "XDG_CACHE_HOME": "/var/c"}, "linux", "/var/c/messages-gateway"),
        ({"HOME": "/home/u", "XDG_CACHE_HOME": "relative"}, "linux", "/home/u/.cache/messages-gateway"),
        ({"HOME": "/Users/u"}, "darwin", "/Users/u/Library/Caches/messages-gateway"),
        ({"HOME": "/u", "LOCALAPPDATA": "/u/Local"}, "win32", "/u/Local/messages-gateway"),
    ],
)
def test_each_platform_has_its_own_place(environ, platform, expected):
    assert cache_folder(environ, platform) == Path(expected)
