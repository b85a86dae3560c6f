"""`openclaw schema`: the JSON Schema of the configuration file."""

import argparse
import json
from typing import Any

from openclaw.config.schema import json_schema


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("schema", help="print the configuration's JSON Schema")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    print(json.dumps(json_schema(), indent=2))
    return 0
