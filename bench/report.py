"""Samples to numbers, numbers to tables. Pure: nothing here runs anything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.cases import BASE, CASES, DOOR_CASES, PAIRS, Pair
from bench.measure import DIRECT, Sample

FLOOR = "nginx"
_CHUNKS = {case.name: case.chunks for case in (*CASES, *DOOR_CASES)}

_DOOR_NAMES = frozenset(case.name for case in DOOR_CASES)

Metric = Callable[[Sample], float | None]


# --- what a sample says


def cpu_us_per_request(sample: Sample) -> float | None:
    if sample.cpu_s is None or not sample.outcome.answers:
        return None
    return sample.cpu_s * 1e6 / sample.outcome.answers


def cpu_us_per_chunk(sample: Sample) -> float | None:
    """Over the chunks that the upstream sent, so that a gateway which merges or adds events is judged by the same
    count. None when streams were cut off, as their share is unknown."""
    chunks = sample.outcome.answers * _CHUNKS.get(sample.case, 0)
    if sample.cpu_s is None or not chunks or sample.outcome.unfinished:
        return None
    return sample.cpu_s * 1e6 / chunks


def rps(sample: Sample) -> float | None:
    return sample.outcome.rps or None


def latency_p50_ms(sample: Sample) -> float | None:
    return sample.outcome.p50_ms


def latency_p99_ms(sample: Sample) -> float | None:
    return sample.outcome.p99_ms


def first_byte_ms(sample: Sample) -> float | None:
    return sample.outcome.first_p50_ms


def events_per_read(sample: Sample) -> float | None:
    """More than one: a gateway that waits for more is cheaper per chunk, and its callers see tokens late."""
    return sample.outcome.events / sample.outcome.reads if sample.outcome.events and sample.outcome.reads else None


def rss_idle_mb(sample: Sample) -> float | None:
    return sample.rss_idle_mb


def rss_peak_mb(sample: Sample) -> float | None:
    return sample.rss_peak_mb


def kb_per_stream(sample: Sample) -> float | None:
    """What the load added, over the streams that were open at once."""
    if sample.rss_peak_mb is None or sample.rss_before_mb is None or not sample.outcome.open_max:
        return None
    return (sample.rss_peak_mb - sample.rss_before_mb) * 1000 / sample.outcome.open_max


# --- many samples


@dataclass(frozen=True)
class Summary:
    """A metric over the counted rounds. `wrong` counts answers that failed, `cut` those that did not end in time."""

    median: float
    low: float
    high: float
    rounds: int
    wrong: int
    cut: int


def summarise(samples: Iterable[Sample], metric: Metric) -> Summary | None:
    """None when no round gave the number. Round 0 is the warm-up and does not count."""
    counted = [sample for sample in samples if sample.round > 0]
    values = [value for sample in counted if (value := metric(sample)) is not None]
    if not values:
        return None
    return Summary(
        median=median(values),
        low=min(values),
        high=max(values),
        rounds=len(values),
        wrong=sum(sample.outcome.failed for sample in counted),
        cut=sum(sample.outcome.unfinished for sample in counted),
    )


def added(samples: Sequence[Sample], gateway: str, case: str, metric: Metric) -> float | None:
    """A gateway's number less the direct one of the same round, as the machine changes between rounds."""
    direct = {sample.round: metric(sample) for sample in samples if (sample.gateway, sample.case) == (DIRECT, case)}
    differences = [
        value - base
        for sample in samples
        if (sample.gateway, sample.case) == (gateway, case) and sample.round > 0
        if (value := metric(sample)) is not None and (base := direct.get(sample.round)) is not None
    ]
    return median(differences) if differences else None


def ratio(samples: Sequence[Sample], gateway: str, case: str, metric: Metric) -> float | None:
    """The gateway's median over the floor's."""
    return _times(_of(samples, gateway, case), _of(samples, FLOOR, case), metric)


def _times(samples: Iterable[Sample], others: Iterable[Sample], metric: Metric) -> float | None:
    ours, theirs = summarise(samples, metric), summarise(others, metric)
    return ours.median / theirs.median if ours and theirs and theirs.median else None


def _of(samples: Iterable[Sample], gateway: str, case: str) -> list[Sample]:
    return [sample for sample in samples if (sample.gateway, sample.case) == (gateway, case)]


