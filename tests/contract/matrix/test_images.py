"""A picture reaches the provider with its bytes and the words beside it."""

import base64
import json
import re

from tests.contract.matrix.conftest import Asker, Heard

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def test_an_image_reaches_the_provider(asker: Asker, target: str, heard: Heard) -> None:
    answer = asker(f"{target}/sim-text", asker.door.user("What is this?", png=PNG))
    assert answer.text.startswith("Simulated answer")
    sent = json.dumps(heard.conversation)
    assert "What is this?" in sent
    found = re.search(r"iVBORw0KGgo[\w+/=-]+", sent)
    assert found is not None
    assert base64.b64decode(found[0].replace("-", "+").replace("_", "/")) == base64.b64decode(PNG)


def test_an_image_stays_in_the_conversation(asker: Asker, target: str, heard: Heard) -> None:
    user = asker.door.user
    history = user("What is this?", png=PNG)
    history += [*asker(f"{target}/sim-text", history).turn, *user("Are you sure?")]
    asker(f"{target}/sim-text", history)
    assert "iVBORw0KGgo" in json.dumps(heard.conversation)
    assert heard.said().endswith("Are you sure?")
