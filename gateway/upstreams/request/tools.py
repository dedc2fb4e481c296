"""The tools of a request -> the functions sent to one upstream, and how its calls are mapped back.

Rules:
- Schemas are lowered to what the upstream takes; `strict` is kept if possible.
- A call comes back under the client's name. Its arguments are buffered and repaired if the schema was made
  strict (nulls for omitted properties) or if this server's models write malformed JSON (`repair_tool_args`).
  For all others the repair looks up the client's schema when it is needed.
- Upstreams have no field for examples: they are appended to the description.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen
from msgspec import Raw, Struct

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.tools import client_tools, client_toolsets
from gateway.anthropic.tools.tool_names import ClientToolName, ToolNames
from gateway.anthropic.tools.toolset import Toolset
from gateway.schemas import lowering
from gateway.schemas.repair_json import ArgumentRepair
from gateway.settings.quirks import Quirks
from gateway.upstreams.upstream_request import Adaptations


class Function(Struct, frozen=True, gc=False):
    """`name`: as sent. `strict`: the parameters have OpenAI's strict form, and it may be requested.

    `schema` is the client's own.
    """

    name: str
    description: str
    parameters: Raw
    schema: Raw
    strict: bool = False


@frozen
class FunctionTools:
    functions: list[Function] = Factory(list[Function])
    returned: Mapping[str, ClientToolName] = Factory(dict[str, ClientToolName])
    """By the name sent: the tools whose name or arguments change on the way back."""
    prompt: str = ""
    """Instructions in the system prompt that a tool needs."""


def function_tools(
    tools: Toolset, names: ToolNames, quirks: Quirks, adaptations: Adaptations, notices: NoticeCollector
) -> FunctionTools:
    repair = quirks.repair_tool_args
    items = quirks.array_items or adaptations.array_items
    functions: list[Function] = []
    returned: dict[str, ClientToolName] = {}
    for tool in tools.tools:
        schema = tool.input_schema
        bare = adaptations.is_bare(bytes(schema))
        if bare and lowering.is_constrained(bytes(schema)):
            notices.add("dropped.schema_constraints", tool.name)
        strict = _strict(tool, bytes(schema), quirks, adaptations, notices) if tool.strict else None
        name = names.sent(tool.name)
        if strict is not None and quirks.strict_tools == "made":
            parameters = strict.schema
        else:
            parameters = lowering.named_tool_parameters(tool.name, schema, quirks.schema, bare, items)
        description = (
            _with_examples(tool, tool.input_examples) if tool.input_examples else tool.description or ""
        )
        functions.append(Function(name, description, parameters, schema, strict is not None))
        if strict is None and not repair and not tools.members:
            continue
        nulls = strict is not None and strict.optional
        mending = ArgumentRepair(bytes(schema), nulls, repair) if nulls or repair else None
        if mending or tool.name in tools.members:
            returned[name] = _returned(tool.name, tools.members.get(tool.name, ""), mending)
    memory = any(tool.type == client_tools.MEMORY for tool in tools.tools)
    return FunctionTools(functions, returned, client_tools.MEMORY_PROMPT if memory else "")


def _strict(
    tool: a.ToolDefinition, schema: bytes, quirks: Quirks, adaptations: Adaptations, notices: NoticeCollector
) -> lowering.StrictAnswerSchema | None:
    """The strict form, if both the upstream and the schema support it."""
    refused = quirks.strict_tools == "none" or adaptations.is_bare(schema) or "strict" in adaptations.dropped
    if quirks.strict_tools == "as_sent":
        schema = bytes(lowering.tool_parameters(schema, quirks.schema))
    found = None if refused else lowering.strict_schema(schema)
    if found is None or (quirks.strict_tools == "as_sent" and not found.as_sent):
        notices.add("dropped.strict", tool.name)
        return None
    return found


def _returned(name: str, family: str, mending: ArgumentRepair | None) -> ClientToolName:
    return ClientToolName(
        name.removeprefix(family + client_toolsets.BETWEEN) if family else name, family, mending
    )


def _with_examples(tool: a.ToolDefinition, examples: list[Raw]) -> str:
    lines = [f"Examples: {str(bytes(example), 'utf-8')}" for example in examples]
    return "\n".join(filter(None, [tool.description, *lines]))
