"""Libraries that call models and leave the rest to your code: the model makers' own, and those that wrap them."""

from openclaw.clients.client import Client, Snippet

OPENAI_PYTHON = Client(
    name="openai-python",
    title="OpenAI for Python",
    aliases=("openai", "openai-py"),
    speaks=("Chat Completions", "Responses", "Embeddings"),
    mind="It reads OPENAI_BASE_URL and OPENAI_API_KEY where the arguments are left out.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

from openai import OpenAI

client = OpenAI(base_url="«url»/v1", api_key=«key»)
reply = client.chat.completions.create(
    model="«model»",
    messages=[{"role": "user", "content": "Hello"}],
)
print(reply.choices[0].message.content)
""",
        ),
        Snippet(
            "Or in its environment, with no change to the code",
            "sh",
            """\
export OPENAI_BASE_URL=«url»/v1
export OPENAI_API_KEY=«key»
""",
        ),
    ),
)

OPENAI_NODE = Client(
    name="openai-node",
    title="OpenAI for Node",
    aliases=("openai-js", "openai-typescript"),
    speaks=("Chat Completions", "Responses", "Embeddings"),
    mind="It reads OPENAI_BASE_URL and OPENAI_API_KEY where the options are left out.",
    snippets=(
        Snippet(
            "In TypeScript or JavaScript",
            "ts",
            """\
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "«url»/v1", apiKey: «key» });
const reply = await client.chat.completions.create({
  model: "«model»",
  messages: [{ role: "user", content: "Hello" }],
});
console.log(reply.choices[0].message.content);
""",
        ),
    ),
)

ANTHROPIC_PYTHON = Client(
    name="anthropic-python",
    title="Anthropic for Python",
    aliases=("anthropic",),
    speaks=("Messages",),
    mind="The address has no /v1: the library adds it. It reads ANTHROPIC_BASE_URL where the argument is left out.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

from anthropic import Anthropic

client = Anthropic(base_url="«url»", api_key=«key»)
reply = client.messages.create(
    model="«model»",
    max_tokens=1024,
    messages=[{"role": "user", "content": "Hello"}],
)
print(reply.content[0].text)
""",
        ),
    ),
)

GOOGLE_GENAI = Client(
    name="google-genai",
    title="Google Gen AI for Python",
    aliases=("genai", "gemini"),
    speaks=("Gemini",),
    mind="The address has no version: 3.x adds /v1, 2.x adds /v1beta, and the gateway serves both.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

from google import genai

client = genai.Client(api_key=«key», http_options={"base_url": "«url»"})
reply = client.models.generate_content(model="«model»", contents="Hello")
print(reply.text)
""",
        ),
        Snippet(
            "Or in its environment, with no change to the code",
            "sh",
            """\
export GOOGLE_GEMINI_BASE_URL=«url»
export GEMINI_API_KEY=«key»
""",
        ),
    ),
)

VERCEL_AI = Client(
    name="vercel-ai",
    title="Vercel AI SDK",
    aliases=("ai-sdk", "vercel", "ai"),
    speaks=("Chat Completions", "Responses", "Messages", "Gemini", "Embeddings"),
    mind="@ai-sdk/openai speaks Responses unless you call `.chat(...)`. Here the other two want their version in the "
    "address: createAnthropic /v1, createGoogleGenerativeAI /v1beta; the latter takes a name with a slash for a path, "
    "hence `models/` before it.",
    snippets=(
        Snippet(
            "With @ai-sdk/openai-compatible (Chat Completions)",
            "ts",
            """\
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText } from "ai";

const openclaw = createOpenAICompatible({
  name: "openclaw",
  baseURL: "«url»/v1",
  apiKey: «key»,
  includeUsage: true,
});
const { text } = await generateText({ model: openclaw("«model»"), prompt: "Hello" });
console.log(text);
""",
        ),
        Snippet(
            "With @ai-sdk/openai (Responses)",
            "ts",
            """\
import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";

const openclaw = createOpenAI({ baseURL: "«url»/v1", apiKey: «key» });
const { text } = await generateText({ model: openclaw("«model»"), prompt: "Hello" });
console.log(text);
""",
        ),
        Snippet(
            "With @ai-sdk/anthropic (Messages)",
            "ts",
            """\
import { createAnthropic } from "@ai-sdk/anthropic";
import { generateText } from "ai";

const openclaw = createAnthropic({ baseURL: "«url»/v1", apiKey: «key» });
const { text } = await generateText({ model: openclaw("«model»"), prompt: "Hello" });
console.log(text);
""",
        ),
        Snippet(
            "With @ai-sdk/google (Gemini)",
            "ts",
            """\
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { generateText } from "ai";

const openclaw = createGoogleGenerativeAI({ baseURL: "«url»/v1beta", apiKey: «key» });
const { text } = await generateText({ model: openclaw("models/«model»"), prompt: "Hello" });
console.log(text);
""",
        ),
    ),
)

LITELLM = Client(
    name="litellm",
    title="LiteLLM SDK",
    speaks=("Chat Completions", "Responses", "Messages", "Embeddings"),
    mind="Its first prefix says how it speaks and is taken off: `litellm_proxy/` is Chat Completions with the name "
    "left whole.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

import litellm

reply = litellm.completion(
    model="litellm_proxy/«model»",
    api_base="«url»/v1",
    api_key=«key»,
    messages=[{"role": "user", "content": "Hello"}],
)
print(reply.choices[0].message.content)
""",
        ),
    ),
)

INSTRUCTOR = Client(
    name="instructor",
    title="Instructor",
    speaks=("Chat Completions", "Messages", "Gemini"),
    mind="It wraps the client of a library: point that one at the gateway as in its own section.",
    snippets=(
        Snippet(
            "In Python",
            "python",
            """\
import os

import instructor
from openai import OpenAI
from pydantic import BaseModel


class City(BaseModel):
    name: str
    country: str


openai = OpenAI(base_url="«url»/v1", api_key=«key»)
client = instructor.from_openai(openai)
city = client.chat.completions.create(
    model="«model»",
    response_model=City,
    messages=[{"role": "user", "content": "Where is the Louvre?"}],
)
print(city)
""",
        ),
    ),
)

CLIENTS = (OPENAI_PYTHON, OPENAI_NODE, ANTHROPIC_PYTHON, GOOGLE_GENAI, VERCEL_AI, LITELLM, INSTRUCTOR)
