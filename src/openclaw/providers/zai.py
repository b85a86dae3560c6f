"""Z.ai (GLM). https://docs.z.ai/api-reference/llm/chat-completion"""

from openclaw.dialects.chat import Chat
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="zai",
    title="Z.ai",
    base_url="https://api.z.ai/api/paas/v4",
    # Thoughts go back as they came: https://docs.z.ai/guides/capabilities/thinking-mode.
    codec=Chat(
        max_tokens_field="max_tokens",
        developer_role=False,
        json_schema=False,
        reasoning="thinking",
        reasoning_field="reasoning_content",
    ),
    key_env=("ZAI_API_KEY", "ZHIPU_API_KEY"),
    catalog="zai",
    price_id="zai",
)
