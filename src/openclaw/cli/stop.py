"""`openclaw stop` and `openclaw resume`: end a run, or let it go on."""

import argparse
from typing import Any

from openclaw.cli.opened import Opened, Unknown, add_store_options, on_store
from openclaw.cli.runs import find_run, shown


def add_to(commands: Any) -> None:
    stop: argparse.ArgumentParser = commands.add_parser("stop", help="refuse every further call of a run")
    resume: argparse.ArgumentParser = commands.add_parser("resume", help="let a stopped run go on")
    for parser, stopped in ((stop, True), (resume, False)):
        add_store_options(parser, json=False)
        parser.add_argument("name", metavar="RUN", help="its name, or a beginning that only it has (openclaw ps)")
        parser.set_defaults(run=run, stopped=stopped)


def run(options: argparse.Namespace) -> int:
    return on_store(options, lambda opened: _mark(opened, options.name, stopped=options.stopped))


async def _mark(opened: Opened, name: str, *, stopped: bool) -> int:
    run = await find_run(opened.books, name)
    if not await opened.books.stop_run(run, stopped=stopped):
        raise Unknown(f"run '{shown(run)}' is not known any more")
    if stopped:
        print(f"{shown(run)} is stopped, with all runs under it: their next calls are refused with run_stopped")
    elif run in await opened.books.stopped_runs():
        print(f"{shown(run)} stays stopped as long as a run above it is")
    else:
        print(f"{shown(run)} may go on")
    return 0
