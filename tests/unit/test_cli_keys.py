"""`openclaw keys` on a store: what it prints, what it refuses, and what the other commands see of a key."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from openclaw.cli.main import main

TEXT = re.compile(r"^sk-oc-[\w-]{43}$", re.MULTILINE)
CONFIG = "discover: []\nstore: {path: store.sqlite3}\nkeys: [{name: declared, key: sk-declared}]\n"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("openclaw.yaml").write_text(CONFIG)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What the command prints; where it fails, its reason."""
    capsys.readouterr()
    assert main(["keys", *arguments]) == status
    out, err = capsys.readouterr()
    assert (out if status else err) == ""
    return err if status else out


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(said(capsys, *arguments, "--json"))


FULL = ("--organization", "acme", "--team", "research", "--user", "ada", "--tag", "a", "--tag", "b", "--model", "fast")


def test_a_key_is_printed_once_and_kept_with_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "create", "ci", *FULL, "--budget-usd", "0.5", "--window", "5h", "--expires", "30d")
    (text,) = TEXT.findall(out)
    key = told(capsys, "show", "ci")
    assert text.startswith(key["prefix"])
    assert text not in said(capsys, "show", "ci") + said(capsys, "list") + json.dumps(told(capsys, "list"))
    wanted = {"organization": "acme", "team": "research", "user": "ada", "tags": ["a", "b"], "models": ["fast"]}
    assert {name: key[name] for name in wanted} == wanted
    (budget,) = key["budgets"]
    assert (budget["cost_usd"], budget["window"]) == (0.5, "5h")
    assert key["expires_at"] == pytest.approx(time.time() + 30 * 86_400, abs=60)


def test_the_list_is_read_at_a_hundred_columns(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "create", "ci", "--team", "research", "--budget-usd", "5", "--window", "day")
    assert all(len(line) <= 100 for line in said(capsys, "list").splitlines())
    assert "$5.00 a day" in said(capsys, "list")


def test_only_active_keys_are_listed_unless_all_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "list", "--all") == "no key was made yet\n"
    said(capsys, "create", "ended", "--expires", "0s")
    said(capsys, "create", "ci")
    said(capsys, "revoke", "ci")
    assert said(capsys, "list") == "no key is active; --all lists the others\n"
    states = {key["name"]: key["state"] for key in told(capsys, "list", "--all")["keys"]}
    assert states == {"ended": "expired", "ci": "revoked"}


def test_a_key_is_rotated_and_revoked_by_its_id_or_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    first = told(capsys, "create", "ci")
    second = told(capsys, "rotate", "ci", "--grace", "1d")
    third = told(capsys, "rotate", first["id"])
    assert len({first["key"], second["key"], third["key"]}) == 3
    assert said(capsys, "revoke", first["id"]).startswith(f"ci ({first['id']}) is revoked")
    assert told(capsys, "revoke", "ci")["state"] == "revoked"
    assert "for good" in said(capsys, "rotate", "ci", status=1)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("create", "ci"), "a key 'ci' exists"),
        (("create", "declared"), "the configuration has a key 'declared'"),
        (("create", "a/b"), "name: a name is printable, without spaces around it and without '/' and '#'"),
        (("create", "x" * 101), "Expected `str` of length <= 100"),
        (("create", "x", "--window", "day"), "give both"),
        (("create", "x", "--budget-usd", "1", "--window", "moon"), "the key cannot be made"),
        (("create", "x", "--tag", ""), "the key cannot be made"),
        (("show", "nobody"), "no key 'nobody' is known"),
        (("rotate", "nobody"), "no key 'nobody' is known"),
        (("revoke", "declared"), "no key 'declared' is known"),
    ],
)
def test_what_cannot_be_done_is_said(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    said(capsys, "create", "ci")
    assert reason in said(capsys, *arguments, status=1)
    assert len(told(capsys, "list", "--all")["keys"]) == 1


@pytest.mark.parametrize(
    "arguments", [("create", "x", "--budget-usd", "nan"), ("rotate", "x", "--grace", "91d"), ("create",), ()]
)
def test_wrong_usage_ends_with_2(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["keys", *arguments])
    assert ended.value.code == 2


def test_a_keys_own_account_can_be_extended(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "create", "ci", "--budget-usd", "5")
    assert main(["budget", "extend", "key:ci#own:budget.cost_nanousd", "2"]) == 0
    assert "$7.00 in all, $7.00 left" in capsys.readouterr().out
