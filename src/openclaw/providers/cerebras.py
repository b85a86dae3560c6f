"""Cerebras. https://inference-docs.cerebras.ai/api-reference/chat-completions"""

from openclaw.dialects.chat import Chat
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="cerebras",
    title="Cerebras",
    base_url="https://api.cerebras.ai/v1",
    # Fields that are not known there are a 400; thoughts come and go as `reasoning`, and `reasoning_content` is refused
    # (https://github.com/QwenLM/qwen-code/issues/11045).
    codec=Chat(
        max_tokens_field="max_completion_tokens",
        developer_role=False,
        reasoning="reasoning_effort",
        reasoning_field="reasoning",
        signatures=False,
        cache_control=False,
        unsupported=frozenset({"frequency_penalty", "presence_penalty", "logit_bias", "top_k"}),
    ),
    key_env=("CEREBRAS_API_KEY",),
    catalog="cerebras",
    price_id="cerebras",
)
