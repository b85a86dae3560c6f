"""Mistral. https://docs.mistral.ai/api"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.embeddings import MISTRAL
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="mistral",
    title="Mistral",
    base_url="https://api.mistral.ai/v1",
    # Unknown fields are a 422 there ("extra_forbidden"); usage comes with the last chunk unasked.
    codec=Chat(
        max_tokens_field="max_tokens",
        developer_role=False,
        reasoning="none",
        reasoning_field="part",
        signatures=False,
        cache_control=False,
        stream_usage=False,
        renames={"seed": "random_seed"},
        unsupported=frozenset({"logit_bias", "logprobs", "top_logprobs", "top_k", "user", "store", "service_tier"}),
    ),
    embeddings=MISTRAL,
    key_env=("MISTRAL_API_KEY",),
    catalog="mistral",
    price_id="mistral",
)
