"""An MCP server on standard input and output with one tool, `add`: it answers with the sum and a picture.

Only what Claude Code asks of it: one JSON-RPC message a line.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

from gateway.testing.samples import png

NUMBERS = {"a": {"type": "integer"}, "b": {"type": "integer"}}
ADD = {
    "name": "add",
    "description": "adds two numbers",
    "inputSchema": {"type": "object", "properties": NUMBERS, "required": ["a", "b"]},
}


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    match asked["method"]:
        case "initialize":
            version = asked["params"]["protocolVersion"]
            server = {"name": "srv", "version": "1"}
            return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": server}
        case "tools/list":
            return {"tools": [ADD]}
        case "tools/call":
            given = asked["params"]["arguments"]
            picture = {"type": "image", "data": base64.b64encode(png(8, 8)).decode(), "mimeType": "image/png"}
            return {"content": [{"type": "text", "text": f"the sum is {given['a'] + given['b']}"}, picture]}
        case _:
            return {}


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked:
            said = {"jsonrpc": "2.0", "id": asked["id"], "result": answer(asked)}
            sys.stdout.write(json.dumps(said) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
