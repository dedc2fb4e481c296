"""`python accumulating.py URL COUNT`: what the Python SDK on the path makes of the streams `URL/0` to COUNT.

Prints one JSON object: the SDK's version, and for each stream its message or the name of what was raised.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import anthropic


def accumulate(client: anthropic.Anthropic) -> Any:
    asked: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    try:
        with client.messages.stream(**asked) as stream:
            return {"message": stream.get_final_message().to_dict(mode="json")}
    except (anthropic.AnthropicError, ValueError) as error:
        return {"error": type(error).__name__}


def main() -> None:
    url, count = sys.argv[1:3]
    with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0) as client:
        places = (client.with_options(base_url=f"{url}/{number}") for number in range(int(count)))
        saw = [accumulate(place) for place in places]
    print(json.dumps({"version": anthropic.__version__, "saw": saw}))


if __name__ == "__main__":
    main()
