"""llama.cpp server on this machine. https://github.com/ggml-org/llama.cpp/tree/master/tools/server"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="llama.cpp",
    title="llama.cpp server",
    base_url="http://127.0.0.1:8080/v1",
    codec=Chat(max_tokens_field="max_tokens", developer_role=False),
    completions=Completions(),
    embeddings=OpenAIEmbeddings(),
    local_port=8080,
)
