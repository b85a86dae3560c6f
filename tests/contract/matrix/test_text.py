"""A text comes back whole, plain and streamed, with its usage."""

import pytest

from tests.contract.matrix.conftest import Asker, Heard


@pytest.mark.parametrize("stream", [False, True])
def test_a_text_has_an_end_and_its_usage(asker: Asker, target: str, *, stream: bool) -> None:
    answer = asker(f"{target}/sim-text", "Say hello", stream=stream)
    assert answer.text.startswith("Simulated answer:")
    assert answer.finish == "stop"
    assert (answer.calls, answer.thought) == ((), "")
    assert answer.input_tokens > 0
    assert answer.output_tokens > 0


def test_a_stream_says_what_the_plain_answer_says(asker: Asker, target: str) -> None:
    plain = asker(f"{target}/sim-text", "Say hello")
    streamed = asker(f"{target}/sim-text", "Say hello", stream=True)
    assert streamed.text == plain.text
    assert (streamed.input_tokens, streamed.output_tokens) == (plain.input_tokens, plain.output_tokens)


def test_a_provider_that_does_not_stream_is_streamed_for(asker: Asker, target: str) -> None:
    answer = asker(f"{target}/sim-plain", "Say hello", stream=True)
    assert answer.text == asker(f"{target}/sim-plain", "Say hello").text
    assert answer.finish == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_answer_says_so(asker: Asker, target: str, *, stream: bool) -> None:
    assert asker(f"{target}/sim-length", "Say hello", stream=stream).finish == "length"


@pytest.mark.parametrize("text", ["żółć 🦞 \u2028 \\u0000 </script>", "a\r\nb\n\n: data: x\n"])
@pytest.mark.parametrize("stream", [False, True])
def test_every_character_comes_back(asker: Asker, target: str, text: str, *, stream: bool) -> None:
    assert asker(f"{target}/sim-echo", text, stream=stream).text == text


def test_a_conversation_goes_on(asker: Asker, target: str) -> None:
    user = asker.door.user
    first = asker(f"{target}/sim-text", "one")
    history = [*user("one"), *first.turn, *user("two")]
    assert asker(f"{target}/sim-echo", history).text == "two"
    assert asker(f"{target}/sim-text", history).input_tokens > first.input_tokens


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_hears_its_own_words_again_as_it_said_them(
    asker: Asker, target: str, heard: Heard, *, stream: bool
) -> None:
    user = asker.door.user
    first = asker(f"{target}/sim-text", "one", stream=stream)
    asker(f"{target}/sim-text", [*user("one"), *first.turn, *user("two")], stream=stream)
    assert heard.said() == f"one{first.text}two"
