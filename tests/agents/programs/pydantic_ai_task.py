"""Pydantic AI: two tools in parallel, then a structured answer. https://pydantic.dev/docs/ai/models"""

import asyncio

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider
from settings import ASKED, DOOR, KEY, URL, VARIANTS, model_name, tell


class Report(BaseModel):
    city: str
    celsius: int
    time: str


def model(name: str) -> Model:
    match DOOR:
        case "chat":
            return OpenAIChatModel(name, provider=OpenAIProvider(base_url=f"{URL}/v1", api_key=KEY))
        case "responses":
            return OpenAIResponsesModel(name, provider=OpenAIProvider(base_url=f"{URL}/v1", api_key=KEY))
        case "messages":
            return AnthropicModel(name, provider=AnthropicProvider(base_url=URL, api_key=KEY))
        case _:
            return GoogleModel(name, provider=GoogleProvider(base_url=URL, api_key=KEY))


async def run(output: str, stream: bool) -> None:
    output_type = NativeOutput(Report) if output == "schema" else ToolOutput(Report)
    agent = Agent(model(model_name(output)), output_type=output_type, instructions="Report on the city.")
    called: list[str] = []

    @agent.tool_plain
    def weather(city: str) -> int:
        """The temperature in a city, in degrees Celsius."""
        called.append(f"weather {city}")
        return 7

    @agent.tool_plain
    def clock(city: str) -> str:
        """The time in a city."""
        called.append(f"clock {city}")
        return "12:30"

    if stream:
        async with agent.run_stream(ASKED) as result:
            report, usage = await result.get_output(), result.usage
    else:
        result = await agent.run(ASKED)
        report, usage = result.output, result.usage
    tell(output, stream, report.model_dump(), called, usage.input_tokens)


async def main() -> None:
    for output, stream in VARIANTS:
        await run(output, stream)


asyncio.run(main())
