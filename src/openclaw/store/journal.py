"""The journal in files: one record a line, in memory that is the file's own pages.

A node writes to a *segment*, `NODE.NUMBER.journal`, and holds a lock on it for as long as it lives. Its room is taken
on the disk beforehand and mapped into memory, so a record is written without a system call: that would cost more than
the record, and give the interpreter to whichever thread waits for it. What is in the pages outlasts the process.

When a segment is full, what is not forgotten is carried over to the next, and the old one is deleted. A segment that
nobody holds is what a dead node left: `recover` reads it, and it is deleted when the ledger has its entries. What is
found twice, or was in the ledger already, does no harm there.
"""

import asyncio
import fcntl
import logging
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct

from openclaw.budget.ledger import Entry

log = logging.getLogger("openclaw")

SEGMENT_BYTES = 8 * 1024 * 1024
"""The room of a segment."""

_SUFFIX = ".journal"
_NEW = ".new"


class _Record(Struct, frozen=True, array_like=True):
    kind: Literal["reserved", "settled"]
    entry: Entry


class _Head(Struct, frozen=True):
    """The first line: whose segment it is."""

    node: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Record).decode
_decode_head = msgspec.json.Decoder(_Head).decode


class _Segment:
    """A file with its room, its lock and its pages. Raises `OSError` when the disk has no room."""

    __slots__ = ("bytes", "descriptor", "length", "pages", "path")

    def __init__(self, path: Path, room: int, start: bytes) -> None:
        """It gets its name once it is locked and holds `start`, so that nobody takes it for a dead node's."""
        new = path.with_name(path.name + f".{os.getpid()}{_NEW}")
        self.descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(self.descriptor, 0, room)  # a page without room on the disk would end the process
            self.pages = mmap.mmap(self.descriptor, room)
            self.bytes, self.length, self.path = room, 0, path
            self.add(start)
            new.rename(path)
        except BaseException:
            os.close(self.descriptor)
            new.unlink(missing_ok=True)
            raise

    def add(self, text: bytes) -> None:
        end = self.length + len(text)
        self.pages[self.length : end] = text
        self.length = end

    def has_room(self, text: bytes) -> bool:
        return self.length + len(text) <= self.bytes

    def close(self) -> None:
        self.pages.close()
        os.close(self.descriptor)


