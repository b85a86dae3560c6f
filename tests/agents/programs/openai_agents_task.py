"""OpenAI Agents SDK: two tools in parallel, then a structured answer. https://openai.github.io/openai-agents-python"""

import asyncio

from openai import AsyncOpenAI
from pydantic import BaseModel
from settings import ASKED, DOOR, KEY, URL, VARIANTS, model_name, tell

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)

called: list[str] = []


class Report(BaseModel):
    city: str
    celsius: int
    time: str


@function_tool
def weather(city: str) -> int:
    """The temperature in a city, in degrees Celsius."""
    called.append(f"weather {city}")
    return 7


@function_tool
def clock(city: str) -> str:
    """The time in a city."""
    called.append(f"clock {city}")
    return "12:30"


async def run(client: AsyncOpenAI, output: str, stream: bool) -> None:
    called.clear()
    kind = OpenAIChatCompletionsModel if DOOR == "chat" else OpenAIResponsesModel
    agent = Agent(
        name="reporter",
        instructions="Report on the city.",
        tools=[weather, clock],
        output_type=Report,
        model=kind(model=model_name(output), openai_client=client),
        model_settings=ModelSettings(include_usage=True),
    )
    if stream:
        result = Runner.run_streamed(agent, ASKED)
        async for _ in result.stream_events():
            pass
    else:
        result = await Runner.run(agent, ASKED)
    tell(output, stream, result.final_output.model_dump(), called, result.context_wrapper.usage.input_tokens)


async def main() -> None:
    set_tracing_disabled(True)
    client = AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY)
    for output, stream in VARIANTS:
        await run(client, output, stream)


asyncio.run(main())
