"""Processes under measurement: start pinned, read what the whole tree has used, end by pid. Linux: reads /proc."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
FILES_WANTED = 20_000


@dataclass(frozen=True)
class Stat:
    """A process as /proc/PID/stat has it. `cpu_ticks` includes the children that it has reaped."""

    pid: int
    parent: int
    cpu_ticks: int
    rss_pages: int
    threads: int


def parse_stat(text: str) -> Stat:
    """proc(5): the name is in brackets and may hold anything, so the fields count from the last bracket."""
    pid = int(text[: text.index(" ")])
    rest = text[text.rindex(")") + 2 :].split()
    # utime, stime, cutime, cstime are fields 14 to 17 of the line; `rest` begins at field 3.
    return Stat(pid, int(rest[1]), sum(int(ticks) for ticks in rest[11:15]), int(rest[21]), int(rest[17]))


def tree(stats: Iterable[Stat], root: int) -> list[Stat]:
    """The root and everything below it."""
    stats = list(stats)
    children: dict[int, list[Stat]] = {}
    for stat in stats:
        children.setdefault(stat.parent, []).append(stat)
    found = [stat for stat in stats if stat.pid == root]
    for stat in found:
        found.extend(children.get(stat.pid, []))
    return found


def read_stats() -> Iterator[Stat]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it may have ended since the listing
                yield parse_stat((folder / "stat").read_text())


@dataclass(frozen=True)
class Use:
    """What a process tree has used so far, and holds now."""

    cpu_s: float
    rss_mb: float
    processes: int
    threads: int


def use_of(pid: int) -> Use:
    members = tree(read_stats(), pid)
    return Use(
        cpu_s=sum(stat.cpu_ticks for stat in members) / _TICKS_PER_S,
        rss_mb=sum(stat.rss_pages for stat in members) * _PAGE_BYTES / 1e6,
        processes=len(members),
        threads=sum(stat.threads for stat in members),
    )


class PeakMemory:
    """The largest RSS of a tree while the block runs, looked at every tenth of a second."""

    def __init__(self, pid: int, every_s: float = 0.1) -> None:
        self._pid, self._every_s = pid, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.mb = 0.0

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        # The tree is listed once: walking /proc every time would take from the core that makes the load.
        pids = [stat.pid for stat in tree(read_stats(), self._pid)]
        while not self._over.wait(self._every_s):
            self.mb = max(self.mb, sum(_rss_mb(pid) for pid in pids))


def _rss_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES / 1e6
    except OSError:
        return 0.0


def start(
    argv: Sequence[str], core: int | None, log: Path, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a program on one core, with a session of its own; both its outputs go to `log`."""
    pinned = [*(("taskset", "-c", str(core)) if core is not None else ()), *argv]
    with log.open("ab") as output:
        return subprocess.Popen(
            pinned,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )


def stop(process: "subprocess.Popen[bytes]", grace_s: float = 5.0) -> None:
    """End a tree that `start` began: asked first, then not asked. Only pids found below the root are signalled."""
    pids = [stat.pid for stat in tree(read_stats(), process.pid)]
    process.terminate()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in pids:
        if pid != process.pid and _session_of(pid) == process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _session_of(pid: int) -> int | None:
    """The session tells a child that outlived its parent from a stranger who got the same pid since."""
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def raise_file_limit() -> None:
    """Room for thousands of connections, as far as the machine lets us; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
