"""The journal: what a node that dies has not forgotten."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openclaw.budget.ledger import Draw, Entry
from openclaw.budget.windows import Window
from openclaw.store.journal import FileJournal, recover

NODE = "host/1:2"  # no name of a file


def entry(number: int, state: Any = "estimated", amount: int = 100, **fields: Any) -> Entry:
    draws = (Draw("key:a#cap.cost_nanousd", amount, Window(unit="day", timezone="Europe/Berlin")),)
    return Entry(
        id=f"c{number}/1",
        call_id=f"c{number}",
        state=state,
        time_unix_ms=1_700_000_000_000,
        operation="chat",
        draws=draws,
        **fields,
    )


def die(journal: FileJournal) -> None:
    """As when the process is killed: its lock is gone, and nothing more is written."""
    journal._segment.close()
    journal._thread.shutdown()


def left(folder: Path) -> dict[str, Entry]:
    (remains,) = recover(folder)
    with remains:
        assert remains.node == NODE
        return {each.id: each for each in remains.entries}


def test_an_attempt_is_as_it_ended_or_as_it_would_be_booked(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "made", NODE)
    journal.reserved(entry(1, tags=("ü", "\n")))
    journal.reserved(entry(2))
    journal.settled(entry(2, "settled", 7))
    journal.reserved(entry(3))
    journal.settled(entry(3, "voided", 0))
    die(journal)
    assert left(tmp_path / "made") == {
        "c1/1": entry(1, tags=("ü", "\n")),
        "c2/1": entry(2, "settled", 7),
        "c3/1": entry(3, "voided", 0),
    }


def test_a_living_nodes_journal_is_nobody_elses(tmp_path: Path) -> None:
    living, dead = FileJournal(tmp_path, "living"), FileJournal(tmp_path, NODE)
    living.reserved(entry(1))
    dead.reserved(entry(2))
    die(dead)
    assert list(left(tmp_path)) == ["c2/1"]
    living.close()


def test_what_is_being_recovered_is_nobody_elses_until_it_is_released(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, NODE)
    journal.reserved(entry(1))
    die(journal)
    (remains,) = recover(tmp_path)
    assert recover(tmp_path) == []
    remains.release()
    (again,) = recover(tmp_path)
    assert [each.id for each in again.entries] == ["c1/1"], "the ledger did not say that it has them"
    again.delete()
    assert recover(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_torn_last_line_is_ignored(tmp_path: Path, cut: int) -> None:
    journal = FileJournal(tmp_path, NODE)
    journal.reserved(entry(1))
    journal.reserved(entry(2))
    length = journal._segment.length
    die(journal)
    (file,) = tmp_path.iterdir()
    with file.open("r+b") as content:
        content.seek(length - 1 - cut)
        content.write(b"\0" * (cut + 1))
    assert list(left(tmp_path)) == ["c1/1"]


@pytest.mark.parametrize("content", [b"", b'{"no', b"\0" * 100])
def test_a_file_that_lost_its_beginning_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.1.journal").write_bytes(content)
    (remains,) = recover(tmp_path)
    assert remains.entries == []
    remains.delete()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_spoils_no_other_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, start: int, length: int) -> None:
        raise OSError(28, "No space left on device")

    journal = FileJournal(tmp_path, NODE, segment_bytes=2000)
    journal.reserved(entry(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match="No space left"):
            for number in range(2, 10):
                journal.reserved(entry(number))
                told = number
    journal.reserved(entry(20))
    die(journal)
    assert set(left(tmp_path)) == {f"c{number}/1" for number in (*range(1, told + 1), 20)}


def test_what_is_forgotten_does_not_fill_the_disk(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, NODE, segment_bytes=20_000)
    journal.reserved(entry(0))
    for number in range(1, 1000):
        journal.reserved(entry(number))
        journal.settled(entry(number, "settled"))
        journal.forget([entry(number)])
    journal._thread.submit(int).result()  # old segments are deleted beside the calls
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 40_000
    die(journal)
    assert "c0/1" in left(tmp_path), "the attempt that is still under way was carried over"


def test_what_is_not_forgotten_is_carried_over_as_it_ended(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, NODE, segment_bytes=1)
    journal.reserved(entry(1))
    journal.settled(entry(1, "settled", 7))
    journal.reserved(entry(2))
    for number in range(3, 40):
        journal.reserved(entry(number))
    journal.forget([entry(number) for number in range(3, 40)])
    for number in range(40, 200):  # until the segment that holds the forgotten ones is full
        journal.reserved(entry(number))
        journal.forget([entry(number)])
    die(journal)
    found = left(tmp_path)
    assert (found["c1/1"], found["c2/1"]) == (entry(1, "settled", 7), entry(2))
    assert not {f"c{number}/1" for number in range(3, 40)} & found.keys()


def test_a_node_that_ends_in_order_leaves_nothing(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, NODE)
    journal.reserved(entry(1))
    journal.settled(entry(1, "settled"))
    journal.forget([entry(1)])
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_what_the_ledger_did_not_take_waits_for_the_next_start(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, NODE)
    journal.reserved(entry(1))
    journal.close()
    again = FileJournal(tmp_path, NODE)
    again.reserved(entry(2))
    assert list(left(tmp_path)) == ["c1/1"]
    again.close()


async def test_one_fsync_is_for_all_that_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(tmp_path, NODE)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    waiting = []
    for number in range(50):
        journal.reserved(entry(number))
        waiting.append(asyncio.create_task(journal.durable()))
    await asyncio.gather(*waiting)
    assert 2 <= len(synced) <= 6, "the file and its folder, once or twice"
    before = len(synced)
    await journal.durable()
    assert len(synced) == before, "nothing is new"
    journal.close()


async def test_durable_says_when_the_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(tmp_path, NODE)
    journal.reserved(entry(1))

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        await journal.durable()
    monkeypatch.undo()
    journal.close()


_WRITER = """
import sys
from pathlib import Path
from openclaw.budget.ledger import Entry
from openclaw.store.journal import FileJournal
journal, number = FileJournal(Path(sys.argv[1]), "killed", segment_bytes=50_000), 0
while True:
    entry = Entry(id=f"c{number}/1", call_id=f"c{number}", state="estimated", time_unix_ms=1, operation="chat")
    journal.reserved(entry)
    if number % 10:
        journal.settled(entry)
        journal.forget([entry])
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    number += 1
"""


def test_a_killed_process_loses_nothing_that_it_has_told(tmp_path: Path) -> None:
    """Every tenth attempt stays under way, through many a change of segments."""
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(3000)]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines(keepends=True)
    numbers = [int(line) for line in told + rest if line.endswith("\n")]
    (remains,) = recover(tmp_path)
    found = {each.id for each in remains.entries}
    assert {f"c{number}/1" for number in numbers if number % 10 == 0} <= found
    remains.delete()
