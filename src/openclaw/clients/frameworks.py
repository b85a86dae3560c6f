"""Python frameworks for agents and programs around models."""

from openclaw.clients.client import Client, Snippet

LANGCHAIN = Client(
    name="langchain",
    title="LangChain",
    speaks=("Chat Completions", "Responses", "Messages", "Gemini", "Embeddings"),
    mind="With an address of its own ChatOpenAI asks for no usage in streams: hence stream_usage=True. "
    "`use_responses_api=True` makes it speak Responses.",
    snippets=(
        Snippet(
            "With langchain-openai (Chat Completions)",
            "python",
            """\
import os

from langchain_openai import ChatOpenAI

llm = ChatOpenAI(
    model="«model»",
    base_url="«url»/v1",
    api_key=«key»,
    stream_usage=True,
)
print(llm.invoke("Hello").text)
""",
        ),
        Snippet(
            "With langchain-anthropic (Messages)",
            "python",
            """\
import os

from langchain_anthropic import ChatAnthropic

llm = ChatAnthropic(
    model="«model»",
    base_url="«url»",
    api_key=«key»,
)
print(llm.invoke("Hello").text)
""",
        ),
        Snippet(
            "With langchain-google-genai (Gemini)",
            "python",
            """\
import os

from langchain_google_genai import ChatGoogleGenerativeAI

llm = ChatGoogleGenerativeAI(
    model="«model»",
    base_url="«url»",
    api_key=«key»,
)
print(llm.invoke("Hello").text)
""",
        ),
    ),
)

LANGGRAPH = Client(
    name="langgraph",
    title="LangGraph",
    speaks=("Chat Completions", "Responses", "Messages", "Gemini"),
    mind="A graph takes any model of LangChain's: its section has the others.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph

llm = ChatOpenAI(
    model="«model»",
    base_url="«url»/v1",
    api_key=«key»,
    stream_usage=True,
)


def answer(state: MessagesState) -> MessagesState:
    return {"messages": [llm.invoke(state["messages"])]}


graph = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()
print(graph.invoke({"messages": [("user", "Hello")]})["messages"][-1].text)
""",
        ),
    ),
)

LLAMA_INDEX = Client(
    name="llama-index",
    title="LlamaIndex",
    aliases=("llamaindex",),
    speaks=("Chat Completions", "Embeddings"),
    mind="Take OpenAILike: the classes OpenAI and Anthropic refuse model names outside their own tables.",
    snippets=(
        Snippet(
            "With llama-index-llms-openai-like",
            "python",
            """\
import os

from llama_index.llms.openai_like import OpenAILike

llm = OpenAILike(
    model="«model»",
    api_base="«url»/v1",
    api_key=«key»,
    is_chat_model=True,
    is_function_calling_model=True,
    context_window=200_000,
)
print(llm.complete("Hello").text)
""",
        ),
    ),
)

PYDANTIC_AI = Client(
    name="pydantic-ai",
    title="Pydantic AI",
    aliases=("pydanticai",),
    speaks=("Chat Completions", "Responses", "Messages", "Gemini"),
    mind="It chooses features by the model's name; OpenAIResponsesModel speaks Responses with the same provider.",
    snippets=(
        Snippet(
            "OpenAIChatModel (Chat Completions)",
            "python",
            """\
import os

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

provider = OpenAIProvider(base_url="«url»/v1", api_key=«key»)
agent = Agent(OpenAIChatModel("«model»", provider=provider))
print(agent.run_sync("Hello").output)
""",
        ),
        Snippet(
            "AnthropicModel (Messages)",
            "python",
            """\
import os

from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

provider = AnthropicProvider(base_url="«url»", api_key=«key»)
agent = Agent(AnthropicModel("«model»", provider=provider))
print(agent.run_sync("Hello").output)
""",
        ),
        Snippet(
            "GoogleModel (Gemini)",
            "python",
            """\
import os

from pydantic_ai import Agent
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

provider = GoogleProvider(base_url="«url»", api_key=«key»)
agent = Agent(GoogleModel("«model»", provider=provider))
print(agent.run_sync("Hello").output)
""",
        ),
    ),
)

OPENAI_AGENTS = Client(
    name="openai-agents",
    title="OpenAI Agents SDK",
    aliases=("agents-sdk",),
    speaks=("Responses", "Chat Completions"),
    mind="Tracing goes to api.openai.com unless it is disabled. A model named by a string would have its `provider/` "
    "taken for one of the SDK's own: hence the model object. OpenAIChatCompletionsModel speaks Chat Completions.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

from agents import Agent, OpenAIResponsesModel, Runner, set_tracing_disabled
from openai import AsyncOpenAI

set_tracing_disabled(True)
client = AsyncOpenAI(base_url="«url»/v1", api_key=«key»)
model = OpenAIResponsesModel(model="«model»", openai_client=client)
agent = Agent(name="Assistant", model=model)
print(Runner.run_sync(agent, "Hello").final_output)
""",
        ),
    ),
)