# --- tables


@dataclass(frozen=True)
class Column:
    """`ratio` adds how many times the floor it is; `less_direct` takes off what the upstream alone needs."""

    title: str
    case: str
    metric: Metric
    digits: int = 0
    ratio: bool = False
    less_direct: bool = False


TABLES: dict[str, tuple[Column, ...]] = {
    "Plain answers": (
        Column("CPU µs / request, 1 KB", "plain-1k", cpu_us_per_request, ratio=True),
        Column("CPU µs / request, 100 KB", "plain-100k", cpu_us_per_request, ratio=True),
        Column("answers / s, 1 KB", "plain-1k", rps),
        Column("added p50 ms", "latency-1k", latency_p50_ms, digits=2, less_direct=True),
        Column("added p99 ms", "latency-1k", latency_p99_ms, digits=2, less_direct=True),
    ),
    "Streams": (
        Column("CPU µs / chunk, 20 unpaced", "stream", cpu_us_per_chunk, digits=1, ratio=True),
        Column("CPU µs / chunk, 100 paced", "streams-100", cpu_us_per_chunk, digits=1, ratio=True),
        Column("CPU µs / chunk, 1,000 paced", "streams-1000", cpu_us_per_chunk, digits=1, ratio=True),
        Column("first byte p50 ms, 100 paced", "streams-100", first_byte_ms, digits=1),
        Column("events / read, 100 paced", "streams-100", events_per_read, digits=1),
    ),
    "Memory": (
        Column("RSS MB, ready", "plain-1k", rss_idle_mb),
        Column("RSS MB, 1 KB load", "plain-1k", rss_peak_mb),
        Column("RSS MB, 100 streams", "streams-100", rss_peak_mb),
        Column("RSS MB, 1,000 streams", "streams-1000", rss_peak_mb),
        Column("KB / stream, 1,000", "streams-1000", kb_per_stream, ratio=True),
    ),
    "Translated (chat in front of Messages) and many streams": (
        Column("CPU µs / request, 1 KB", "translated-1k", cpu_us_per_request),
        Column("CPU µs / chunk", "translated-stream", cpu_us_per_chunk, digits=1),
        Column("RSS MB, 5,000 streams", "streams-5000", rss_peak_mb),
        Column("KB / stream, 5,000", "streams-5000", kb_per_stream),
        Column("CPU µs / chunk, 5,000", "streams-5000", cpu_us_per_chunk, digits=1),
    ),
}  # fmt: skip

LEGEND = (
    "Medians over the counted rounds; `×` is the ratio to nginx in the same run. `!` marks a cell with answers that "
    "failed, `…` one with streams that were cut off at the time limit, `–` what was not measured. Answers per second "
    "are bounded by the load generator and the upstream, which share one core: the row `direct` is that bound."
)


def cell(samples: Sequence[Sample], gateway: str, column: Column) -> str:
    summary = summarise(_of(samples, gateway, column.case), column.metric)
    if summary is None:
        return "–"
    value: float | None = summary.median
    if column.less_direct:
        value = added(samples, gateway, column.case, column.metric)
        if value is None:
            return "–"
    text = f"{value:,.{column.digits}f}"
    if column.ratio and (times := ratio(samples, gateway, column.case, column.metric)) is not None:
        text += f" (×{times:.1f})" if gateway != FLOOR else ""
    return text + ("!" if summary.wrong else "") + ("…" if summary.cut else "")


def table(samples: Sequence[Sample], titles: Mapping[str, str], columns: Sequence[Column]) -> str:
    """Gateways without a number in any column are left out of that table (not of the report: see `unmeasured`)."""
    rows = [("", *(column.title for column in columns))]
    for gateway, title in titles.items():
        cells = [cell(samples, gateway, column) for column in columns]
        if any(text != "–" for text in cells):
            rows.append((title, *cells))
    head, *body = (" | ".join(row) for row in rows)
    rule = " | ".join(["---", *["---:"] * len(columns)])
    return "\n".join(f"| {line} |" for line in (head, rule, *body))


_SPREAD_CASES: Mapping[str, tuple[Metric, str]] = {
    "plain-1k": (cpu_us_per_request, "µs / request"),
    "stream": (cpu_us_per_chunk, "µs / chunk"),
}


