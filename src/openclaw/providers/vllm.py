"""vLLM on this machine. https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="vllm",
    title="vLLM",
    base_url="http://127.0.0.1:8000/v1",
    codec=Chat(max_tokens_field="max_tokens", developer_role=False),
    completions=Completions(),
    embeddings=OpenAIEmbeddings(),
    local_port=8000,
)
