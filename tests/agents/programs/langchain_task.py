"""LangChain and LangGraph: two tools in parallel, then a structured answer. https://docs.langchain.com/oss/python"""

from typing import Any

from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from settings import ASKED, DOOR, KEY, URL, VARIANTS, model_name, tell

called: list[str] = []


class Report(BaseModel):
    """What is known of a city."""

    city: str
    celsius: int
    time: str


@tool
def weather(city: str) -> int:
    """The temperature in a city, in degrees Celsius."""
    called.append(f"weather {city}")
    return 7


@tool
def clock(city: str) -> str:
    """The time in a city."""
    called.append(f"clock {city}")
    return "12:30"


def model(name: str, stream: bool) -> BaseChatModel:
    common: dict[str, Any] = {"model": name, "streaming": stream}
    match DOOR:
        case "chat":
            return ChatOpenAI(base_url=f"{URL}/v1", api_key=KEY, stream_usage=True, **common)
        case "responses":
            return ChatOpenAI(base_url=f"{URL}/v1", api_key=KEY, use_responses_api=True, **common)
        case "messages":
            return ChatAnthropic(base_url=URL, api_key=KEY, **common)
        case _:
            return ChatGoogleGenerativeAI(base_url=URL, google_api_key=KEY, **common)


def run(output: str, stream: bool) -> None:
    called.clear()
    strategy: Any = ProviderStrategy(Report) if output == "schema" else ToolStrategy(Report)
    agent = create_agent(model(model_name(output), stream), [weather, clock], response_format=strategy)
    asked = {"messages": [{"role": "user", "content": ASKED}]}
    if stream:
        state: Any = {}
        for mode, update in agent.stream(asked, stream_mode=["messages", "values"]):
            state = update if mode == "values" else state
    else:
        state = agent.invoke(asked)
    first = next(message for message in state["messages"] if message.type == "ai")
    tell(output, stream, state["structured_response"].model_dump(), called, first.usage_metadata["input_tokens"])


for variant in VARIANTS:
    run(*variant)
