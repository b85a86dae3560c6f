"""LM Studio on this machine. https://lmstudio.ai/docs/app/api/endpoints/openai"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="lmstudio",
    title="LM Studio",
    base_url="http://127.0.0.1:1234/v1",
    codec=Chat(max_tokens_field="max_tokens", developer_role=False),
    completions=Completions(),
    embeddings=OpenAIEmbeddings(),
    local_port=1234,
)
