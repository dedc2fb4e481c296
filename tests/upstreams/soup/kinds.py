"""The soup of each kind of upstream."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from tests.upstreams.soup.chat import chat, told_chat
from tests.upstreams.soup.ingredients import Told
from tests.upstreams.soup.native import native, told_native
from tests.upstreams.soup.responses import responses, told_responses

SOUPS: dict[str, Callable[[], st.SearchStrategy[bytes]]] = {
    "openai": chat,
    "ollama": native,
    "responses": responses,
}
TOLD: dict[str, Callable[[], st.SearchStrategy[Told]]] = {
    "openai": told_chat,
    "ollama": told_native,
    "responses": told_responses,
}
