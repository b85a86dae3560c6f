"""SGLang on this machine. https://docs.sglang.ai/basic_usage/openai_api_completions.html"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="sglang",
    title="SGLang",
    base_url="http://127.0.0.1:30000/v1",
    codec=Chat(max_tokens_field="max_tokens", developer_role=False),
    completions=Completions(),
    embeddings=OpenAIEmbeddings(),
    local_port=30000,
)
