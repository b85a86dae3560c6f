"""A provider's error raises the class that each official client has for it, before a stream and in one."""

import pytest

from tests.contract.conftest import UPSTREAM_KEY, RunningGateway
from tests.contract.matrix.conftest import Asker
from tests.contract.matrix.doors import NOTHING, drain

STATUSES = (400, 401, 403, 404, 413, 429, 500, 503)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("stream", [False, True])
def test_a_providers_error_raises_the_clients_own_class(
    asker: Asker, target: str, status: int, *, stream: bool
) -> None:
    with pytest.raises(asker.door.errors[status]) as caught:
        asker(f"{target}/sim-error-{status}", "hi", stream=stream)
    overloaded = {503, 529} if asker.door.name == "messages" else {503}  # 529 is Anthropic's own status for it
    response = caught.value.response  # type: ignore[attr-defined]
    assert response.status_code in (overloaded if status == 503 else {status})
    assert UPSTREAM_KEY not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize("stream", [False, True])
def test_retry_after_reaches_the_caller(asker: Asker, target: str, *, stream: bool) -> None:
    with pytest.raises(asker.door.errors[429]) as caught:
        asker(f"{target}/sim-retry-7", "hi", stream=stream)
    assert asker.door.retry_after(caught.value) == "7"


@pytest.mark.parametrize("fault", ["fail-3", "cut-3", "unended"])
def test_a_stream_that_breaks_gives_its_words_and_then_fails(asker: Asker, target: str, fault: str) -> None:
    chunks, error = drain(asker.open(f"{target}/sim-{fault}", "hi"))
    message = asker.door.failure(chunks, error)
    said = "".join(asker.door.text_of(chunk) for chunk in chunks)
    whole = asker(f"{target}/sim-{fault}", "hi").text
    assert said == (whole if fault == "unended" else whole[:24])
    assert message
    assert UPSTREAM_KEY not in message


def test_the_gateways_own_refusals_raise_them_too(gateway: RunningGateway, asker: Asker) -> None:
    door = asker.door
    with pytest.raises(door.errors[404]):
        asker("no-such-model-at-all", "hi")
    with pytest.raises(door.errors[413]) as caught:
        asker("fast", "x" * 300_000)
    assert caught.value.response.status_code == 413  # type: ignore[attr-defined]
    stranger = door.client(gateway.url, "wrong")
    with pytest.raises(door.errors[401]):
        door.ask(stranger, "fast", door.user("hi"), NOTHING)
    door.close(stranger)
    limited = door.client(gateway.url, "sk-limited")
    with pytest.raises(door.errors[403]):
        door.ask(limited, "chat/sim-text", door.user("hi"), NOTHING)
    door.close(limited)
