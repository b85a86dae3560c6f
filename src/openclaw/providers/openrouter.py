"""OpenRouter. https://openrouter.ai/docs/api-reference/overview"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="openrouter",
    title="OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    # Thoughts: https://openrouter.ai/docs/guides/best-practices/reasoning-tokens; cache marks:
    # https://openrouter.ai/docs/guides/best-practices/prompt-caching.
    codec=Chat(reasoning="reasoning", reasoning_field="reasoning", signatures=True, cache_control=True),
    completions=Completions(),
    embeddings=OpenAIEmbeddings(),
    key_env=("OPENROUTER_API_KEY",),
    catalog="openrouter",
    price_id="openrouter",
    relays_openrouter_fields=True,
)
