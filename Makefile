# The verbs of this repository. `make` alone lists them.
.PHONY: help setup demo test lint fix bench bench-quick test-kills test-real test-agents lock

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'
setup:  ## make .venv with everything for development
	sh scripts/setup.sh dev
demo:  ## run a short agent task through the gateway
	sh scripts/demo.sh
test:  ## format, lint, types, layers, tests (under ten minutes)
	sh scripts/test.sh
lint: setup  ## the checks without the tests
	.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy && .venv/bin/lint-imports
fix: setup  ## format and mend what can be mended
	.venv/bin/ruff check --fix . ; .venv/bin/ruff format .
bench: setup  ## measure against nginx and other gateways (installs them; long)
	.venv/bin/python -m bench setup && .venv/bin/python -m bench
bench-quick: setup  ## measure this gateway and nginx only
	.venv/bin/python -m bench --quick
test-kills: setup  ## kill fifty workers under load, on SQLite and on PostgreSQL (a minute)
	KILLS=50 .venv/bin/pytest tests/conformance/test_killed_workers.py -k with-kills
test-real: setup  ## against a real llama.cpp server (compiles it once; about half an hour)
	sh scripts/test-real.sh
test-agents: setup  ## coding agents and client libraries through the gateway (installs about 3 GB once)
	sh scripts/test-agents.sh
lock:  ## pin the dependencies again (needs uv)
	sh scripts/lock.sh
