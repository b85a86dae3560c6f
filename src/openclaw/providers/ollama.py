"""Ollama on this machine, through its OpenAI-compatible API. https://docs.ollama.com/api/openai-compatibility"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="ollama",
    title="Ollama",
    base_url="http://127.0.0.1:11434/v1",
    codec=Chat(max_tokens_field="max_tokens", reasoning="reasoning_effort", reasoning_field="reasoning"),
    completions=Completions(),
    embeddings=OpenAIEmbeddings(),
    auth="bearer",
    base_url_env=("OLLAMA_BASE_URL",),
    local_port=11434,
)