class FileJournal:
    """The port `openclaw.budget.journal.Journal`. The folder is made if it is not there. Raises `OSError` when there is
    no room for a record; then it counts as not written. Open it in the process that writes: a child made by `fork`
    would share the lock."""

    def __init__(self, folder: Path, node: str, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._node = node
        self._segment_bytes = segment_bytes
        self._live: dict[str, bytes] = {}
        self._live_bytes = 0
        self._number = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._written = 0  # records, ever
        self._synced = 0
        self._segment = self._begin(b"")

    def reserved(self, entry: Entry) -> None:
        self._write(entry.id, _encode(_Record("reserved", entry)) + b"\n")

    def settled(self, entry: Entry) -> None:
        self._write(entry.id, _encode(_Record("settled", entry)) + b"\n")

    def forget(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._live_bytes -= len(self._live.pop(entry.id, b""))

    async def durable(self) -> None:
        """One that comes while the disk is at work waits for the next time, with all others that came meanwhile."""
        wanted = self._written
        while self._synced < wanted:
            await asyncio.wrap_future(self._thread.submit(self._sync, wanted))

    def close(self) -> None:
        """Blocks. A journal of which nothing is left is deleted; else it waits for `recover`."""
        self._thread.shutdown()
        if not self._live:
            self._segment.path.unlink(missing_ok=True)
        self._segment.close()

    def _write(self, entry_id: str, line: bytes) -> None:
        if not self._segment.has_room(line):
            self._rotate(line)
        self._segment.add(line)
        self._live_bytes += len(line) - len(self._live.get(entry_id, b""))
        self._live[entry_id] = line
        self._written += 1

    def _begin(self, more: bytes) -> _Segment:
        """A new segment with what is not forgotten, and room for `more` and for much beside."""
        start = b"".join([_encode(_Head(self._node)) + b"\n", *self._live.values()])
        room = max(self._segment_bytes, 2 * (len(start) + len(more)))
        while True:
            self._number += 1
            path = self._folder / f"{quote(self._node, safe='')}.{self._number}{_SUFFIX}"
            if not path.exists():  # of an earlier life under the same name
                return _Segment(path, room, start)

    def _rotate(self, more: bytes) -> None:
        old, self._segment = self._segment, self._begin(more)
        self._thread.submit(_replace, os.dup(self._segment.descriptor), self._folder, old)

    def _sync(self, wanted: int) -> None:
        if self._synced >= wanted:
            return
        reached = self._written
        descriptor = os.dup(self._segment.descriptor)
        try:
            os.fsync(descriptor)  # pages that are mapped and shared are the file's: msync(2) says no more
            _sync_folder(self._folder)
        finally:
            os.close(descriptor)
        self._synced = reached


def _replace(descriptor: int, folder: Path, old: _Segment) -> None:
    """The old segment may go when the new one would outlast a loss of power."""
    try:
        os.fsync(descriptor)
        _sync_folder(folder)
        old.path.unlink(missing_ok=True)
    except OSError:
        log.exception("an old part of the journal stays: %s", old.path)
    finally:
        os.close(descriptor)
        old.close()


def _sync_folder(folder: Path) -> None:
    """A file's name is in its folder. https://man7.org/linux/man-pages/man2/fsync.2.html"""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- what dead nodes left


class Remains:
    """What one dead node left, held so that nobody else recovers it too. Give `entries` to the ledger, then `delete`;
    `release` leaves it for another time. `with` releases what is not deleted."""

    def __init__(self, node: str, entries: Sequence[Entry], segments: Sequence[tuple[Path, int]]) -> None:
        self.node = node
        self.entries = entries
        self._segments = list(segments)

    def delete(self) -> None:
        """The ledger has them."""
        for path, _ in self._segments:
            path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        while self._segments:
            os.close(self._segments.pop()[1])

    def __enter__(self) -> "Remains":
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def recover(folder: Path) -> list[Remains]:
    """What is left in a folder by nodes that live no more, by their names: for every attempt how it ended, or what it
    is booked as when nothing more is heard of it. Empty when there is no folder. Blocks."""
    segments: dict[str, list[tuple[Path, int]]] = {}
    lines: dict[str, list[bytes]] = {}
    for path, descriptor in _take(folder):
        head, *records = _lines_of(path)
        try:
            node = _decode_head(head).node
        except msgspec.MsgspecError:
            node = ""  # power was lost before its first line was on the disk
        segments.setdefault(node, []).append((path, descriptor))
        lines.setdefault(node, []).extend(records)
    return [Remains(node, _entries(lines[node]), segments[node]) for node in sorted(segments)]


def _take(folder: Path) -> Iterator[tuple[Path, int]]:
    """Lock the segments that nobody holds, in the order in which they were begun."""
    for path in sorted(folder.glob(f"*{_SUFFIX}"), key=_place):
        with suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            if os.fstat(descriptor).st_nlink:
                yield path, descriptor
            else:
                os.close(descriptor)  # its node, or another process, deleted it just now


def _lines_of(path: Path) -> list[bytes]:
    written, _, _ = path.read_bytes().partition(b"\0")  # what was never written is zeros
    return written.split(b"\n")


def _place(path: Path) -> tuple[str, int]:
    node, _, number = path.stem.rpartition(".")
    return node, int(number) if number.isdecimal() else 0


def _entries(lines: Iterable[bytes]) -> list[Entry]:
    return [record.entry for record in _last_records(lines)]


def _last_records(lines: Iterable[bytes]) -> Iterable[_Record]:
    """What is known last of each attempt."""
    last: dict[str, _Record] = {}
    for line in lines:
        if not line:
            continue
        try:
            record = _decode(line)
        except msgspec.MsgspecError:
            continue  # the process died, or the disk was full, in the middle of it: it was never said to be written
        known = last.get(record.entry.id)
        if known is None or known.kind == "reserved":
            last[record.entry.id] = record
    return last.values()


# --- what live nodes do


def under_way(folder: Path) -> list[Entry]:
    """Attempts that live nodes have begun and not ended, each as it would be booked if nothing more were heard of it.
    Empty when there is no folder. Blocks."""
    lines: dict[str, list[bytes]] = {}
    for path in sorted(folder.glob(f"*{_SUFFIX}"), key=_place):
        with suppress(FileNotFoundError):
            if _is_held(path):
                head, *records = _lines_of(path)
                lines.setdefault(_decode_head(head).node, []).extend(records)
    return [
        record.entry for of_node in lines.values() for record in _last_records(of_node) if record.kind == "reserved"
    ]


def _is_held(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
