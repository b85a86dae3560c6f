"""Fireworks AI. https://docs.fireworks.ai/api-reference/post-chatcompletions"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="fireworks",
    title="Fireworks AI",
    base_url="https://api.fireworks.ai/inference/v1",
    # "Extra inputs are not permitted" (https://github.com/musistudio/claude-code-router/issues/377); thoughts go back
    # as `reasoning_content` (https://docs.fireworks.ai/guides/reasoning).
    codec=Chat(
        max_tokens_field="max_tokens",
        developer_role=False,
        reasoning="reasoning_effort",
        reasoning_field="reasoning_content",
        signatures=False,
        cache_control=False,
    ),
    completions=Completions(),
    embeddings=OpenAIEmbeddings(),
    key_env=("FIREWORKS_API_KEY",),
    catalog="fireworks-ai",
    price_id="fireworks",
)
