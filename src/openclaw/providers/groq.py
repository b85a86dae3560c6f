"""Groq. https://console.groq.com/docs/openai"""

from openclaw.dialects.chat import Chat
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="groq",
    title="Groq",
    base_url="https://api.groq.com/openai/v1",
    # The page above lists what is answered with 400; so is every field of a message that is not known there, as
    # `reasoning_content` (https://github.com/tashfeenahmed/freellmapi/issues/1070).
    codec=Chat(
        developer_role=False,
        reasoning="reasoning_effort",
        reasoning_field="reasoning",
        signatures=False,
        cache_control=False,
        unsupported=frozenset({"logprobs", "logit_bias", "top_logprobs", "top_k"}),
    ),
    key_env=("GROQ_API_KEY",),
    catalog="groq",
    price_id="groq",
)
