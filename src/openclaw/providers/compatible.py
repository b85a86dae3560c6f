"""Any server that speaks OpenAI's API: `type: openai-compatible` with a `base_url`."""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="openai-compatible",
    title="OpenAI-compatible server",
    base_url="",
    codec=Chat(),
    completions=Completions(),
    embeddings=OpenAIEmbeddings(),
)
