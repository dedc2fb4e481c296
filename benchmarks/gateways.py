"""How each gateway is configured and started in front of the fake upstream.

The peers are where `benchmarks/peers.sh` puts them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import Factory, frozen

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
PEERS = Path(os.environ.get("GATEWAY_PEERS", CACHE / "messages-gateway" / "peers"))
PROJECT = Path(__file__).parent.parent

NGINX = "/usr/sbin/nginx"
LITELLM = PEERS / "litellm" / "bin"
CCR = PEERS / "npm" / "node_modules" / "@musistudio" / "claude-code-router"

PATHS = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions", "ollama": "/api/chat"}


@frozen
class Place:
    """Where a gateway is to run."""

    upstream: str
    """The fake upstream's base URL, without `/v1`."""
    port: int
    folder: Path

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)


@frozen
class Recipe:
    """A gateway ready to be started. Without a command it is there already."""

    command: list[str] = Factory(list[str])
    env: Mapping[str, str] = Factory(dict[str, str])
    api: str = "anthropic"
    health: str = "/health"
    patience: float = 30.0
    """Seconds it may take to start."""
    url: str = ""
    """Of a server that is there already."""


def ours(place: Place, kind: str = "openai") -> Recipe:
    config = f"""
server: {{port: {place.port}}}
providers:
  bench: {{kind: {kind}, base_url: "{place.upstream}"}}
models:
  "*": {{provider: bench, model: bench, context_window: 131072}}
"""
    command = [sys.executable, "-m", "gateway", "serve", "--config", place.write("gateway.yaml", config)]
    return Recipe(command, env={"PYTHONPATH": str(PROJECT)})


def ours_ollama(place: Place) -> Recipe:
    return ours(place, "ollama")


def direct(place: Place) -> Recipe:
    return Recipe(api="openai", url=place.upstream + PATHS["openai"])


def nginx(place: Place) -> Recipe:
    """Passes OpenAI's dialect on, untranslated: the floor for a proxy."""
    folder = place.folder
    temporary = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    address = place.upstream.removeprefix("http://")
    user = "user root;" if os.geteuid() == 0 else ""
    config = f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 4096; }}
http {{
  access_log off; {temporary}
  client_max_body_size 64m; client_body_buffer_size 1m; keepalive_requests 1000000; tcp_nodelay on;
  upstream up {{ server {address}; keepalive 512; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{place.port} backlog=1024;
    location = /health {{ return 200 "ok"; }}
    location / {{
      proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering on;
    }}
  }}
}}
"""
    return Recipe([NGINX, "-c", place.write("nginx.conf", config)], api="openai")


def litellm(place: Place, model: str = "hosted_vllm/bench", base: str = "/v1") -> Recipe:
    """One worker; Anthropic's Messages in front."""
    config = {
        "model_list": [
            {
                "model_name": "bench",
                "litellm_params": {
                    "model": model,
                    "api_base": place.upstream + base,
                    "api_key": "sk-x",
                    "input_cost_per_token": 0.000001,
                    "output_cost_per_token": 0.000001,
                },
            }
        ],
        "litellm_settings": {"telemetry": False, "drop_params": True},
    }
    path = place.write("config.yaml", json.dumps(config))
    address = ["--host", "127.0.0.1", "--port", str(place.port), "--num_workers", "1"]
    env = {
        "LITELLM_LOG": "ERROR",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
        "DISABLE_ADMIN_UI": "True",
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    }
    command = [str(LITELLM / "litellm"), "--config", path, *address]
    return Recipe(command, env=env, health="/health/liveliness", patience=120)


def litellm_ollama(place: Place) -> Recipe:
    return litellm(place, model="ollama_chat/bench", base="")


def ccr(place: Place) -> Recipe:
    config = {
        "LOG": False,
        "HOST": "127.0.0.1",
        "PORT": place.port,
        "API_TIMEOUT_MS": 600000,
        "NON_INTERACTIVE_MODE": True,
        "Providers": [
            {
                "name": "up",
                "api_base_url": place.upstream + PATHS["openai"],
                "api_key": "sk-x",
                "models": ["bench"],
            }
        ],
        "Router": {"default": "up,bench"},
    }
    place.write(".claude-code-router/config.json", json.dumps(config))
    env = {"HOME": str(place.folder), "SERVICE_PORT": str(place.port)}
    return Recipe(["node", str(CCR / "dist" / "cli.js"), "start"], env=env)


RECIPES: Mapping[str, Callable[[Place], Recipe]] = {
    "gateway": ours,
    "gateway-ollama": ours_ollama,
    "direct": direct,
    "nginx": nginx,
    "litellm": litellm,
    "litellm-ollama": litellm_ollama,
    "ccr": ccr,
}


def recipe(name: str, place: Place) -> Recipe:
    """A recipe by name, or a server that already runs by its URL; the path tells which dialect it speaks."""
    if not name.startswith("http://"):
        return RECIPES[name](place)
    api = next((api for api, path in PATHS.items() if name.endswith(path)), "anthropic")
    return Recipe(api=api, url=name)


def versions() -> dict[str, str]:
    """What was compared, by the programs' own words."""
    asked = {
        "gateway": ["git", "-C", str(PROJECT), "describe", "--always", "--dirty"],
        "Python": [sys.executable, "--version"],
        "nginx": [NGINX, "-v"],
        "LiteLLM": [
            str(LITELLM / "python"),
            "-c",
            "from importlib.metadata import version as v; print(v('litellm'))",
        ],
        "Node": ["node", "--version"],
    }
    told = {name: _said(command) for name, command in asked.items()}
    package = CCR / "package.json"
    if package.exists():
        told["claude-code-router"] = json.loads(package.read_text())["version"]
    return {name: words for name, words in told.items() if words}


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().rsplit("/")[-1].removeprefix("Python ")
