"""What a test tells a program, and what a program tells the test. Runs in the client's environment."""

import json
import os
from typing import Any

URL, KEY, DOOR = os.environ["GATEWAY_URL"], os.environ["GATEWAY_KEY"], os.environ["GATEWAY_DOOR"]
ASKED = "How is Oslo?"
VARIANTS = [(output, stream) for output in os.environ["GATEWAY_OUTPUTS"].split() for stream in (False, True)]
"""Whether the structured answer is a `tool`'s arguments or fits a `schema`, and whether it is streamed."""


def model_name(output: str) -> str:
    """Scripts of the simulation go by model, so each kind of output has its own."""
    return os.environ["GATEWAY_MODEL"].format(output=output)


def tell(output: str, stream: bool, report: dict[str, Any], called: list[str], input_tokens: int | None) -> None:
    seen = {"output": output, "stream": stream, "report": report, "called": sorted(called)}
    print(json.dumps({**seen, "input_tokens": input_tokens}))
