"""Together AI. https://docs.together.ai/reference/chat-completions-1"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="together",
    title="Together AI",
    base_url="https://api.together.xyz/v1",
    codec=Chat(max_tokens_field="max_tokens", developer_role=False, reasoning="reasoning_effort"),
    completions=Completions(),
    embeddings=OpenAIEmbeddings(),
    key_env=("TOGETHER_API_KEY",),
    catalog="togetherai",
    price_id="together",
)
