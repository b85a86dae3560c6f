"""Instructor: two tools in parallel, and a structured answer, whole or in pieces. https://python.useinstructor.com"""

from collections.abc import Iterable
from typing import Any

import instructor
from anthropic import Anthropic
from google import genai
from openai import OpenAI
from pydantic import BaseModel
from settings import ASKED, DOOR, KEY, URL, VARIANTS, model_name, tell

MESSAGES: Any = [{"role": "user", "content": ASKED}]
BOUNDS = {"max_tokens": 500} if DOOR == "messages" else {}


class Weather(BaseModel):
    """Ask for the temperature in a city."""

    city: str


class Clock(BaseModel):
    """Ask for the time in a city."""

    city: str


class Report(BaseModel):
    """What is known of a city."""

    city: str
    celsius: int
    time: str


def client(kind: str) -> Any:
    """Its modes by door; it has none for parallel calls at Google."""
    modes = instructor.Mode
    match DOOR:
        case "chat":
            mode = {"tool": modes.TOOLS, "schema": modes.JSON_SCHEMA, "parallel": modes.PARALLEL_TOOLS}[kind]
            return instructor.from_openai(OpenAI(base_url=f"{URL}/v1", api_key=KEY), mode=mode)
        case "messages":
            named = {"tool": modes.ANTHROPIC_TOOLS, "schema": modes.ANTHROPIC_JSON}
            mode = {**named, "parallel": modes.ANTHROPIC_PARALLEL_TOOLS}[kind]
            return instructor.from_anthropic(Anthropic(base_url=URL, api_key=KEY), mode=mode)
        case _:
            mode = {"tool": modes.GENAI_TOOLS, "schema": modes.GENAI_STRUCTURED_OUTPUTS}[kind]
            return instructor.from_genai(genai.Client(api_key=KEY, http_options={"base_url": URL}), mode=mode)


def parallel_calls() -> list[str]:
    if DOOR == "gemini":
        return []
    calls = client("parallel").chat.completions.create(
        model=model_name("parallel"), messages=MESSAGES, response_model=Iterable[Weather | Clock], **BOUNDS
    )
    return [f"{type(call).__name__.lower()} {call.city}" for call in calls]


def run(output: str, stream: bool) -> None:
    asked = {"model": model_name(output), "messages": MESSAGES, "response_model": Report, **BOUNDS}
    completions = client(output).chat.completions
    report = list(completions.create_partial(**asked))[-1] if stream else completions.create(**asked)
    tell(output, stream, report.model_dump(), parallel_calls(), None)


for variant in VARIANTS:
    run(*variant)
