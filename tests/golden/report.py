"""What the recorded traffic shows, as Markdown for docs/reference/dialects.md.

    python -m tests.golden.report             how many exchanges keep each law, by dialect and provider
    python -m tests.golden.report --losses    what requests lose on their way to another dialect

The first runs the golden tests and counts inside their laws, so it cannot disagree with them.
"""

import argparse
import contextlib
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from unittest import mock

import msgspec
import pytest

from openclaw.calls import Part
from openclaw.dialects.codec import InvalidRequest
from tests.golden import suite
from tests.golden.test_across import CODECS, decoded, recorded
from tests.golden.wire import WIRE, Exchange

HERE = Path(__file__).parent

# In the order in which a reader meets them; what follows a slash in a cell is how many exchanges the law speaks of.
LAWS = {
    "request": "decode and encode give the same document",
    "reply": "the same for a plain answer, which says what the recording says",
    "facts": "the vectors, counts and model of an answer, read beside the codec",
    "stream": "any cut of the bytes gives the same events, which say what the recording says",
    "final": "a stream that is written again ends with the recorded response",
    "unfold": "a plain answer that is streamed says the same",
    "relay": "a stream that passes keeps its bytes and tells its usage",
    "error": "an error answer has its class",
    "failed": "an error inside a stream has its class",
}


class Cell(msgspec.Struct):
    exchanges: int = 0
    passes: int = 0
    named: int = 0

    def __str__(self) -> str:
        if not self.exchanges:
            return ""
        text = f"{self.passes}/{self.exchanges}"
        return f"{text}, {self.named} named" if self.named else text


Cells = dict[tuple[str, str, str], Cell]
"""Dialect, provider and law to its counts."""

CheckLaw = Callable[..., Counter[str]]


def counting(check_law: CheckLaw, cells: Cells) -> CheckLaw:
    """`suite.check_law`, which also counts what it was asked."""

    def check(
        dialect: str,
        law: str,
        cases: Iterable[Exchange],
        keeps: Callable[[Exchange], None],
        exceptions: Mapping[tuple[str, str], str] = {},
    ) -> Counter[str]:
        def counted(exchange: Exchange) -> None:
            cell = cells.setdefault((dialect, exchange.provider, law), Cell())
            cell.exchanges += 1
            named = (law, exchange.id) in exceptions
            cell.named += named
            keeps(exchange)
            cell.passes += not named

        return check_law(dialect, law, cases, counted, exceptions)

    return check


def law_tables(cells: Cells) -> Iterator[str]:
    for dialect in sorted({dialect for dialect, _, _ in cells}):
        ours = {(provider, law): cell for (d, provider, law), cell in cells.items() if d == dialect}
        laws = [law for law in LAWS if any(law == found for _, found in ours)]
        yield f"\n### {dialect}\n"
        yield f"| provider | {' | '.join(laws)} |"
        yield f"| --- |{' ---: |' * len(laws)}"
        for provider in sorted({provider for provider, _ in ours}):
            row = [str(ours.get((provider, law), "")) for law in laws]
            yield f"| {provider} | {' | '.join(row)} |"
        totals = [_total(cell for (_, found), cell in ours.items() if found == law) for law in laws]
        yield f"| **all** | {' | '.join(map(str, totals))} |"


def _total(cells: Iterable[Cell]) -> Cell:
    total = Cell()
    for cell in cells:
        total.exchanges += cell.exchanges
        total.passes += cell.passes
        total.named += cell.named
    return total


# --- losses ---------------------------------------------------------------------------------------------------


_PART_KINDS = frozenset(str(part.__struct_config__.tag) for part in get_args(Part))
_NAME = re.compile(r"\[([^\]]+)\]")
_NUMBER = re.compile(r"\b\d+\b")


def _sort(name: str) -> str:
    """Names differ by tool, number and vendor's field or part; the sort of loss is what a reader wants to know."""
    if name.startswith("extra."):
        return "extra.…"
    return _NUMBER.sub("N", _NAME.sub(lambda kind: kind[0] if kind[1] in _PART_KINDS else "[…]", name))


def losses(source: str, target: str) -> tuple[int, int, int, Counter[str]]:
    """Requests, requests that lose something, requests refused, and in how many requests each name stands."""
    requests = losing = refused = 0
    names: Counter[str] = Counter()
    for exchange in recorded(source):
        call = decoded(source, exchange)
        if call is None:
            continue
        requests += 1
        try:
            degraded = CODECS[target].encode_request(call).degraded
        except InvalidRequest:
            refused += 1
            continue
        losing += bool(degraded)
        names.update({_sort(name) for name in degraded})
    return requests, losing, refused, names


def loss_tables() -> Iterator[str]:
    for source in CODECS:
        targets = [target for target in CODECS if target != source]
        found = {target: losses(source, target) for target in targets}
        yield f"\n### From {source}\n"
        yield f"| {found[targets[0]][0]} recorded requests | {' | '.join(f'to {target}' for target in targets)} |"
        yield f"| --- |{' ---: |' * len(targets)}"
        yield f"| **lose something** | {' | '.join(str(found[target][1]) for target in targets)} |"
        yield f"| **refused aloud** | {' | '.join(str(found[target][2]) for target in targets)} |"
        total: Counter[str] = Counter()
        for _, _, _, names in found.values():
            total.update(names)
        for name, _ in sorted(total.items(), key=lambda item: (-item[1], item[0])):
            yield f"| `{name}` | {' | '.join(str(found[target][3][name] or '') for target in targets)} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.golden.report", description=__doc__)
    parser.add_argument("--losses", action="store_true", help="what requests lose on their way to another dialect")
    options = parser.parse_args()
    if not WIRE.is_dir():
        print(f"no recorded traffic at {WIRE}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    day = datetime.now(UTC).date().isoformat()
    if options.losses:
        lines, command, status = list(loss_tables()), "python -m tests.golden.report --losses", 0
    else:
        cells: Cells = {}
        with mock.patch.object(suite, "check_law", counting(suite.check_law, cells)):
            files = map(str, sorted(HERE.glob("test_*_wire.py")))
            with contextlib.redirect_stdout(sys.stderr):  # the report alone goes to stdout
                status = int(pytest.main(["-q", "--no-header", *files]))
        lines, command = list(law_tables(cells)), "python -m tests.golden.report"
    print(f"{day}, `{command}`:\n" + "\n".join(lines))  # noqa: T201 - a command
    return status


if __name__ == "__main__":
    sys.exit(main())
