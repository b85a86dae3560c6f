"""DeepSeek. https://api-docs.deepseek.com"""

from openclaw.dialects.chat import Chat
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="deepseek",
    title="DeepSeek",
    base_url="https://api.deepseek.com",
    # JSON mode only, no schemas (https://api-docs.deepseek.com/guides/json_mode); thinking is a switch, and thoughts
    # of a tool loop must go back as they came (https://api-docs.deepseek.com/guides/thinking_mode).
    codec=Chat(
        max_tokens_field="max_tokens",
        developer_role=False,
        json_schema=False,
        reasoning="thinking",
        reasoning_field="reasoning_content",
    ),
    key_env=("DEEPSEEK_API_KEY",),
    catalog="deepseek",
    price_id="deepseek",
)
