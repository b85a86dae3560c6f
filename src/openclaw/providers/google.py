"""Gemini through Google AI Studio. https://ai.google.dev/api"""

from openclaw.dialects.embeddings import GeminiEmbeddings
from openclaw.dialects.gemini import Gemini
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="google",
    title="Google Gemini",
    base_url="https://generativelanguage.googleapis.com/v1beta",
    codec=Gemini(),
    embeddings=GeminiEmbeddings(),
    auth="x-goog-api-key",
    key_env=("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"),
    catalog="google",
    price_id="google",
    counts_tokens=True,
)
