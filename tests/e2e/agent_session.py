"""What a program does with the Agent SDK: `python agent_session.py URL HOME`.

`query()` with a tool of its own, served to Claude Code inside this process, and partial messages. It prints
what it saw as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import claude_agent_sdk as sdk

ANSWER = {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}
RAN: list[Any] = []


@sdk.tool("add", "adds two numbers", {"a": int, "b": int})
async def add(given: dict[str, Any]) -> dict[str, Any]:
    RAN.append(given)
    return {"content": [{"type": "text", "text": f"the sum is {given['a'] + given['b']}"}]}


async def session(url: str, home: str) -> dict[str, Any]:
    options = sdk.ClaudeAgentOptions(
        mcp_servers={"srv": sdk.create_sdk_mcp_server(name="srv", tools=[add])},
        allowed_tools=["mcp__srv__add"],
        include_partial_messages=True,
        output_format={"type": "json_schema", "schema": ANSWER},
        cwd=home,
        env={
            "HOME": home,
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
    )
    pieces: list[str] = []
    result: Any = None
    async for message in sdk.query(prompt="add 40 and 2", options=options):
        match message:
            case sdk.StreamEvent():
                pieces.append(message.event.get("delta", {}).get("text", ""))
            case sdk.ResultMessage():
                result = message
            case _:
                pass
    return {
        "ran": RAN,
        "pieces": [piece for piece in pieces if piece],
        "error": result.is_error,
        "structured": result.structured_output,
    }


def main() -> None:
    print(json.dumps(asyncio.run(session(*sys.argv[1:3]))))


if __name__ == "__main__":
    main()
