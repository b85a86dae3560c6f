"""Azure OpenAI, through its v1 API, where a deployment is named in `model` as at OpenAI.

https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
"""

from openclaw.dialects.chat import Chat
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import OpenAIEmbeddings
from openclaw.dialects.responses import Responses
from openclaw.providers.provider import ProviderKind, Setting

KIND = ProviderKind(
    name="azure",
    title="Azure OpenAI",
    base_url="https://{resource}.openai.azure.com/openai/v1",
    # As at OpenAI.
    codec=Chat(
        max_tokens_field="max_completion_tokens",
        reasoning="reasoning_effort",
        reasoning_field="none",
        signatures=False,
        custom_tools=True,
    ),
    completions=Completions(),
    responses=Responses(),
    embeddings=OpenAIEmbeddings(),
    auth="api-key",
    key_env=("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
    settings={"resource": Setting(env=("AZURE_RESOURCE_NAME", "AZURE_OPENAI_RESOURCE"))},
    catalog="azure",
    price_id="azure",
)
