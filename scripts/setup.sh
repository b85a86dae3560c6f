#!/bin/sh
# Make .venv and install the pinned dependencies (run or dev) and this package. Needs Python 3.11 or newer with venv.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-dev}
python=${PYTHON:-python3}
[ -x .venv/bin/python ] || "$python" -m venv .venv
stamp=.venv/.installed-$kind
if ! cmp -s "requirements/$kind.txt" "$stamp"; then
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "requirements/$kind.txt"
    cp "requirements/$kind.txt" "$stamp"
fi
.venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
