"""Request bodies: a tiny one, and one of 268 KB shaped like Claude Code's (25 tools, 41 messages).

The same conversation is written as Anthropic's Messages or as OpenAI's Chat Completions.
"""

import json
import random

MODEL = "bench"

WORDS = (
    "def return self import class config value path error result async await for in if else not None True "
    "False stream token model request response header client server data chunk line file read write open "
    "close test assert"
).split()


def small(*, stream: bool = False, api: str = "anthropic") -> bytes:
    body = {
        "model": MODEL,
        "max_tokens": 256,
        "stream": stream,
        "messages": [{"role": "user", "content": "Say hello in five words."}],
    }
    if api == "anthropic":
        body["system"] = "Be brief."
    return json.dumps(body).encode()


def big(*, api: str = "anthropic", seed: int = 7, size: int = 300_000) -> bytes:
    """A session of a coding agent. `size` is aimed at, in bytes."""
    rng = random.Random(seed)
    tools = [_tool(rng, number) for number in range(25)]
    system = "You are a coding agent. " + _words(rng, 2500)
    turns = 19
    fixed = len(json.dumps([system, tools]))
    each = max(200, (size - fixed) // turns - 500)
    messages = [_said("user", "Please fix the failing test in module x.")]
    for turn in range(turns):
        messages += _read_a_file(rng, turn, int(each * 0.72))
    messages += [_said("assistant", "Done reading."), {"role": "user", "content": "Go on."}]
    if api == "anthropic":
        return _as_messages(system, tools, messages)
    return _as_chat(system, tools, messages)


def many_big(count: int = 64, **kwargs) -> list[bytes]:
    """Different conversations: nothing that a gateway keeps from one helps with the next."""
    return [big(seed=100 + number, **kwargs) for number in range(count)]


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(count))


def _code(rng: random.Random, size: int) -> str:
    lines, length = [], 0
    while length < size:
        endings = (f"(x={rng.randint(0, 999)})", ":", f' = "{rng.choice(WORDS)}"', "  # note", "[i]")
        line = "    " * rng.randint(0, 3) + _words(rng, rng.randint(3, 9)) + rng.choice(endings)
        lines.append(line)
        length += len(line) + 1
    return "\n".join(f"{number:5d}\t{line}" for number, line in enumerate(lines, 1))


def _tool(rng: random.Random, number: int) -> dict:
    properties = {
        f"{rng.choice(WORDS)}_{key}": {
            "type": rng.choice(["string", "number", "boolean"]),
            "description": _words(rng, 20),
        }
        for key in range(6)
    }
    required = list(properties)[:2]
    option = {"a": {"type": "string", "enum": ["x", "y", "z"]}, "b": {"type": "integer", "minimum": 0}}
    properties["options"] = {
        "type": "array",
        "items": {"type": "object", "properties": option, "required": ["a"], "additionalProperties": False},
    }
    return {
        "name": f"tool_{number}",
        "description": _words(rng, 250),
        "input_schema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        },
    }


def _said(role: str, text: str) -> dict:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def _read_a_file(rng: random.Random, turn: int, size: int) -> list[dict]:
    call_id = f"toolu_{turn:024d}"
    arguments = {"file_path": f"/src/app/module_{turn}.py", "limit": 200, "offset": turn}
    call = {"type": "tool_use", "id": call_id, "name": f"tool_{turn}", "input": arguments}
    result = {"type": "tool_result", "tool_use_id": call_id, "content": _code(rng, size)}
    text = {"type": "text", "text": "I will read the file and check it."}
    return [{"role": "assistant", "content": [text, call]}, {"role": "user", "content": [result]}]


def _as_messages(system: str, tools: list[dict], messages: list[dict]) -> bytes:
    body = {
        "model": MODEL,
        "max_tokens": 8192,
        "temperature": 1,
        "stream": False,
        "system": [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}],
        "tools": tools,
        "messages": messages,
        "metadata": {"user_id": "user_bench"},
    }
    return json.dumps(body).encode()


def _as_chat(system: str, tools: list[dict], messages: list[dict]) -> bytes:
    said = [{"role": "system", "content": system}]
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        said += [_block_as_chat(message["role"], block) for block in blocks]
    functions = [
        {
            "type": "function",
            "function": {
                "name": tool["name"],
                "description": tool["description"],
                "parameters": tool["input_schema"],
            },
        }
        for tool in tools
    ]
    body = {"model": MODEL, "max_tokens": 8192, "stream": False, "messages": said, "tools": functions}
    return json.dumps(body).encode()


def _block_as_chat(role: str, block: dict) -> dict:
    if block["type"] == "text":
        return {"role": role, "content": block["text"]}
    if block["type"] == "tool_result":
        return {"role": "tool", "tool_call_id": block["tool_use_id"], "content": block["content"]}
    function = {"name": block["name"], "arguments": json.dumps(block["input"])}
    call = {"id": block["id"], "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}
