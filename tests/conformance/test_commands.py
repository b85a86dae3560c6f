"""Seeing and steering spending from the command line, on either database, without a server."""

import asyncio
import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openclaw.budget.ledger import Ask, Entry, LedgerUnavailable
from openclaw.budget.limits import Account, Limits
from openclaw.cli.main import main
from openclaw.config.budgets import limits_of
from openclaw.config.load import load
from openclaw.config.open_store import Store, open_store
from openclaw.store.books import StoredBooks
from openclaw.store.journal import FileJournal
from tests.conformance.conftest import Connect, Server
from tests.conformance.world import NOW_S, account, entry

DAY_S = 86_400
CONFIG = """
providers: {openai: {api_key: "${env:NOT_IN_THIS_SHELL}"}}
budgets:
  - {name: task, scope: run, cost_usd: 2.0, requests: 200, concurrency: 5}
  - {name: daily, scope: key, window: day, cost_usd: 20.0}
"""


class Desk:
    """A store with a configuration for it, and what a command prints."""

    def __init__(self, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
        self.store = store
        self._limits = Limits(limits_of(load(Path("openclaw.yaml"), {}).config.budgets))
        self._capsys = capsys

    def attempt(self, identity: str, run: str | None = None, parent: str | None = None, **fields: Any) -> Entry:
        """One of key `ada` that cost 1,500,000 nano-dollars, a second ago, with what it draws."""
        fields = {"cost_nanousd": 1_500_000, "key": "ada", "time_s": NOW_S - 1, **fields}
        fields = {"input_tokens": 1000, "output_tokens": 50, **fields}
        runs = [name for name in (run, parent) if name is not None]
        keys = [] if fields["key"] is None else [fields["key"]]
        amounts = {"cost_nanousd": fields["cost_nanousd"] or 0, "requests": 1}
        accounts = self._limits.accounts({"run": runs, "key": keys})
        draws = [(account, amounts.get(account.limit.metric, 0)) for account in accounts]
        target = {"request_model": "fast", "provider_name": "openai", "response_model": "gpt-5-mini"}
        return entry(identity, *draws, **{"run": run, "parent_run": parent, "tool_calls": 2, **target, **fields})

    def book(self, *entries: Entry) -> None:
        asyncio.run(self.store.ledger.settle("n", entries, NOW_S))

    def says(self, *arguments: str) -> str:
        assert main(arguments) == 0, self._capsys.readouterr().err
        return self._capsys.readouterr().out

    def lines(self, *arguments: str) -> list[str]:
        return self.says(*arguments).splitlines()

    def json(self, *arguments: str) -> Any:
        return json.loads(self.says(*arguments, "--json"))

    def refuses(self, *arguments: str) -> str:
        assert main(arguments) == 1
        captured = self._capsys.readouterr()
        assert captured.out == ""
        return captured.err

    def usage(self, *arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        return self._capsys.readouterr().err


@pytest.fixture
def desk(
    connect: Connect, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(time, "time", lambda: NOW_S)
    connect()
    declared = {"path": str(tmp_path / "store.sqlite3")}
    if request.node.callspec.params["connect"] == "postgres":
        server: Server = request.getfixturevalue("server")
        declared = {"url": server.url()}
    Path("openclaw.yaml").write_text(CONFIG + f"store: {json.dumps(declared)}\n")
    store = open_store(load(Path("openclaw.yaml"), {}).config.store, {"XDG_STATE_HOME": str(tmp_path)}, "openclaw.yaml")
    yield Desk(store, capsys)
    store.close()


# --- ps


def book_a_tree(desk: Desk) -> None:
    desk.book(
        desk.attempt("c1/1", "ada/top", time_s=NOW_S - 600),
        desk.attempt("c2/1", "ada/top", time_s=NOW_S - 300),
        desk.attempt("c3/1", "ada/part", "ada/top", time_s=NOW_S - 5, cost_nanousd=None),
        desk.attempt("c4/1", "ada/other", "ada/nobody", time_s=NOW_S - 1800),
        desk.attempt("c5/1", "bob/long", time_s=NOW_S - 7200, key="bob"),
    )


def test_ps_shows_the_runs_of_the_last_hour_as_a_tree(desk: Desk) -> None:
    """A run is running where a part of it is; a parent without calls of its own stands above its parts."""
    book_a_tree(desk)
    assert desk.lines("ps") == [
        "RUN          STATE    STEPS  TOOLS  TOKENS      COST          LEFT  LAST",
        "ada/top      running      2      4   2,100  $0.0030   197 requests    5m",
        "  ada/part   running      1      2   1,050  unknown*  199 requests    5s",
        "ada/nobody   idle         0      0       0  $0.0000   199 requests   30m",
        "  ada/other  idle         1      2   1,050  $0.0015   199 requests   30m",
        "",
        "* without 1 attempt whose price is not known",
    ]


def test_ps_looks_further_back_and_at_one_key(desk: Desk) -> None:
    book_a_tree(desk)
    assert [line.split()[0] for line in desk.lines("ps", "--since", "3h", "--key", "bob")[1:]] == ["bob/long"]
    assert len(desk.json("ps", "--all")["runs"]) == 5
    assert desk.lines("ps", "--since", "2s") == ["no run has had a call since 2023-11-14 22:13:18 UTC"]


def test_ps_as_json_has_the_exact_amounts_and_the_tightest_budget(desk: Desk) -> None:
    book_a_tree(desk)
    top = desk.json("ps")["runs"][0]
    assert top == {
        "run": "ada/top", "parent_run": None, "key": "ada", "started_s": NOW_S - 600, "last_s": NOW_S - 300,
        "steps": 2, "tool_calls": 4, "input_tokens": 2000, "output_tokens": 100, "cost_nanousd": 3_000_000,
        "unpriced_steps": 0, "stopped": False, "state": "running", "under_way": 0,
        "left": {
            "account": "run:ada/top#task.requests", "metric": "requests",
            "amount": 200, "spent": 3, "lent": 0, "left": 197,
        },
    }  # fmt: skip


def test_ps_shows_calls_that_have_not_ended(desk: Desk) -> None:
    desk.book(desk.attempt("c1/1", "ada/slow", time_s=NOW_S - 1000))
    assert desk.store.journal_folder is not None
    journal = FileJournal(desk.store.journal_folder, "n")
    ended = desk.attempt("c2/1", "ada/slow")
    for begun in (ended, desk.attempt("c3/1", "ada/slow"), desk.attempt("c4/1", "ada/new", step="plan")):
        journal.reserved(begun)
    journal.settled(ended)
    assert [(run["run"], run["state"], run["under_way"], run["steps"]) for run in desk.json("ps")["runs"]] == [
        ("ada/new", "running", 1, 0),
        ("ada/slow", "running", 1, 1),
    ]
    assert "  running (1)  " in desk.lines("ps")[1]
    assert desk.lines("ps", "ada/slow")[-1].split() == [
        *("2023-11-14", "22:13:19", "c3/1", "openai/gpt-5-mini", "under", "way", "-", "-", "-", "-")
    ]
    journal.close()
    assert [run["state"] for run in desk.json("ps")["runs"]] == ["idle"], "a dead process has no call under way"


def test_ps_of_one_run_shows_its_attempts_in_order(desk: Desk) -> None:
    desk.book(
        desk.attempt("c1/1", "ada/r1", state="voided", cost_nanousd=0, error_type="overloaded", time_s=NOW_S - 61),
        desk.attempt("c1/2", "ada/r1", cost_nanousd=250, duration_ms=1234.5, step="plan", time_s=NOW_S - 60),
        desk.attempt("c2/1", "ada/r2"),
    )
    assert desk.lines("ps", "ada/r1") == [
        "run ada/r1: idle",
        "first call 2023-11-14 22:12:19, last 2023-11-14 22:12:20 UTC",
        "1 step, 4 tool calls, 2,000 input tokens, 100 output tokens",
        "cost $0.00000025",
        "task: $1.99999975 left of $2.00",
        "task: 198 requests left of 200",
        "task: 5 concurrency left of 5",
        "",
        "TIME (UTC)           ATTEMPT  MODEL              STATE                  IN  OUT         COST     MS  STEP",
        "2023-11-14 22:12:19  c1/1     openai/gpt-5-mini  voided: overloaded  1,000   50  $0.00000000      0",
        "2023-11-14 22:12:20  c1/2     openai/gpt-5-mini  settled             1,000   50  $0.00000025  1,234  plan",
    ]
    found = desk.json("ps", "ada/r1")
    assert [attempt["id"] for attempt in found["attempts"]] == ["c1/1", "c1/2"]
    assert found["run"]["cost_nanousd"] == 250


def test_a_run_is_found_by_a_beginning_that_only_it_has(desk: Desk) -> None:
    desk.book(*(desk.attempt(f"c{n}/1", run) for n, run in enumerate(["ada/aa", "ada/ab", "ada/b", "ada/bb"])))
    desk.book(desk.attempt("c9/1", "/anonymous", key=None))
    assert desk.lines("ps", "ada/aa")[0] == "run ada/aa: running"
    assert desk.lines("ps", "ada/bb")[0] == "run ada/bb: running"
    assert desk.lines("ps", "ada/b")[0] == "run ada/b: running", "its whole name is enough"
    assert desk.lines("ps", "anon…")[0] == "run anonymous: running"
    assert desk.refuses("ps", "ada/a") == "several runs begin with 'ada/a': ada/aa, ada/ab\n"
    assert desk.refuses("ps", "eve").startswith("no run 'eve' is known;")
    assert "RUN is one already" in desk.usage("ps", "ada/b", "--key", "ada")


# --- spend


def book_a_week(desk: Desk) -> None:
    desk.book(
        desk.attempt("c1/1", "ada/r", team="red", tags=("ci", "night"), cache_read_input_tokens=900),
        desk.attempt("c2/1", "bob/r", key="bob", team="red", cost_nanousd=2_000_000_000, time_s=NOW_S - DAY_S),
        desk.attempt("c3/1", "bob/r", key="bob", state="estimated", cost_nanousd=5, tags=("ci",)),
        desk.attempt("c4/1", "eve/r", key="eve", cost_nanousd=None),
        desk.attempt("c5/1", "ada/r", time_s=NOW_S - 8 * DAY_S),
    )


def test_spend_says_who_spent_what_and_hides_nothing(desk: Desk) -> None:
    book_a_week(desk)
    assert desk.lines("spend") == [
        "KEY    REQUESTS  INPUT  CACHED  OUTPUT          COST  UNPRICED  ESTIMATED",
        "bob           2  2,000       0     100  $2.000000005         0          1",
        "ada           1  1,000     900      50  $0.001500000         0          0",
        "eve           1  1,000       0      50       unknown         1          0",
        "total         4  4,000     900     200  $2.001500005         1          1",
        "",
        "unpriced: the cost is without 1 attempt whose price is not known",
        "estimated: 1 attempt ended without the provider's usage",
    ]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("team", {"red", None}),
        ("organization", {None}),
        ("user", {None}),
        ("tag", {"ci", "night", None}),
        ("model", {"gpt-5-mini"}),
        ("provider", {"openai"}),
        ("route", {"fast"}),
        ("run", {"ada/r", "bob/r", "eve/r"}),
    ],
)
def test_spend_goes_by_any_scope_and_its_total_counts_each_call_once(
    desk: Desk, by: str, names: set[str | None]
) -> None:
    book_a_week(desk)
    found = desk.json("spend", "--by", by)
    assert {row["scope_id"] for row in found["rows"]} == names
    assert (found["total"]["requests"], found["total"]["cost_nanousd"]) == (4, 2_001_500_005)
    assert desk.lines("spend", "--by", by)[-4].split()[:2] == ["total", "4"]


def test_spend_can_be_narrowed_and_divided(desk: Desk) -> None:
    book_a_week(desk)
    found = desk.json("spend", "--only", "team=red", "--only", "key=bob", "--since", "2023-11-13", "--until", "1h")
    assert [(row["scope_id"], row["cost_nanousd"]) for row in found["rows"]] == [("bob", 2_000_000_000)]
    assert found["since_s"] == 1_699_833_600
    days = desk.lines("spend", "--by", "team", "--per", "day", "--since", "10d")
    assert [line.split()[:2] for line in days[1:6]] == [
        ["2023-11-06", "(none)"],
        ["2023-11-13", "red"],
        ["2023-11-14", "red"],
        ["2023-11-14", "(none)"],
        ["total", "5"],
    ]
    assert desk.lines("spend", "--only", "key=nobody") == [
        "nothing was spent from 2023-11-07 22:13:20 to 2023-11-14 22:13:20 UTC"
    ]


def test_spend_as_csv_is_exact_and_harmless_in_a_spreadsheet(desk: Desk) -> None:
    desk.book(desk.attempt("c1/1", "ada/r", team="=1+1"))
    (row,) = csv.DictReader(io.StringIO(desk.says("spend", "--by", "team", "--csv")))
    assert (row["team"], row["cost_nanousd"], row["period_s"]) == ("'=1+1", "1500000", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--by", "planet"), ("--since", "yesterday"), ("--only", "team"), ("--only", "planet=x"),
        ("--only", "team=a", "--only", "team=b"), ("--json", "--csv"),
    ],
)  # fmt: skip
def test_spend_refuses_what_it_cannot_mean(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert "usage: openclaw spend" in desk.usage("spend", *arguments)


# --- budget


def test_budget_lists_every_account_that_has_spending_or_leases(desk: Desk) -> None:
    desk.book(desk.attempt("c1/1", "ada/r"))
    asyncio.run(desk.store.books.extend("run:ada/gone#old.tokens", 7))
    assert desk.lines("budget") == [
        "ACCOUNT                      AMOUNT    SPENT   LENT      LEFT  RESETS IN",
        "key:ada#daily.cost_nanousd   $20.00  $0.0015  $0.00  $19.9985     1h 46m",
        "run:ada/gone#old.tokens           -        0      0         -          -",
        "run:ada/r#task.cost_nanousd   $2.00  $0.0015  $0.00   $1.9985      never",
        "run:ada/r#task.requests         200        1      0       199      never",
        "",
        "-: the configuration has no such limit; `caller` is what callers set with x-openclaw-budget-usd",
    ]
    assert desk.lines("budget", "list") == desk.lines("budget")
    assert len(desk.lines("budget", "--scope", "key")) == len(desk.lines("budget", "list", "--scope", "key")) == 2


def test_budget_as_json_says_what_is_lent_and_when_it_resets(desk: Desk) -> None:
    asyncio.run(_lend(desk))
    assert desk.json("budget", "--scope", "key") == {
        "accounts": [
            {
                "account": "key:ada#daily.cost_nanousd", "scope": "key", "scope_id": "ada", "limit": "daily",
                "metric": "cost_nanousd", "amount": 20 * 10**9, "extended": 0, "spent": 0, "lent": 25 * 10**8,
                "left": 175 * 10**8, "window": "day", "resets_s": 6400.0,
            }
        ]
    }  # fmt: skip


async def _lend(desk: Desk) -> None:
    await desk.store.ledger.join("n", NOW_S, NOW_S + 10)
    (account,) = Limits(limits_of(load(Path("openclaw.yaml"), {}).config.budgets)).accounts({"key": ("ada",)})
    (grant,) = await desk.store.ledger.lease("n", [Ask(account, 10**6)], NOW_S)
    assert grant.amount == 25 * 10**8


def test_a_budget_that_a_key_has_of_its_own_is_an_account_like_others(desk: Desk) -> None:
    desk.says("keys", "create", "ci", "--budget-usd", "5")
    asyncio.run(_spend_own(desk))
    (row,) = [row for row in desk.json("budget")["accounts"] if row["scope_id"] == "ci"]
    assert (row["amount"], row["spent"], row["left"]) == (5 * 10**9, 7, 5 * 10**9 - 7)
    assert desk.says("budget", "extend", row["account"], "1").endswith(": $6.00 in all, $5.999999993 left\n")


async def _spend_own(desk: Desk) -> None:
    (key,) = await desk.store.keys.keys()
    (limit,) = key.limits
    await desk.store.ledger.settle("n", [entry("c1/1", (Account(limit, "ci", limit.amount), 7))], NOW_S)


def test_budget_extends_an_account_and_takes_it_back(desk: Desk) -> None:
    desk.book(desk.attempt("c1/1", "ada/r"))
    account = "run:ada/r#task.cost_nanousd"
    assert desk.says("budget", "extend", account, "0.5") == f"{account}: $2.50 in all, $2.4985 left\n"
    assert desk.says("budget", "extend", "ada/r", "$1") == f"{account}: $3.50 in all, $3.4985 left\n"
    assert desk.says("budget", "extend", "ada/r", "-1.25") == f"{account}: $2.25 in all, $2.2485 left\n"
    assert desk.refuses("budget", "extend", "ada/r", "-1") == (
        f"{account} was extended by $0.25: no more than that can be taken back\n"
    )
    assert desk.says("budget", "extend", "run:…task.requests", "40").endswith("requests: 240 in all, 239 left\n")
    assert desk.json("budget")["accounts"][1]["extended"] == 250_000_000


def test_budget_extends_nothing_that_is_not_clear(desk: Desk) -> None:
    caller = account("ada/r", name="caller", scope="run")
    desk.book(desk.attempt("c1/1", "ada/r"), entry("c2/1", (caller, 5), run="ada/own"), entry("c3/1", run="ada/free"))
    asyncio.run(desk.store.books.extend("run:ada/r#caller.cost_nanousd", 1))
    assert "has several limits in dollars: name one of run:ada/r#caller.cost_nanousd, run:ada/r#task" in desk.refuses(
        "budget", "extend", "ada/r", "1"
    )
    assert desk.says("budget", "extend", "run:ada/r#caller.cost_nanousd", "1").endswith(
        "$1.000000001 more than its own limit\n"
    )
    assert desk.refuses("budget", "extend", "key:ada#nothing.cost_nanousd", "1").startswith("no account 'key:ada#n")
    assert desk.refuses("budget", "extend", "nobody", "1").startswith("no run 'nobody' is known")
    assert "no whole number of requests" in desk.refuses("budget", "extend", "run:ada/r#task.requests", "0.5")
    assert "no whole number of billionths" in desk.refuses("budget", "extend", "key:ada#daily.cost_nanousd", "1e-10")
    for amount in ("0", "much", "nan", "1e99"):
        assert "is no amount" in desk.usage("budget", "extend", "ada/r", amount)


def test_a_run_without_a_limit_in_dollars_has_none_to_extend(desk: Desk) -> None:
    Path("openclaw.yaml").write_text(Path("openclaw.yaml").read_text().replace("cost_usd: 2.0, ", ""))
    desk.book(entry("c1/1", run="ada/r"))
    assert "run 'ada/r' has no limit in dollars" in desk.refuses("budget", "extend", "ada/r", "1")


# --- stop and resume


def stopped(desk: Desk) -> set[str]:
    return set(asyncio.run(desk.store.books.stopped_runs()))


def test_a_run_is_stopped_with_all_under_it_and_goes_on(desk: Desk) -> None:
    desk.book(
        desk.attempt("c1/1", "ada/top"),
        desk.attempt("c2/1", "ada/part", "ada/top"),
        desk.attempt("c3/1", "ada/deep", "ada/part"),
        desk.attempt("c4/1", "ada/else"),
    )
    assert desk.says("stop", "ada/top").startswith("ada/top is stopped, with all runs under it")
    assert stopped(desk) == {"ada/top", "ada/part", "ada/deep"}
    assert [run["state"] for run in desk.json("ps")["runs"]] == ["running", "stopped", "stopped", "stopped"]
    assert desk.says("resume", "ada/part") == "ada/part stays stopped as long as a run above it is\n"
    assert desk.says("resume", "ada/top") == "ada/top may go on\n"
    assert stopped(desk) == set()


def test_a_parent_that_made_no_call_itself_can_be_stopped(desk: Desk) -> None:
    desk.book(desk.attempt("c1/1", "ada/part", "ada/top", time_s=NOW_S - 5))
    desk.says("stop", "ada/top")
    assert stopped(desk) == {"ada/top", "ada/part"}
    desk.book(desk.attempt("c2/1", "ada/late", "ada/part"), desk.attempt("c3/1", "ada/top"))
    assert stopped(desk) == {"ada/top", "ada/part", "ada/late"}, "what is booked later changes nothing"
    desk.says("resume", "ada/top")
    assert stopped(desk) == set()


def test_runs_in_a_circle_can_be_stopped_and_shown(desk: Desk) -> None:
    """Two processes may each believe their caller."""
    desk.book(desk.attempt("c1/1", "ada/a", "ada/b"), desk.attempt("c2/1", "ada/b", "ada/a"))
    desk.says("stop", "ada/a")
    assert stopped(desk) == {"ada/a", "ada/b"}
    assert {run["run"] for run in desk.json("ps")["runs"]} == {"ada/a", "ada/b"}
    assert desk.refuses("stop", "nobody").startswith("no run 'nobody' is known")


# --- export


def test_export_is_every_entry_of_a_time(desk: Desk, tmp_path: Path) -> None:
    entries = [desk.attempt(f"c{n}/1", "ada/r", tags=("a", "b"), time_s=NOW_S - 10 + n) for n in range(5)]
    desk.book(*entries)
    assert desk.says("export", "--format", "jsonl", "-o", "all.jsonl") == ""
    lines = Path("all.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Entry) for line in lines] == entries
    desk.says("export", "--format", "csv", "--since", "9s", "--until", "7s", "-o", "some.csv")
    rows = list(csv.DictReader(Path("some.csv").read_text().splitlines()))
    assert [row["id"] for row in rows] == ["c1/1", "c2/1"]
    assert (rows[0]["tags"], rows[0]["cost_nanousd"], rows[0]["team"]) == ('["a","b"]', "1500000", "")
    assert list(rows[0]) == list(Entry.__struct_fields__)
    assert {path.name for path in tmp_path.glob("*.part")} == set()


def test_export_to_stdout_is_the_same_as_to_a_file(desk: Desk) -> None:
    desk.book(desk.attempt("c1/1", "ada/r", step="=x"))
    assert main(["export", "--format", "csv", "-o", "all.csv"]) == 0
    text = desk.says("export", "--format", "csv")
    assert text == Path("all.csv").read_text()
    assert ",'=x," in text


def test_export_overwrites_no_file_unless_told(desk: Desk) -> None:
    desk.book(desk.attempt("c1/1", "ada/r"))
    Path("all.csv").write_text("mine")
    assert desk.refuses("export", "--format", "csv", "-o", "all.csv") == "all.csv: cannot be written: File exists\n"
    assert Path("all.csv").read_text() == "mine"
    desk.says("export", "--format", "csv", "-o", "all.csv", "--force")
    assert Path("all.csv").read_text().startswith("id,")
    assert "No such file or directory" in desk.refuses("export", "--format", "csv", "-o", "no/all.csv")
    assert desk.refuses("export", "--format", "csv", "--until", "2d", "--since", "1d") == "--until is before --since\n"


def test_parquet_has_types_and_every_entry(desk: Desk) -> None:
    parquet: Any = pytest.importorskip("pyarrow.parquet", reason="NOT TESTED: pyarrow is not installed")
    entries = [desk.attempt(f"c{n:05}/1", "ada/r", cost_nanousd=n or None, tags=("a",)) for n in range(10_050)]
    desk.book(*entries)
    desk.says("export", "--format", "parquet", "-o", "all.parquet")
    found = parquet.read_table("all.parquet")
    assert found.column_names == list(Entry.__struct_fields__)
    assert str(found.schema.field("cost_nanousd").type) == "int64"
    assert found["id"].to_pylist() == [each.id for each in entries]
    assert found["cost_nanousd"].to_pylist() == [each.cost_nanousd for each in entries]
    assert found["tags"][0].as_py() == '["a"]'
    assert "name it with -o" in desk.refuses("export", "--format", "parquet")


def test_parquet_without_its_library_says_what_to_install(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openclaw.cli.export.find_spec", lambda _: None)
    assert desk.refuses("export", "--format", "parquet", "-o", "x") == (
        "Parquet needs the library 'pyarrow': install openclaw-gateway[parquet]\n"
    )


# --- store


def test_store_prune_deletes_what_is_older(desk: Desk) -> None:
    desk.book(desk.attempt("c1/1", "ada/old", time_s=NOW_S - 91 * DAY_S), desk.attempt("c2/1", "ada/new"))
    assert desk.says("store", "prune", "--older-than", "90d") == (
        "deleted 1 attempt from before 2023-08-16 22:13:20 UTC, and the runs that ended before then\n"
    )
    assert [run["run"] for run in desk.json("ps", "--all")["runs"]] == ["ada/new"]
    assert "is no duration" in desk.usage("store", "prune", "--older-than", "90")
    assert "required: --older-than" in desk.usage("store", "prune")


def test_store_vacuum_says_what_it_gave_back(desk: Desk) -> None:
    said = desk.says("store", "vacuum")
    assert "MiB before" in said or said == "a PostgreSQL server does this by itself (autovacuum)\n"


# --- the configuration


def test_a_store_that_is_not_there_is_not_made(desk: Desk) -> None:
    Path("other.yaml").write_text("store: {path: mistyped.sqlite3}")
    assert desk.refuses("ps", "-c", "other.yaml").startswith(
        "other.yaml: store.path: there is no store at mistyped.sqlite3: no gateway has run"
    )
    assert not Path("mistyped.sqlite3").exists()
    Path("other.yaml").write_text("store: {path: ':memory:'}")
    assert "a store in memory ends with the gateway's process" in desk.refuses("spend", "-c", "other.yaml")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("stor: {path: x}", "other.yaml:1:1: stor: unknown key"),
        ("store: {path: 5, days: 1}", "other.yaml:1:18: store.days: unknown key"),
        ("budgets: [{name: a, scope: run}]", "other.yaml:1:11: budgets[0]: it bounds nothing"),
        ("a: [", "other.yaml:1:"),
    ],
)
def test_what_is_wrong_in_the_parts_that_are_read_is_said_at_its_place(desk: Desk, text: str, place: str) -> None:
    """What is wrong with a provider, as in the file of these tests, is no reason not to look."""
    Path("other.yaml").write_text(text)
    assert desk.refuses("budget", "-c", "other.yaml").startswith(place)


def test_a_store_that_does_not_answer_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*arguments: Any, **options: Any) -> Any:
        raise LedgerUnavailable("the server cannot be used")

    monkeypatch.setattr(StoredBooks, "runs", fail)
    assert desk.refuses("ps") == "the store cannot be used: the server cannot be used\n"
