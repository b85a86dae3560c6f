"""Moonshot AI (Kimi). https://platform.moonshot.ai/docs/api/chat"""

from openclaw.dialects.chat import Chat
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="moonshot",
    title="Moonshot AI",
    base_url="https://api.moonshot.ai/v1",
    # Thoughts go back as they came: https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model.
    codec=Chat(
        max_tokens_field="max_tokens", developer_role=False, reasoning="thinking", reasoning_field="reasoning_content"
    ),
    key_env=("MOONSHOT_API_KEY",),
    catalog="moonshotai",
    price_id="moonshotai",
)
