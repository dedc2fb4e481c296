"""A writer with ids that can be foretold."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.anthropic.writer import MessageWriter


@pytest.fixture
def new_writer() -> Callable[..., MessageWriter]:
    def build(**more: Any) -> MessageWriter:
        count = iter(range(1, 10_000))
        return MessageWriter("msg_x", "m", "req_x", 11, lambda: f"toolu_minted{next(count)}", **more)

    return build
