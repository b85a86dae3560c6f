"""Anthropic. https://docs.anthropic.com/en/api/messages"""

from openclaw.dialects.messages import Messages
from openclaw.providers.provider import ProviderKind

KIND = ProviderKind(
    name="anthropic",
    title="Anthropic",
    base_url="https://api.anthropic.com",
    codec=Messages(),
    auth="x-api-key",
    key_env=("ANTHROPIC_API_KEY",),
    headers=(("anthropic-version", "2023-06-01"),),
    catalog="anthropic",
    price_id="anthropic",
    counts_tokens=True,
)
