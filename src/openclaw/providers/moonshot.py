"""Moonshot AI (Kimi). https://platform.moonshot.ai/docs/api/chat"""

from openclaw.dialects.chat import Chat
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="moonshot",
    title="Moonshot AI",
    base_url="https://api.moonshot.ai/v1",
    codec=Chat(max_tokens_field="max_tokens", developer_role=False, reasoning="thinking"),
    key_env=("MOONSHOT_API_KEY",),
    catalog="moonshotai",
    price_id="moonshotai",
)
