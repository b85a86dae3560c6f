"""`openclaw export`: the ledger's entries for other programs."""

import argparse
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from openclaw.budget.ledger import Entry
from openclaw.cli.opened import Opened, Unknown, add_store_options, on_store
from openclaw.cli.tables import csv_text, several
from openclaw.cli.times import moment

_LIBRARY = "pyarrow"
_BATCH = 10_000  # entries in memory; of Parquet, a row group
NAMES: Sequence[str] = Entry.__struct_fields__
_NESTED = ("tags", "draws")
_INTEGERS = frozenset({
    "time_unix_ms", "input_tokens", "cache_read_input_tokens", "cache_write_input_tokens", "output_tokens",
    "reasoning_output_tokens", "tool_calls", "cost_nanousd", "reserved_nanousd",
})  # fmt: skip


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("export", help="write the ledger's entries to a file")
    add_store_options(parser, json=False)
    parser.add_argument("--since", type=moment, default=0.0, metavar="TIME", help="from then on (default: all)")
    parser.add_argument("--until", type=moment, metavar="TIME", help="up to then, without it (default: now)")
    parser.add_argument("--format", choices=tuple(_FORMATS), required=True, help="the form of the file")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="the file to write (default: stdout)")
    parser.add_argument("--force", action="store_true", help="overwrite the file if it is there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.format == "parquet" and find_spec(_LIBRARY) is None:
        print(f"Parquet needs the library '{_LIBRARY}': install openclaw-gateway[parquet]", file=sys.stderr)
        return 1
    if options.format == "parquet" and options.output is None:
        print("Parquet is written to a file: name it with -o", file=sys.stderr)
        return 1
    if options.output is None:
        return on_store(options, lambda opened: _export(opened, options, sys.stdout.buffer))
    return _to_file(options)


def _to_file(options: argparse.Namespace) -> int:
    """The file has its name when it is whole."""
    output: Path = options.output
    part = output.with_name(f"{output.name}.part")
    try:
        if output.exists() and not options.force:
            raise FileExistsError(None, "File exists")
        try:
            with part.open("wb") as file:
                status = on_store(options, lambda opened: _export(opened, options, file))
            if status == 0:
                part.replace(output)
            return status
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
    except OSError as error:
        print(f"{output}: cannot be written: {error.strerror}", file=sys.stderr)
        return 1


async def _export(opened: Opened, options: argparse.Namespace, file: IO[bytes]) -> int:
    until_s = opened.now_s if options.until is None else options.until
    if until_s < options.since:
        raise Unknown("--until is before --since")
    form: _Form = _FORMATS[options.format](file)
    count = 0
    async for batch in _batches(opened.books.export(options.since, until_s)):
        form.write(batch)
        count += len(batch)
    form.end()
    file.flush()
    if options.output is not None:
        print(f"{several(count, 'entry', 'entries')} written to {options.output}", file=sys.stderr)
    return 0


async def _batches(entries: AsyncIterator[Entry]) -> AsyncIterator[list[Entry]]:
    batch: list[Entry] = []
    async for entry in entries:
        batch.append(entry)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


# --- forms


class _Form(Protocol):
    def write(self, entries: Sequence[Entry]) -> None: ...

    def end(self) -> None: ...


class _Csv:
    """Tags and draws are JSON in their fields."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._file.write(csv_text(NAMES, ()).encode())

    def write(self, entries: Sequence[Entry]) -> None:
        self._file.write(csv_text(NAMES, map(_flat, entries), head=False).encode("utf-8", "replace"))

    def end(self) -> None:
        return


class _Jsonl:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, entries: Sequence[Entry]) -> None:
        self._file.write(msgspec.json.Encoder().encode_lines(entries))

    def end(self) -> None:
        return


class _Parquet:
    """As CSV, with types: whole numbers, and `duration_ms` as a double."""

    def __init__(self, file: IO[bytes]) -> None:
        self._arrow: Any = import_module(_LIBRARY)
        self._schema = self._arrow.schema([(name, self._type(name)) for name in NAMES])
        self._writer: Any = import_module(f"{_LIBRARY}.parquet").ParquetWriter(file, self._schema, compression="zstd")

    def write(self, entries: Sequence[Entry]) -> None:
        columns: Iterable[Sequence[Any]] = zip(*map(_flat, entries), strict=True)
        arrays = [self._arrow.array(column, self._type(name)) for name, column in zip(NAMES, columns, strict=True)]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def end(self) -> None:
        self._writer.close()

    def _type(self, name: str) -> Any:
        if name in _INTEGERS:
            return self._arrow.int64()
        return self._arrow.float64() if name == "duration_ms" else self._arrow.string()


def _flat(entry: Entry) -> list[Any]:
    values = [getattr(entry, name) for name in NAMES]
    return [
        msgspec.json.encode(value).decode() if name in _NESTED else value
        for name, value in zip(NAMES, values, strict=True)
    ]


_FORMATS: dict[str, Any] = {"csv": _Csv, "jsonl": _Jsonl, "parquet": _Parquet}
