"""Perplexity. https://docs.perplexity.ai/api-reference/chat-completions-post"""

from openclaw.dialects.chat import Chat
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="perplexity",
    title="Perplexity",
    base_url="https://api.perplexity.ai",
    codec=Chat(
        max_tokens_field="max_tokens",
        developer_role=False,
        reasoning="reasoning_effort",
        reasoning_field="none",
        signatures=False,
        stream_usage=False,
    ),
    key_env=("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
    catalog="perplexity",
    price_id="perplexity",
)
