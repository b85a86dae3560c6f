"""`openclaw store`: keep the store small."""

import argparse
from pathlib import Path
from typing import Any

from openclaw.cli.opened import Opened, add_store_options, on_store
from openclaw.cli.tables import several
from openclaw.cli.times import span, written

_MIB = 1024 * 1024


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("store", help="delete what is old, give space back")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    prune = actions.add_parser("prune", help="delete old entries of the ledger")
    add_store_options(prune, json=False)
    prune.add_argument("--older-than", type=span, required=True, metavar="SPAN", help="how old, such as 90d")
    prune.set_defaults(run=_run_prune)
    vacuum = actions.add_parser("vacuum", help="give space that nothing uses back to the file system")
    add_store_options(vacuum, json=False)
    vacuum.set_defaults(run=_run_vacuum)


def _run_prune(options: argparse.Namespace) -> int:
    return on_store(options, lambda opened: _prune(opened, options.older_than))


async def _prune(opened: Opened, older_s: float) -> int:
    before_s = opened.now_s - older_s
    pruned = await opened.books.prune(before_s)
    print(
        f"deleted {several(pruned, 'attempt')} from before {written(before_s)} UTC, and the runs that ended before then"
    )
    return 0


def _run_vacuum(options: argparse.Namespace) -> int:
    return on_store(options, _vacuum)


async def _vacuum(opened: Opened) -> int:
    if opened.file is None:
        print("a PostgreSQL server does this by itself (autovacuum)")
        return 0
    before = _size(opened.file)
    await opened.store.compact()
    print(f"{opened.file}: {before / _MIB:.1f} MiB before, {_size(opened.file) / _MIB:.1f} MiB now")
    return 0


def _size(file: Path) -> int:
    """With the log that SQLite writes beside it."""
    return sum(path.stat().st_size for path in (file, Path(f"{file}-wal")) if path.exists())