def spread(samples: Sequence[Sample], titles: Mapping[str, str]) -> str:
    """How far the rounds lay apart, so that nobody reads more into a median than is there."""
    rows = ["| | case | lowest | median | highest | rounds |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for case, (metric, unit) in _SPREAD_CASES.items():
        for gateway, title in titles.items():
            found = summarise(_of(samples, gateway, case), metric)
            if found is not None:
                numbers = f"{found.low:,.1f} | {found.median:,.1f} | {found.high:,.1f} | {found.rounds}"
                rows.append(f"| {title} | {case}, {unit} | {numbers} |")
    return "\n".join(rows)


DOOR_LEGEND = (
    "In brackets the lowest and the highest round. In this table `×` is the ratio to the chat row of the same gateway "
    "in the same run: what another door costs, not how gateways compare."
)

# What is measured of each way, and the digits that mean something.
_DOOR_COLUMNS: tuple[tuple[str, Callable[[Pair], str], Metric, int], ...] = (
    ("CPU µs / request, 1 KB", lambda pair: pair.plain, cpu_us_per_request, 0),
    ("CPU µs / chunk, 20 unpaced", lambda pair: pair.stream, cpu_us_per_chunk, 1),
    ("CPU µs / chunk, 100 paced", lambda pair: pair.paced, cpu_us_per_chunk, 1),
)


def doors(samples: Sequence[Sample], titles: Mapping[str, str]) -> str:
    """A row for each way and gateway: the median with the lowest and highest round, and the ratio to the same gateway's
    chat case in the same run."""
    head = ["callers → upstream", ""]
    for title, *_ in _DOOR_COLUMNS:
        head += [title, "of chat"]
    rows = [head, ["---", "---", *["---:"] * (len(head) - 2)]]
    for pair in PAIRS:
        for gateway, title in titles.items():
            cells: list[str] = []
            for _, case_of, metric, digits in _DOOR_COLUMNS:
                base = _of(samples, gateway, case_of(BASE))
                cells += _beside(_of(samples, gateway, case_of(pair)), base, metric, digits)
            if any(text != "–" for text in cells):
                rows.append([pair.title, title, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _beside(samples: Sequence[Sample], base: Sequence[Sample], metric: Metric, digits: int) -> tuple[str, str]:
    found, times = summarise(samples, metric), _times(samples, base, metric)
    if found is None:
        return "–", "–"
    value, low, high = (f"{number:,.{digits}f}" for number in (found.median, found.low, found.high))
    marks = ("!" if found.wrong else "") + ("…" if found.cut else "")
    return f"{value}{marks} ({low}–{high})", f"×{times:.2f}" if times else "–"


@dataclass(frozen=True)
class Facts:
    """What stands around the tables. `unmeasured` maps a gateway to the reason."""

    machine: Mapping[str, str]
    versions: Mapping[str, str]
    settings: Mapping[str, str]
    unmeasured: Mapping[str, str]
    titles: Mapping[str, str]


def markdown(samples: Sequence[Sample], facts: Facts) -> str:
    titles = {**facts.titles, DIRECT: "direct (no gateway)"}
    parts = ["# Benchmark"]
    parts.append("\n".join(f"- {name}: {value}" for name, value in facts.machine.items()))
    for title, columns in TABLES.items():
        if any(column.case == sample.case for column in columns for sample in samples if sample.round > 0):
            parts += [f"## {title}", table(samples, titles, columns)]
    if any(sample.case in _DOOR_NAMES for sample in samples):
        parts += ["## Doors", doors(samples, facts.titles), DOOR_LEGEND]
    parts.append(LEGEND)
    if any(sample.case in _SPREAD_CASES for sample in samples):
        parts += ["## Spread", spread(samples, titles)]
    parts.append("## Gateways")
    parts.append(
        "\n".join(
            f"- {facts.titles[name]} {version}: {facts.settings[name]}" for name, version in facts.versions.items()
        )
    )
    if facts.unmeasured:
        parts.append("## Not measured")
        parts.append("\n".join(f"- {facts.titles.get(name, name)}: {why}" for name, why in facts.unmeasured.items()))
    return "\n\n".join(parts) + "\n"
