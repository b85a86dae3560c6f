#!/bin/sh
# Set up and run the main job: a short agent task through the gateway. Arguments go to `openclaw demo`.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run
exec .venv/bin/openclaw demo "$@"
