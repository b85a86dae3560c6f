"""OpenClaw beside other gateways, on this machine, in one run.

    python -m bench setup              install the other gateways, each below a cache folder
    python -m bench                    measure everything that is installed
    python -m bench --quick            OpenClaw and nginx only, for before and after a change
    python -m bench --doors            every door and the translations between dialects, where a gateway has them
    python -m bench --gateways openclaw,nginx --cases plain-1k,stream --rounds 5

What is measured, and how to read it: docs/reference/benchmarks.md.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from bench.cases import CASES, DOOR_CASES, Case
from bench.gateways.gateway import Gateway
from bench.gateways.table import GATEWAYS
from bench.measure import Cores, NotMeasured, Sample, measure_direct, measure_gateway, running, upstream, warm_up
from bench.processes import raise_file_limit
from bench.report import Facts, markdown

RESULTS = Path(__file__).parent / "results"
CACHE = Path.home() / ".cache" / "openclaw-bench"
INSTALL_S = 900
ROUNDS = 3
QUICK_GATEWAYS = ("nginx", "openclaw")
QUICK_CASES = ("plain-1k", "plain-100k", "latency-1k", "stream", "streams-1000")
QUICK_SECONDS = 1.5
DOOR_GATEWAYS = tuple(name for name, gateway in GATEWAYS.items() if len(gateway.ways) > 1)
_ALL_CASES = (*CASES, *DOOR_CASES)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    gateways = [GATEWAYS[name] for name in options.gateways]
    if options.command == "setup":
        return setup(gateways, options.cache)
    cases = [case for case in _ALL_CASES if case.name in options.cases]
    if options.quick:
        cases = [replace(case, seconds=QUICK_SECONDS) for case in cases]
    return run(gateways, cases, options)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", nargs="?", choices=("run", "setup"), default="run")
    parser.add_argument("--quick", action="store_true", help="OpenClaw and nginx, short loads, under three minutes")
    parser.add_argument("--doors", action="store_true", help=f"the other doors, of {', '.join(DOOR_GATEWAYS)}")
    parser.add_argument("--gateways", type=_names(GATEWAYS), help=f"some of: {', '.join(GATEWAYS)}")
    parser.add_argument("--cases", type=_names([case.name for case in _ALL_CASES]), help="some of the cases, by name")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds that count (default: {ROUNDS})")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where 'setup' installs the other gateways")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    options = parser.parse_args(arguments)
    gateways, cases = _usual(options)
    options.gateways, options.cases = options.gateways or gateways, options.cases or cases
    return options


def _usual(options: argparse.Namespace) -> tuple[Sequence[str], Sequence[str]]:
    """The gateways and the cases of a run that does not name them. `--quick --doors` is the doors with short loads."""
    if options.doors:
        return QUICK_GATEWAYS if options.quick else DOOR_GATEWAYS, [case.name for case in DOOR_CASES]
    if options.quick:
        return QUICK_GATEWAYS, QUICK_CASES
    return tuple(GATEWAYS), [case.name for case in CASES]


def _names(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    def names(text: str) -> tuple[str, ...]:
        asked = tuple(text.split(","))
        if unknown := [name for name in asked if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)} (known: {', '.join(known)})")
        return asked

    return names


# --- setup


def setup(gateways: Sequence[Gateway], cache: Path) -> int:
    """Install each gateway; one that fails does not keep the others from it."""
    failed = 0
    for gateway in gateways:
        for command in gateway.install(cache / gateway.name):
            print(f"{gateway.name}: {' '.join(command)}", flush=True)
            try:
                subprocess.run(command, check=True, timeout=INSTALL_S)
            except (OSError, subprocess.SubprocessError) as error:
                print(f"{gateway.name}: not installed: {error}", file=sys.stderr)
                failed += 1
                break
    return 1 if failed else 0


# --- run


def run(gateways: Sequence[Gateway], cases: Sequence[Case], options: argparse.Namespace) -> int:
    raise_file_limit()
    cores = _cores()
    if cores.load is not None:
        os.sched_setaffinity(0, {cores.load})  # this process too stays off the gateway's core
    samples: list[Sample] = []
    unmeasured: dict[str, str] = {}
    load_before = os.getloadavg()
    began = time.time()
    with tempfile.TemporaryDirectory(prefix="openclaw-bench-") as folder, upstream(cores.load, Path(folder)) as base:
        able = _try_all(gateways, options.cache, base, cores, unmeasured)
        for number in range(1, options.rounds + 1):
            samples += measure_direct(cases, number, base, cores)
            for gateway in able:
                wanted = [case for case in cases if gateway.measures(case)]
                try:
                    for sample in measure_gateway(gateway, options.cache / gateway.name, wanted, number, base, cores):
                        samples.append(sample)
                        _say(f"round {number} {gateway.name} {sample.case}: {sample.outcome.answers} answers")
                except (NotMeasured, OSError, subprocess.SubprocessError) as error:
                    unmeasured[gateway.name] = f"round {number} is incomplete: {error}"
    facts = Facts(
        machine=_machine(cores, load_before, time.time() - began, options.rounds),
        versions={gateway.name: _version(gateway, options.cache) for gateway in able},
        settings={gateway.name: gateway.settings for gateway in gateways},
        unmeasured=unmeasured,
        titles={gateway.name: gateway.title for gateway in gateways},
    )
    text = markdown(samples, facts)
    print(text)
    _keep(options.out, text, samples, facts)
    return 0


def _try_all(
    gateways: Sequence[Gateway], cache: Path, base: str, cores: Cores, unmeasured: dict[str, str]
) -> list[Gateway]:
    """The warm-up round, which does not count: who can be measured at all, and who cannot, with the reason."""
    able = []
    for gateway in gateways:
        _say(f"warm-up {gateway.name}")
        try:
            with running(gateway, cache / gateway.name, base, cores) as started:
                warm_up(started, cores)
            able.append(gateway)
        except (NotMeasured, OSError, subprocess.SubprocessError) as error:
            unmeasured[gateway.name] = str(error)
    return able


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _cores() -> Cores:
    """The last core for the gateway, the one before for upstream and load: the first has most of the interrupts."""
    cores = sorted(os.sched_getaffinity(0))
    return Cores(gateway=cores[-1], load=cores[-2]) if len(cores) > 1 else Cores(None, None)


def _version(gateway: Gateway, cache: Path) -> str:
    try:
        return gateway.version(cache / gateway.name)
    except (OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
        return f"(version unknown: {error})"


def _machine(cores: Cores, load_before: tuple[float, float, float], seconds: float, rounds: int) -> dict[str, str]:
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "cores": f"gateway on {cores.gateway}, upstream and load generator on {cores.load}",
        "rounds": f"{rounds}, interleaved, after one warm-up; {seconds / 60:.0f} minutes",
        # On a machine that is busy with something else the numbers are worth little; this tells.
        "load average before / after": f"{load_before[0]:.1f} / {os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        "taken": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _keep(folder: Path, text: str, samples: Sequence[Sample], facts: Facts) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    document = {"facts": asdict(facts), "samples": [asdict(sample) for sample in samples]}
    (folder / f"{stem}.json").write_text(json.dumps(document, indent=1) + "\n")
    (folder / f"{stem}.md").write_text(text)
    _say(f"results: {folder / stem}.md and .json")


if __name__ == "__main__":
    raise SystemExit(main())
