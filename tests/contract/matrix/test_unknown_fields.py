"""A field of tomorrow travels to a provider of the same dialect, and is named as lost in front of any other."""

from tests.contract.conftest import CALLER_KEY, UPSTREAM_KEY
from tests.contract.matrix.conftest import Asker, Heard

TOMORROW = {"a_field_of_tomorrow": {"x": [1, 2.5, None]}}


def test_an_unknown_field_travels_or_is_named(asker: Asker, target: str, heard: Heard) -> None:
    answer = asker(f"{target}/sim-text", "hi", extra=TOMORROW)
    assert answer.text.startswith("Simulated answer")
    lost = answer.headers.get("x-openclaw-degraded", "")
    if target == asker.door.name:
        assert heard.body["a_field_of_tomorrow"] == TOMORROW["a_field_of_tomorrow"]
        assert "tomorrow" not in lost
    else:
        assert "a_field_of_tomorrow" not in heard.body
        assert "extra.a_field_of_tomorrow" in lost.split(", ")


def test_the_callers_key_stays_here(asker: Asker, target: str, heard: Heard) -> None:
    asker(f"{target}/sim-text", "hi")
    assert CALLER_KEY not in str(heard.headers)
    assert UPSTREAM_KEY in str(heard.headers)
