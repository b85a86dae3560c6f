"""Serve TensorZero's gateway until told to stop. Runs in TensorZero's own environment, never in ours.

usage: tensorzero_serve.py CONFIG FILE_FOR_THE_ADDRESS
"""

import os
import signal
import sys
from importlib import import_module


def main() -> None:
    package = import_module("tensorzero")
    gateway = package._start_http_gateway(
        config_file=sys.argv[1], clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False
    )
    with open(f"{sys.argv[2]}.new", "w") as file:
        file.write(gateway.base_url)
    os.replace(f"{sys.argv[2]}.new", sys.argv[2])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pause()


if __name__ == "__main__":
    main()
