"""Voyage AI: embeddings only. https://docs.voyageai.com/reference/embeddings-api"""

from openclaw.dialects.embeddings import VOYAGE
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="voyage",
    title="Voyage AI",
    base_url="https://api.voyageai.com/v1",
    embeddings=VOYAGE,
    key_env=("VOYAGE_API_KEY",),
    price_id="voyageai",
)
