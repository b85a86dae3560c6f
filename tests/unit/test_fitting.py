"""A call as a model can take it."""

from msgspec import UNSET

from openclaw.calls import Call, ReasoningControl
from openclaw.catalog.profile import ModelProfile
from openclaw.routing.fitting import fitted

CALL = Call(
    dialect="gemini", model="m", messages=(), temperature=1.0, top_p=0.9, reasoning=ReasoningControl(effort="high")
)


def test_controls_that_a_model_does_not_have_are_left_out_and_listed() -> None:
    profile = ModelProfile(provider="p", id="m", reasoning=False, temperature=False)
    call, lost = fitted(CALL, profile, bounded=False)
    assert (call.reasoning, call.temperature, call.top_p) == (None, UNSET, UNSET)
    assert [word.partition(":")[0] for word in lost] == ["reasoning", "temperature", "top_p"]


def test_what_is_not_known_is_left_to_the_provider() -> None:
    assert fitted(CALL, None, bounded=True) == (CALL, ())
    assert fitted(CALL, ModelProfile(provider="p", id="m"), bounded=True) == (CALL, ())


def test_a_required_bound_is_all_that_the_model_has() -> None:
    profile = ModelProfile(provider="p", id="m", output_tokens_max=64_000)
    call, lost = fitted(CALL, profile, bounded=True)
    assert call.max_output_tokens == 64_000
    assert lost == ("max_output_tokens: set to 64000",)
    assert fitted(CALL, profile, bounded=False)[0].max_output_tokens is UNSET
