"""xAI. https://docs.x.ai/docs/api-reference"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.responses import Responses
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="xai",
    title="xAI",
    base_url="https://api.x.ai/v1",
    codec=Chat(developer_role=False, reasoning="reasoning_effort", unsupported=frozenset({"top_k", "logit_bias"})),
    responses=Responses(),
    key_env=("XAI_API_KEY",),
    catalog="xai",
    price_id="x-ai",
)
