"""A writer with ids that can be foretold."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from msgspec import UNSET

from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.anthropic.response.writer import MessageWriter
from gateway.anthropic.tool_ids import ClientCallIds


@pytest.fixture
def new_writer() -> Callable[..., MessageWriter]:
    """`new_writer(plain=..., diagnostics=..., **terms)`: a writer that expects an answer of these terms."""

    def build(
        history_ids: Mapping[str, int] = MappingProxyType({}),
        *,
        plain: bool = False,
        diagnostics: Any = UNSET,
        **terms: Any,
    ) -> MessageWriter:
        count = iter(range(1, 10_000))
        call_ids = ClientCallIds(lambda: f"toolu_minted{next(count)}", history_ids)
        writer = MessageWriter("msg_x", "m", "req_x", 11, call_ids, plain=plain, diagnostics=diagnostics)
        writer.begin(AnswerTerms(**terms))
        return writer

    return build
