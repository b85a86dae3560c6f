"""An answer that must fit a JSON Schema does, and the schema reaches the provider."""

import json

import pytest

from tests.contract.matrix.conftest import Asker, Heard

PLACE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "population": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "population", "tags"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_fits_its_schema(asker: Asker, target: str, heard: Heard, *, stream: bool) -> None:
    answer = asker(f"{target}/sim-text", "Which place?", schema=PLACE, stream=stream)
    assert json.loads(answer.text) == {"name": "example", "population": 1, "tags": ["example"]}
    assert answer.finish == "stop"
    assert '"population"' in json.dumps(heard.body).replace('\\"', '"')  # Bedrock has the schema as text
