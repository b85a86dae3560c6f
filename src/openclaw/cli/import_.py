"""`openclaw import`: write a configuration from another gateway's."""

import argparse
import sys
from pathlib import Path
from typing import Any

from openclaw.config.litellm import import_litellm
from openclaw.config.load import read_text


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("import", help="write a configuration from another gateway's")
    sources = parser.add_subparsers(required=True, metavar="GATEWAY")
    litellm: argparse.ArgumentParser = sources.add_parser("litellm", help="from a LiteLLM proxy's config.yaml")
    litellm.add_argument("source", type=Path, metavar="CONFIG", help="LiteLLM's file")
    litellm.add_argument("-o", "--output", type=Path, metavar="FILE", help="the file to write (default: stdout)")
    litellm.add_argument("--force", action="store_true", help="overwrite the file if it is there")
    litellm.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    imported = import_litellm(read_text(options.source), str(options.source))
    for note in imported.notes:
        print(f"{options.source}: {note}", file=sys.stderr)
    if options.output is None:
        print(imported.config_text, end="")
        return 0
    try:
        with options.output.open("w" if options.force else "x", encoding="utf-8") as file:
            file.write(imported.config_text)
    except OSError as error:
        print(f"{options.output}: cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    print(f"written to {options.output}: try `openclaw check -c {options.output}`", file=sys.stderr)
    return 0
