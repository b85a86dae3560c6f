"""Ollama through its own API, for what its compatible one leaves out (`keep_alive`, `num_ctx`, ...)."""

from openclaw.dialects.embeddings import OllamaEmbeddings
from openclaw.dialects.ollama import Ollama
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="ollama-native",
    title="Ollama (native API)",
    base_url="http://127.0.0.1:11434",
    codec=Ollama(),
    embeddings=OllamaEmbeddings(),
)
