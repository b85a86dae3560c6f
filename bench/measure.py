"""One gateway, one case, one number of each kind: start it, load it, read what it used, end it."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.bodies import path
from bench.cases import CHAT, Case
from bench.gateways.gateway import Gateway, Launch, Place
from bench.load import LIMIT_S, Outcome
from bench.processes import PeakMemory, free_port, start, stop, use_of

READY_S = 120.0
DIRECT = "direct"


class NotMeasured(Exception):
    """A gateway could not be started, or answers wrong. The text says why."""


@dataclass(frozen=True)
class Cores:
    """The gateway has one core for itself, upstream and load share another. None leaves it to the kernel."""

    gateway: int | None
    load: int | None


@dataclass(frozen=True)
class Sample:
    """What one load on one gateway gave. `cpu_s` is of the whole process tree, None without a gateway in between.
    Memory in MB: when the gateway was ready, when the load began, and the most it held while the load ran."""

    gateway: str
    case: str
    round: int
    outcome: Outcome
    cpu_s: float | None = None
    rss_idle_mb: float | None = None
    rss_before_mb: float | None = None
    rss_peak_mb: float | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Target:
    """Where a load goes."""

    base: str
    launch: Launch

    def model(self, case: Case) -> str:
        return self.launch.models[case.way.upstream] + case.model

    def url(self, case: Case) -> str:
        return self.base + path(self.launch.paths[case.way.door], self.model(case), stream=case.stream)


@dataclass(frozen=True)
class Running:
    """A gateway that answers."""

    pid: int
    target: Target
    rss_idle_mb: float


def drive(target: Target, case: Case, core: int | None) -> Outcome:
    """Run the load generator as a process of its own, on its core."""
    argv = [*(("taskset", "-c", str(core)) if core is not None else ()), sys.executable, "-m", "bench.load"]
    argv += ["--url", target.url(case), "--door", case.way.door, "--model", target.model(case)]
    argv += ["--prompt-bytes", str(case.prompt_bytes), "-c", str(case.connections), "--seconds", str(case.seconds)]
    if case.answers is not None:
        # The count ends it; the time only bounds how late a request may still begin.
        argv += ["-n", str(case.answers), "--seconds", str(LIMIT_S)]
    if case.stream:
        argv += ["--stream", "--events-min", str(case.chunks)]
    if case.way.store is not None:
        argv += ["--store" if case.way.store else "--no-store"]
    for name, value in target.launch.headers.items():
        argv += ["--header", f"{name}:{value}"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=LIMIT_S + 60)
    if done.returncode:
        raise NotMeasured(f"the load generator failed: {done.stderr.strip()[-500:]}")
    return Outcome(**json.loads(done.stdout))


@contextmanager
def upstream(core: int | None, folder: Path) -> Iterator[str]:
    port = free_port()
    process = start([sys.executable, "-m", "bench.upstream", "--port", str(port)], core, folder / "upstream.log")
    try:
        target = Target(f"http://127.0.0.1:{port}", Launch([]))
        _until_ready(process, target, folder / "upstream.log", core)
        yield target.base
    finally:
        stop(process)


@contextmanager
def running(gateway: Gateway, prefix: Path, upstream_base: str, cores: Cores) -> Iterator[Running]:
    """The gateway, started fresh and warmed up. Raises `NotMeasured`."""
    with tempfile.TemporaryDirectory(prefix="openclaw-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx drops its rights when root starts it
        place = Place(prefix, folder, free_port(), upstream_base)
        launch = gateway.launch(place)
        log = folder / "output.log"
        try:
            process = start(launch.argv, cores.gateway, log, launch.env)
        except OSError as error:
            raise NotMeasured(f"could not be started: {error}") from error
        try:
            base = _base(process, launch, place, log)
            target = Target(base, launch)
            _until_ready(process, target, log, cores.load)
            yield Running(process.pid, target, use_of(process.pid).rss_mb)
        finally:
            stop(process)


def _base(process: "subprocess.Popen[bytes]", launch: Launch, place: Place, log: Path) -> str:
    if launch.base_file is None:
        return f"http://127.0.0.1:{place.port}"
    for _ in _tries(process, log):
        if launch.base_file.exists():
            return launch.base_file.read_text().strip()
    raise NotMeasured(f"it did not say where it listens within {READY_S:.0f} s: {_end_of(log)}")


def _until_ready(process: "subprocess.Popen[bytes]", target: Target, log: Path, core: int | None) -> None:
    probe = Case("probe", "", "bench", connections=1, answers=1)
    failure = ""
    for _ in _tries(process, log):
        outcome = drive(target, probe, core)
        if outcome.answers:
            return
        failure = outcome.failure
    raise NotMeasured(f"it did not answer within {READY_S:.0f} s: {failure or _end_of(log)}")


def _tries(process: "subprocess.Popen[bytes]", log: Path) -> Iterator[None]:
    until_s = time.monotonic() + READY_S
    while time.monotonic() < until_s:
        if process.poll() is not None:
            raise NotMeasured(f"it ended with status {process.returncode} when it was started: {_end_of(log)}")
        yield
        time.sleep(0.2)


def _end_of(log: Path) -> str:
    text = log.read_text(errors="replace").strip() if log.exists() else ""
    return " / ".join(text.splitlines()[-3:])[-400:] or "it wrote nothing"


WARM_UP_S = 0.5
WARM_UP = (
    Case("warm-up", "", "bench", seconds=WARM_UP_S),
    Case("warm-up-stream", "", "bench-100", chunks=100, seconds=WARM_UP_S),
)


def measure(run: Running, gateway: Gateway, case: Case, number: int, cores: Cores) -> Sample:
    """One load on a running gateway."""
    before = use_of(run.pid)
    with PeakMemory(run.pid) as memory:
        outcome = drive(run.target, case, cores.load)
    after = use_of(run.pid)
    return Sample(
        gateway=gateway.name,
        case=case.name,
        round=number,
        outcome=outcome,
        cpu_s=round(after.cpu_s - before.cpu_s, 2),
        rss_idle_mb=round(run.rss_idle_mb, 1),
        rss_before_mb=round(before.rss_mb, 1),
        rss_peak_mb=round(max(memory.mb, after.rss_mb), 1),
        threads=after.threads,
    )


def warm_up(run: Running, cores: Cores) -> None:
    for case in WARM_UP:
        outcome = drive(run.target, case, cores.load)
        if not outcome.answers:
            raise NotMeasured(f"it gave no whole answer to '{case.model}': {outcome.failure}")


def measure_gateway(
    gateway: Gateway, prefix: Path, cases: Sequence[Case], number: int, upstream_base: str, cores: Cores
) -> Iterator[Sample]:
    """Every case once: those that may share a process first, then each of the others in a fresh one."""
    shared = [case for case in cases if not case.fresh]
    if shared:
        with running(gateway, prefix, upstream_base, cores) as run:
            warm_up(run, cores)
            for case in shared:
                if case.way != CHAT and case.answers is None:  # chat has had its warm-up
                    drive(run.target, replace(case, seconds=WARM_UP_S), cores.load)
                yield measure(run, gateway, case, number, cores)
    for case in cases:
        if case.fresh:
            with running(gateway, prefix, upstream_base, cores) as run:
                warm_up(run, cores)
                yield measure(run, gateway, case, number, cores)


def measure_direct(cases: Sequence[Case], number: int, upstream_base: str, cores: Cores) -> Iterator[Sample]:
    """The same loads without a gateway: what latency is added to, and what the load generator can do at most."""
    target = Target(upstream_base, Launch([]))
    for case in cases:
        if case.way == CHAT and not case.fresh:
            yield Sample(DIRECT, case.name, number, drive(target, case, cores.load))
