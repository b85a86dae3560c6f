#!/bin/sh
# Set up and pass the checks: format, lint, types, import layers, tests. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh dev
PATH="$PWD/.venv/bin:$PATH"
ruff format --check -q .
ruff check -q .
mypy
lint-imports --no-cache
exec pytest "$@"