DSPY = Client(
    name="dspy",
    title="DSPy",
    speaks=("Chat Completions", "Responses"),
    mind="It calls through LiteLLM: the first `openai/` says how it speaks and is taken off.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

import dspy

lm = dspy.LM(
    "openai/«model»",
    api_base="«url»/v1",
    api_key=«key»,
)
dspy.configure(lm=lm)
print(dspy.Predict("question -> answer")(question="Where is the Louvre?").answer)
""",
        ),
    ),
)

CREWAI = Client(
    name="crewai",
    title="CrewAI",
    aliases=("crew-ai",),
    speaks=("Chat Completions",),
    mind="The first `openai/` says how it speaks and is taken off.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

from crewai import LLM

llm = LLM(
    model="openai/«model»",
    base_url="«url»/v1",
    api_key=«key»,
)
print(llm.call("Hello"))
""",
        ),
    ),
)

AUTOGEN = Client(
    name="autogen",
    title="AutoGen",
    aliases=("autogen-ext",),
    speaks=("Chat Completions",),
    mind="For a name that it does not know it must be told what the model can do: `model_info`.",
    snippets=(
        Snippet(
            "With autogen-ext[openai]",
            "python",
            """\
import asyncio
import os

from autogen_core.models import ModelFamily, UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient

client = OpenAIChatCompletionClient(
    model="«model»",
    base_url="«url»/v1",
    api_key=«key»,
    model_info={
        "vision": True,
        "function_calling": True,
        "json_output": True,
        "structured_output": True,
        "family": ModelFamily.UNKNOWN,
    },
)
reply = asyncio.run(client.create([UserMessage(content="Hello", source="user")]))
print(reply.content)
""",
        ),
    ),
)

AG2 = Client(
    name="ag2",
    title="AG2",
    speaks=("Chat Completions", "Responses"),
    mind="This is AG2 1.x (`import ag2`); OpenAIResponsesConfig speaks Responses. In ag2-classic, `base_url` and "
    "`api_key` stand in llm_config.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import asyncio
import os

from ag2 import Agent
from ag2.config import OpenAIConfig

config = OpenAIConfig(
    model="«model»",
    base_url="«url»/v1",
    api_key=«key»,
)
agent = Agent("assistant", config=config)
reply = asyncio.run(agent.ask("Hello"))
print(reply.body)
""",
        ),
    ),
)

SMOLAGENTS = Client(
    name="smolagents",
    title="smolagents",
    speaks=("Chat Completions",),
    mind="Needs the extra: `pip install 'smolagents[openai]'`.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

from smolagents import OpenAIModel

model = OpenAIModel(
    model_id="«model»",
    api_base="«url»/v1",
    api_key=«key»,
)
print(model([{"role": "user", "content": "Hello"}]).content)
""",
        ),
    ),
)

CLIENTS = (
    LANGCHAIN,
    LANGGRAPH,
    LLAMA_INDEX,
    PYDANTIC_AI,
    OPENAI_AGENTS,
    DSPY,
    CREWAI,
    AUTOGEN,
    AG2,
    SMOLAGENTS,
)
