"""What the commands print for people: exact, aligned, and harmless."""

import argparse
import csv
import io
import time

import pytest

from openclaw.budget.accounts import account_of
from openclaw.budget.limits import Account, Limit, Limits
from openclaw.cli.tables import Column, csv_text, dollar_cells, dollars, duration, several, table
from openclaw.cli.times import moment, span

COLUMNS = (Column("RUN", cut="end"), Column("COST", right=True), Column("STEP"))


@pytest.mark.parametrize(
    ("nanousd", "text"),
    [
        (0, "$0.00"),
        (1, "$0.000000001"),
        (1_500_000_000, "$1.50"),
        (1_234_567_890_120_000_000, "$1,234,567,890.12"),
        (-2_000_000_000, "-$2.00"),
        (-1, "-$0.000000001"),
    ],
)
def test_dollars_are_exact(nanousd: int, text: str) -> None:
    assert dollars(nanousd) == text


def test_a_column_of_dollars_has_its_points_under_one_another() -> None:
    assert dollar_cells([1_000, 2_000_000_000, None, 10_500_000_000]) == [
        "$0.000001",
        "$2.000000",
        "unknown",
        "$10.500000",
    ]
    assert dollar_cells([]) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (-5, "0s"), (59.4, "59s"), (60, "1m"), (100, "1m 40s"), (3600, "1h"), (3661, "1h 1m"),
        (86_400, "1d"), (90_000, "1d 1h"), (86_405, "1d"),
    ],
)  # fmt: skip
def test_a_duration_is_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_one_is_one() -> None:
    assert (several(1, "attempt"), several(1000, "attempt"), several(0, "entry", "entries")) == (
        "1 attempt",
        "1,000 attempts",
        "0 entries",
    )


def test_a_table_is_aligned_and_has_nothing_at_the_ends_of_lines() -> None:
    assert table(COLUMNS, [("a", "$1", ""), ("longer", "$10.00", "plan")]).split("\n") == [
        "RUN       COST  STEP",
        "a           $1",
        "longer  $10.00  plan",
    ]


def test_a_name_gives_way_to_a_narrow_terminal_and_can_still_be_found() -> None:
    name = "team-a/0123456789abcdef0123456789"
    lines = table(COLUMNS, [(name, "$1.00", "plan")], width=40).split("\n")
    assert lines[1] == "team-a/0123456789abcdef012…  $1.00  plan"
    assert max(map(len, lines)) <= 40
    assert name.startswith(lines[1].split("…")[0])
    account = (Column("ACCOUNT", cut="middle"),)
    assert table(account, [("run:team-a/0123456789#task.requests",)], width=20).split("\n")[1] == "run:team-a….requests"


def test_a_terminal_obeys_no_name() -> None:
    assert table(COLUMNS[:1], [("a\x1b[31m\nb\u202e",)]).split("\n") == ["RUN", "a\ufffd[31m\ufffdb\ufffd"]


def test_a_spreadsheet_obeys_no_name() -> None:
    texts = ["=1", "+1", "-1", "@x", "\tx", "x=1"]
    rows = list(csv.reader(io.StringIO(csv_text(("a", "b"), [(text, -1) for text in texts]))))
    assert rows == [["a", "b"], *([text if text == "x=1" else f"'{text}", "-1"] for text in texts)]


def test_times_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.0)
    assert moment("2h") == 1_700_000_000 - 7200
    assert moment("2023-11-14") == 1_699_920_000
    assert moment("2023-11-14T22:13:20") == moment("2023-11-14T23:13:20+01:00") == 1_700_000_000
    assert (span("90d"), span("2w")) == (90 * 86_400, 14 * 86_400)
    for wrong in ("", "7", "d", "7y", "-7d", "7d ", "2023-13-01", "99999999d"):
        with pytest.raises(argparse.ArgumentTypeError):
            moment(wrong)


def limit(name: str, scope: str = "run", **fields: object) -> Limit:
    return Limit(name=name, scope=scope, metric="requests", amount=5, **fields)  # type: ignore[arg-type]


def test_an_account_is_found_by_its_id() -> None:
    limits = Limits([limit("a"), limit("b", allowance=2), limit("a", "key", only=frozenset({"me"})), limit("x#a")])
    for known in limits.all:
        account = Account(known, "me", known.amount + known.allowance)
        assert account_of(limits, account.id) == account
    for unknown in ("run:me#c.requests", "run:me#a.tokens", "key:you#a.requests", "team:me#a.requests", "", "run:"):
        assert account_of(limits, unknown) is None
    found = account_of(limits, "run:k/r#1#a.requests")
    assert found is not None
    assert found.scope_id == "k/r#1", "a run's name may hold anything"
