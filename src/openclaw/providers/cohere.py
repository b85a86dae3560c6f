"""Cohere: chat through its OpenAI-compatible API, embeddings through its own."""

from openclaw.dialects.chat import Chat
from openclaw.dialects.embeddings import CohereEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="cohere",
    title="Cohere",
    base_url="https://api.cohere.com",
    # https://docs.cohere.com/docs/compatibility-api names the fields that are not supported there.
    codec=Chat(
        endpoint="/compatibility/v1/chat/completions",
        max_tokens_field="max_tokens",
        reasoning="reasoning_effort",
        reasoning_field="none",
        signatures=False,
        unsupported=frozenset({"store", "metadata", "logit_bias", "top_logprobs", "n", "user", "service_tier"}),
    ),
    embeddings=CohereEmbeddings(),
    key_env=("COHERE_API_KEY", "CO_API_KEY"),
    catalog="cohere",
    price_id="cohere",
)
