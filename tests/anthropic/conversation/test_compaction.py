"""A compaction block is replaced by its summary and restores the tools."""

import pytest
from msgspec import Raw

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.compaction import Summary, summary, summary_text
from gateway.anthropic.tools.tool_changes import ToolChange
from gateway.errors import RequestRefused


def compaction(raw: str, kind: str = "compaction") -> a.Unknown:
    return a.Unknown(kind, Raw(raw.encode()))


@pytest.mark.parametrize(
    ("raw", "changes"),
    [
        ('{"content":"Été"}', []),
        ('{"content":"Été","tool_changes":null,"extra":1}', []),
        (
            '{"content":"Été","tool_changes":[{"type":"tool_addition","tool":{"name":"A"}},{"type":"new"}]}',
            [ToolChange("addition", "A")],
        ),
        (
            '{"content":"Été","tool_changes":[{"type":"tool_removal","tool":{"name":"B"}}]}',
            [ToolChange("removal", "B")],
        ),
    ],
)
def test_summary_replaces_what_came_before(raw: str, changes: list[ToolChange]):
    text = "<conversation-summary>\nÉté\n</conversation-summary>"
    assert summary_text("Été") == text
    assert summary(compaction(raw), "p") == Summary(text, changes)


@pytest.mark.parametrize(
    "block",
    [
        compaction("{}"),
        compaction('{"content":null}'),
        compaction('{"content":""}'),
        compaction('{"content":[]}'),
        compaction('{"content":"x","tool_changes":[1]}'),
        compaction('{"content":"x"}', "summary"),
    ],
)
def test_block_without_a_summary_replaces_nothing(block: a.Unknown):
    assert summary(block, "p") is None


def test_malformed_tool_change_is_refused_with_its_path():
    block = compaction('{"content":"x","tool_changes":[{"type":"new"},{"type":"tool_removal"}]}')
    with pytest.raises(RequestRefused) as refused:
        summary(block, "messages.0.content.1")
    assert refused.value.message == "messages.0.content.1.tool_changes.1.tool: field required"
