"""Every door with its client, in front of a target of every dialect. A test body is written once for all of them."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, TypeAlias

import pytest

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, DIALECTS, RunningGateway
from tests.contract.matrix.doors import DOORS, Answer, Client, Door, History, Wants

Until: TypeAlias = Callable[[Callable[[], bool]], bool]


class Asker:
    """One door and its client: `asker("chat/sim-text", history)` asks."""

    def __init__(self, door: Door, client: Client) -> None:
        self.door = door
        self.client = client

    def __call__(self, model: str, history: History | str, *, stream: bool = False, **wants: Any) -> Answer:
        asked = self.door.user(history) if isinstance(history, str) else history
        return self.door.ask(self.client, model, asked, Wants(**wants), stream=stream)

    def open(self, model: str, text: str) -> Any:
        """The client's stream, of which nothing is read yet."""
        return self.door.stream(self.client)(**self.door.request(model, self.door.user(text), Wants()))


class Heard:
    """What the provider was asked last."""

    def __init__(self, sim: SimServer) -> None:
        self._sim = sim

    @property
    def request(self) -> Any:
        """The request itself: another object means another request."""
        return self._sim.app.requests[-1] if self._sim.app.requests else None

    @property
    def body(self) -> Any:
        return self.request.body

    @property
    def conversation(self) -> Any:
        """The turns, in the words of the provider's dialect."""
        return next(self.body[key] for key in ("messages", "contents", "input") if key in self.body)

    @property
    def headers(self) -> Mapping[str, str]:
        headers: Mapping[str, str] = self.request.headers
        return headers

    def said(self) -> str:
        """All texts of the conversation, one behind the other; every dialect has them in fields of these names."""
        return "".join(_texts(self.conversation))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _texts(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str) and key in ("text", "content", "output"):
                yield value
            yield from _texts(value)


@pytest.fixture
def heard(sim: SimServer) -> Heard:
    return Heard(sim)


@pytest.fixture(scope="session")
def clients(gateway: RunningGateway) -> Iterator[dict[str, Client]]:
    """Making a client costs more than a call, so each is made once."""
    with ExitStack() as stack:
        made = {name: door.client(gateway.url, CALLER_KEY) for name, door in DOORS.items()}
        for name, client in made.items():
            stack.callback(DOORS[name].close, client)
        yield made


@pytest.fixture(params=DOORS)
def asker(request: pytest.FixtureRequest, clients: dict[str, Client]) -> Asker:
    return Asker(DOORS[request.param], clients[request.param])


@pytest.fixture(params=DIALECTS)
def target(request: pytest.FixtureRequest) -> str:
    """The name of a provider, which is that of its dialect."""
    return str(request.param)


@pytest.fixture
def until() -> Until:
    """Waits for another thread's state; the deadline of 5 s only bounds a failure."""
    tick = threading.Event()
    return lambda condition: any(condition() or tick.wait(0.005) for _ in range(1000))
