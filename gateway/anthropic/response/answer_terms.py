"""What the request of an attempt says about its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import Factory, field, frozen

from gateway.anthropic.tools.tool_names import ClientToolName


@frozen
class AnswerTerms:
    returned: Mapping[str, ClientToolName] = Factory(dict[str, ClientToolName])
    """By the name sent: the tools whose name or arguments change on the way back."""
    schema_of: Callable[[str], bytes] = field(default=lambda _: b"", repr=False, eq=False)
    """The client's schema of a function, by the name sent; empty for one that was not offered."""
    single_tool: bool = False
    """The client forbade parallel calls and the upstream has no such switch: keep the first call only."""
    must_call: bool = False
    """The client demands a tool call. Servers that cannot force one, or ignore that, may return none."""
    speed: str | None = None
    """The speed reported in the answer; None if the client did not ask for one."""
    applied_edits: tuple[Mapping[str, object], ...] | None = None
    """What context edits cleared; None if none were requested."""
