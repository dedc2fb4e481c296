"""A writer with ids that can be foretold."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds


@pytest.fixture
def new_writer() -> Callable[..., MessageWriter]:
    def build(history_ids: Mapping[str, int] = MappingProxyType({}), **more: Any) -> MessageWriter:
        count = iter(range(1, 10_000))
        call_ids = ClientCallIds(lambda: f"toolu_minted{next(count)}", history_ids)
        return MessageWriter("msg_x", "m", "req_x", 11, call_ids, **more)

    return build
