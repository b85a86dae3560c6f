"""OpenAI. https://platform.openai.com/docs/api-reference"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.dialects.responses import Responses
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="openai",
    title="OpenAI",
    base_url="https://api.openai.com/v1",
    # Reasoning models refuse `max_tokens`; every chat model takes the newer name. Thoughts have no place in Chat
    # Completions there (https://platform.openai.com/docs/guides/reasoning); cache marks are ignored (recorded).
    codec=Chat(
        max_tokens_field="max_completion_tokens",
        reasoning="reasoning_effort",
        reasoning_field="none",
        signatures=False,
        custom_tools=True,
    ),
    completions=Completions(),
    responses=Responses(),
    embeddings=OpenAIEmbeddings(),
    key_env=("OPENAI_API_KEY",),
    catalog="openai",
    price_id="openai",
    counts_tokens=True,
)
