"""Vectors with the clients that have a call for them, in front of a target of every form."""

import openai
import pytest
from google.genai.errors import ClientError

from tests.contract.conftest import CALLER_KEY, RunningGateway
from tests.contract.matrix.doors import DOORS, Client

TARGETS = ("openai", "gemini", "ollama", "cohere")
TEXTS = ["one", "two", "three"]


@pytest.mark.parametrize("target", TARGETS)
def test_two_clients_get_the_same_vectors_in_order(clients: dict[str, Client], target: str) -> None:
    asked = clients["chat"].embeddings.create(model=f"{target}/sim-embed", input=TEXTS, encoding_format="float")
    vectors = [item.embedding for item in asked.data]
    assert [item.index for item in asked.data] == [0, 1, 2]
    assert len({tuple(vector) for vector in vectors}) == 3
    google = clients["gemini"].models.embed_content(model=f"{target}/sim-embed", contents=TEXTS)
    for vector, embedding in zip(vectors, google.embeddings, strict=True):
        assert embedding.values == pytest.approx(vector, abs=1e-6)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("size", [4, 16])
def test_a_vector_has_the_size_that_was_asked_for(clients: dict[str, Client], target: str, size: int) -> None:
    if target == "ollama":
        size = 8  # has no such field in the version that is simulated
    asked = clients["chat"].embeddings.create(model=f"{target}/sim-embed", input="one", dimensions=size)
    assert len(asked.data[0].embedding) == size


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_errors_raise_the_clients_own_class(clients: dict[str, Client], target: str, status: int) -> None:
    for name in ("chat", "gemini"):
        with pytest.raises(DOORS[name].errors[status]):
            if name == "chat":
                clients[name].embeddings.create(model=f"{target}/sim-error-{status}", input="one")
            else:
                clients[name].models.embed_content(model=f"{target}/sim-error-{status}", contents="one")


@pytest.mark.parametrize("target", ["messages", "converse"])
def test_a_provider_without_vectors_is_refused(clients: dict[str, Client], target: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        clients["chat"].embeddings.create(model=f"{target}/sim-embed", input="one")
    assert caught.value.code == "unsupported_operation"
    with pytest.raises(ClientError):
        clients["gemini"].models.embed_content(model=f"{target}/sim-embed", contents="one")


async def test_async_clients_get_them_too(gateway: RunningGateway) -> None:
    client = DOORS["chat"].async_client(gateway.url, CALLER_KEY)
    for target in TARGETS:
        asked = await client.embeddings.create(model=f"{target}/sim-embed", input=TEXTS)
        assert len(asked.data) == 3
    await DOORS["chat"].aclose(client)
    client = DOORS["gemini"].async_client(gateway.url, CALLER_KEY)
    for target in TARGETS:
        embedded = await client.models.embed_content(model=f"{target}/sim-embed", contents=TEXTS)
        assert len(embedded.embeddings) == 3
    await DOORS["gemini"].aclose(client)
