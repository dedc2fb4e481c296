# What people and CI run. Everything lands in .venv/, .cache/ and tests/e2e/clients/node_modules/.
#
# `make help` lists the targets. Python 3.11 or newer is all that is needed: uv is used where it is installed, else
# venv and pip; node comes as a wheel.

PYTHON ?= $(shell command -v python3.11 || echo python3)
UV ?= $(shell command -v uv)
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
CLIENTS := tests/e2e/clients
OLD_SDK := .cache/anthropic-0.75
AGENT_SDK := .cache/claude-agent-sdk
CANARY := .cache/canary
JOBS ?= 2
PYTEST := $(BIN)/pytest -n $(JOBS)

ifneq ($(UV),)
MAKE_VENV := $(UV) venv --quiet --allow-existing --python $(or $(shell command -v python3.11),">=3.11") $(VENV)
INSTALL := $(UV) pip install --quiet --python $(PY)
HAVE_PIP := true
else
MAKE_VENV := $(PYTHON) -m venv $(VENV)
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
# A .venv that uv made has no pip of its own.
HAVE_PIP := $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip
endif

.DEFAULT_GOAL := test
.PHONY: help demo test lint format docs site picture unit e2e mirror clients canary patience bench lock

help:  ## this list
	@sed -n 's/^\([a-z0-9]*\):.*  ## /\1\t/p' Makefile | expand -t 10

demo: $(VENV)/.runtime  ## a real model answers through the gateway
	$(BIN)/gateway demo

test: $(VENV)/.dev  ## everything that CI checks, the real clients included
	$(MAKE) --no-print-directory --jobs=2 lint clients mirror
	$(PYTEST)

lint: $(VENV)/.dev  ## the checks that run no test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/typos
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/zizmor --offline --quiet .
	$(PY) tools/style.py
	$(BIN)/pyright

format: $(VENV)/.dev  ## formats and applies automatic fixes
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

docs: $(VENV)/.dev  ## writes the generated pages
	$(PY) -m gateway.settings.reference > docs/configuration.md
	$(PY) -m gateway.notices > docs/notices.md
	$(PY) -m gateway schema --out config/gateway.schema.json

site: $(VENV)/.dev  ## builds the documentation site in site/html
	$(PY) tools/site.py

picture: $(VENV)/.dev  ## draws docs/images/terminal.svg
	$(PY) tools/picture.py

unit: $(VENV)/.dev  ## the tests without the real clients
	$(PYTEST) -m "not e2e"

mirror: $(VENV)/.dev  ## the modules that their own test file covers too little
	$(PY) tools/mirror.py -j $(JOBS)

e2e: clients  ## the tests with the real clients
	$(PYTEST) -m e2e

clients: $(CLIENTS)/node_modules/.installed $(OLD_SDK)/.installed $(AGENT_SDK)/.installed  ## installs the real clients

bench: $(VENV)/.dev  ## the benchmark (see benchmarks/README.md)
	$(PY) -m benchmarks

# --- the environment -------------------------------------------------------------------------------------

$(PY):
	$(MAKE_VENV)

$(VENV)/.runtime: requirements.txt pyproject.toml | $(PY)
	$(HAVE_PIP)
	$(INSTALL) --require-hashes -r requirements.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml | $(PY)
	$(HAVE_PIP)
	$(INSTALL) --require-hashes -r requirements-dev.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

# --- the clients that the end-to-end tests drive ---------------------------------------------------------

# npm may leave the package's postinstall out, and then there is no client: it is run here in any case.
$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package.json $(CLIENTS)/package-lock.json | $(VENV)/.dev
	cd $(CLIENTS) && $(CURDIR)/$(BIN)/npm ci --ignore-scripts --no-audit --no-fund
	cd $(CLIENTS)/node_modules/@anthropic-ai/claude-code && $(CURDIR)/$(BIN)/node install.cjs
	touch $@

$(OLD_SDK)/.installed: $(CLIENTS)/anthropic-0.75.txt | $(VENV)/.dev
	rm -rf $(OLD_SDK)
	$(INSTALL) --require-hashes --target $(OLD_SDK) -r $(CLIENTS)/anthropic-0.75.txt
	touch $@

$(AGENT_SDK)/.installed: $(CLIENTS)/claude-agent-sdk.txt | $(VENV)/.dev
	rm -rf $(AGENT_SDK)
	$(INSTALL) --require-hashes --target $(AGENT_SDK) -r $(CLIENTS)/claude-agent-sdk.txt
	touch $@

# --- outside the gate ------------------------------------------------------------------------------------

canary: clients  ## the end-to-end tests with the newest clients (not part of `test`)
	rm -rf $(CANARY)
	$(INSTALL) --upgrade --target $(CANARY)/python anthropic openai
	$(BIN)/npm install --prefix $(CANARY) --ignore-scripts --no-audit --no-fund @anthropic-ai/claude-code@latest
	cd $(CANARY)/node_modules/@anthropic-ai/claude-code && $(CURDIR)/$(BIN)/node install.cjs
	$(CANARY)/node_modules/@anthropic-ai/claude-code/bin/claude.exe --version
	GATEWAY_TEST_CLAUDE=$(CURDIR)/$(CANARY)/node_modules/@anthropic-ai/claude-code/bin/claude.exe \
	PYTHONPATH=$(CURDIR)/$(CANARY)/python $(PYTEST) -m e2e

patience: clients  ## the real client through 13 minutes of silence (not part of `test`)
	$(BIN)/pytest -n 3 tests/e2e/patience.py

LOCK := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

lock:  ## newest versions into the lock files
	$(LOCK) pyproject.toml --group build -o requirements.txt
	$(LOCK) pyproject.toml --group build --group dev -o requirements-dev.txt
	echo "anthropic==0.75.0" | $(LOCK) - -o $(CLIENTS)/anthropic-0.75.txt
	echo "claude-agent-sdk" | $(LOCK) - -o $(CLIENTS)/claude-agent-sdk.txt
	cd $(CLIENTS) && $(CURDIR)/$(BIN)/npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved
