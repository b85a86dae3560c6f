"""`openclaw COMMAND ...`: the commands and nothing else; each is a module of this folder.

A command's module is loaded when the command is run: a gateway must not carry what the demonstration imports.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from openclaw import __version__
from openclaw.config.errors import ConfigError

_MODULES: Mapping[str, str] = {
    "serve": "serve",
    "demo": "demo",
    "check": "check",
    "ps": "ps",
    "spend": "spend",
    "budget": "budget",
    "stop": "stop",
    "resume": "stop",
    "keys": "keys",
    "export": "export",
    "store": "store",
    "schema": "schema",
    "connect": "connect",
    "import": "import_",
    "sim": "sim",
}


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser for one command, or for every command when it is none of them."""
    parser = argparse.ArgumentParser(prog="openclaw", description="An AI gateway that can say what ran where, and why.")
    parser.add_argument("--version", action="version", version=f"openclaw {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    names = _MODULES.values() if command is None or command not in _MODULES else [_MODULES[command]]
    for name in dict.fromkeys(names):
        import_module(f"openclaw.cli.{name}").add_to(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 1 failed, 2 wrong usage."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = build_parser(arguments[0] if arguments else None).parse_args(arguments)
    try:
        status: int = options.run(options)
        print(end="", flush=True)  # a pipe that nobody reads shows here, not at the interpreter's end
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the output (`| head`) has seen enough; the interpreter must not try to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
