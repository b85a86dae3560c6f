"""`openclaw COMMAND ...`: the commands and nothing else; each is a module of this folder."""

import argparse
import sys
from collections.abc import Sequence

from openclaw import __version__
from openclaw.cli import check, demo, import_, schema, serve, sim
from openclaw.config.errors import ConfigError


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(prog="openclaw", description="An AI gateway that can say what ran where, and why.")
    parser.add_argument("--version", action="version", version=f"openclaw {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (serve, demo, check, schema, import_, sim):
        module.add_to(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 1 failed, 2 wrong usage."""
    options = build_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
