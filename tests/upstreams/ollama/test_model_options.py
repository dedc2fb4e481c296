"""Options that Ollama loads a model with are the same in every request."""

from typing import Any

import pytest
from attrs import evolve

from gateway.settings.quirks import PLAIN
from gateway.upstreams.ollama.model_options import WINDOW, LaunchOptions, launch_options


@pytest.mark.parametrize(
    ("window", "context_shift", "options"),
    [
        (None, False, LaunchOptions(WINDOW, shift=False)),
        (8192, False, LaunchOptions(8192, shift=False)),
        (8192, True, LaunchOptions(8192, shift=None)),
    ],
)
def test_window_and_shift(window: int | None, context_shift: bool, options: LaunchOptions):
    assert launch_options(window, evolve(PLAIN, context_shift=context_shift)) == options


@pytest.mark.parametrize(
    ("options", "extra_body", "fields"),
    [
        (LaunchOptions(10, shift=False), {}, {"options": {"num_ctx": 10}, "shift": False}),
        (LaunchOptions(10, shift=None), {}, {"options": {"num_ctx": 10}}),
        (LaunchOptions(10, shift=False), {"shift": True}, {"options": {"num_ctx": 10}, "shift": True}),
        (LaunchOptions(10, shift=False), {"shift": None}, {"options": {"num_ctx": 10}}),
        (LaunchOptions(10, shift=None), {"shift": False}, {"options": {"num_ctx": 10}, "shift": False}),
        (
            LaunchOptions(10, shift=None),
            {"options": {"num_ctx": 20, "num_gpu": 0, "temperature": 1, "ü": 1}, "keep_alive": 5},
            {"options": {"num_ctx": 20, "num_gpu": 0}},
        ),
        (LaunchOptions(10, shift=None), {"options": {"num_ctx": None}}, {"options": {}}),
        (LaunchOptions(10, shift=None), {"options": "none"}, {"options": {"num_ctx": 10}}),
    ],
)
def test_extra_body_overrides_and_adds_launch_options(
    options: LaunchOptions, extra_body: dict[str, Any], fields: dict[str, Any]
):
    assert options.request(extra_body) == fields
