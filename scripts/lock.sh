#!/bin/sh
# Pin every dependency, direct and not, by version and hash. Needs uv. Packages younger than a week are left out, so
# that a bad release is noticed by others first.
set -eu
cd "$(dirname "$0")/.."
before=$(date -u -d '7 days ago' +%Y-%m-%dT00:00:00Z)
lock() { uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --no-header --exclude-newer "$before" "$@"; }
lock pyproject.toml --extra bedrock --extra vertex --extra demo --extra postgres --group build -o requirements/run.txt
lock pyproject.toml --all-extras --group dev -c requirements/run.txt -o requirements/dev.txt
