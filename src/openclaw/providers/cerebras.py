"""Cerebras. https://inference-docs.cerebras.ai/api-reference/chat-completions"""

from openclaw.dialects.chat import Chat
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="cerebras",
    title="Cerebras",
    base_url="https://api.cerebras.ai/v1",
    codec=Chat(
        max_tokens_field="max_completion_tokens",
        developer_role=False,
        reasoning="reasoning_effort",
        reasoning_field="reasoning",
        unsupported=frozenset({"frequency_penalty", "presence_penalty", "logit_bias", "top_k"}),
    ),
    key_env=("CEREBRAS_API_KEY",),
    catalog="cerebras",
    price_id="cerebras",
)
