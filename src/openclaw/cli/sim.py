"""`openclaw sim`: simulated providers that speak every dialect."""

import argparse
import sys
from pathlib import Path
from typing import Any

import uvloop

from openclaw.sim import BEHAVIOURS
from openclaw.sim.running import server_for
from openclaw.sim.script import BadScript
from openclaw.sim.server import Sim, SimProtocol
from openclaw.sim.turns import read_scripts


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("sim", help="run simulated providers, for tests")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=4010, help="port to listen on (default: 4010)")
    parser.add_argument("--seed", type=int, default=0, help="decides the texts (default: 0)")
    parser.add_argument("--key", help="the only key that is taken (default: any)")
    parser.add_argument("--script", type=Path, metavar="FILE", help="turns by model name, as JSON")
    parser.add_argument("--list", action="store_true", help="list the behaviours and end")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.list:
        for word, (what, _) in BEHAVIOURS.items():
            print(f"sim-{word:<10} {what}")
        return 0
    try:
        scripts = None if options.script is None else read_scripts(options.script.read_bytes())
    except (OSError, BadScript) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        print(f"{options.script}: {reason}", file=sys.stderr)
        return 1
    server = server_for(
        Sim(seed=options.seed, key=options.key, scripts=scripts), options.host, options.port, SimProtocol
    )
    address = f"http://{options.host}:{options.port}"
    print(f"simulated providers listen on {address} (models: openclaw sim --list)", file=sys.stderr)
    uvloop.run(server.serve())
    return 0
