#!/bin/sh
# Installs what the benchmark compares with, outside the project: LiteLLM into an environment of its own,
# claude-code-router by npm, nginx by apt (only if none is there; needs root). About 1 GB.
#
#   benchmarks/peers.sh            into ~/.cache/messages-gateway/peers, or $GATEWAY_PEERS
#
# Peers that are there already are kept. Python 3.11 or newer, node 20 or newer and npm are assumed.
set -eu

LITELLM=1.106.2
CLAUDE_CODE_ROUTER=2.0.0

peers=${GATEWAY_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/messages-gateway/peers}
mkdir -p "$peers"

if [ ! -x "$peers/litellm/bin/litellm" ]; then
    "${PYTHON:-python3}" -m venv "$peers/litellm"
    "$peers/litellm/bin/python" -m pip install --quiet "litellm[proxy]==$LITELLM"
fi

if [ ! -d "$peers/npm/node_modules/@musistudio/claude-code-router" ]; then
    npm install --silent --no-fund --no-audit --prefix "$peers/npm" "@musistudio/claude-code-router@$CLAUDE_CODE_ROUTER"
fi

if ! command -v nginx >/dev/null && [ ! -x /usr/sbin/nginx ]; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends nginx-light
    # Debian starts a server on port 80 at once: the benchmark starts its own.
    service nginx stop || true
fi

echo "peers are in $peers"
