"""What one request costs before its upstream is asked, in seconds of CPU, and how that grows with its
size."""

from __future__ import annotations

import contextlib
import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.anthropic import tool_ids
from gateway.anthropic.request.attachments import Attachments
from gateway.anthropic.request.validation import validate
from gateway.controllers.asgi import decode_body
from gateway.emulation.emulate import apply_context_edits, emulate
from gateway.emulation.local import local_answer
from gateway.errors import GatewayError
from gateway.inbound import Inbound
from gateway.runtime.runtime import Runtime
from gateway.settings.loading.load import load_config
from gateway.upstreams.base import Target

MOST = 1.3
"""How much faster than linear a cost may grow for each doubling."""
MEASURABLE = 0.002
"""Seconds from which on a measurement says something."""
SMALLEST, LARGEST = 512, 1 << 15


class Gateway:
    """All that is done to a request for one target, without the upstream."""

    def __init__(self, kind: str, provider: dict[str, Any], folder: Path) -> None:
        up = {"kind": kind, "base_url": "http://127.0.0.1:9", **provider}
        file = folder / "gateway.yaml"
        file.write_text(json.dumps({"providers": {"up": up}, "models": {"*": "up/m"}}))
        self.runtime = Runtime.build(load_config(file, {}).settings)

    def prepare(self, body: bytes) -> None:
        """The steps of a request, in their order. A refusal is an answer as well."""
        with contextlib.suppress(GatewayError):
            sent, request = decode_body(body)
            inbound = Inbound("req_1", sent, {}, request)
            with contextlib.suppress(GatewayError):
                validate(request)
            (target,) = self.runtime.targets(inbound)
            self._build(inbound, target)

    def _build(self, inbound: Inbound, target: Target) -> None:
        tool_ids.ids_in_history(inbound.request)
        apply_context_edits(inbound, target.model_info)
        asked = emulate(inbound, target.model_info)
        if local_answer(asked.inbound, target) is None:
            target.adapter.prompt(asked.inbound, target, Attachments())


def body_of(part: Callable[[int], dict[str, Any]], count: int) -> bytes:
    asked = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}], **part(count)}
    return json.dumps(asked).encode()


def seconds(run: Callable[[bytes], object], body: bytes, repeats: int = 2) -> float:
    """The least of several runs: what disturbs a run only ever adds."""
    found = []
    for _ in range(repeats):
        gc.disable()
        begun = time.process_time()
        run(body)
        found.append(time.process_time() - begun)
        gc.enable()
    return min(found)


def growth(run: Callable[[bytes], object], part: Callable[[int], dict[str, Any]], doublings: int) -> float:
    """How much faster than linear the cost grows for a doubling: 1 is linear, 2 is quadratic."""
    count = SMALLEST
    body = body_of(part, count)
    while (small := seconds(run, body)) < MEASURABLE and count < LARGEST:
        count *= 2
        body = body_of(part, count)
    if small < MEASURABLE:
        return 1.0
    larger = body_of(part, count << doublings)
    return (seconds(run, larger, 1) / small / (len(larger) / len(body))) ** (1 / doublings)
