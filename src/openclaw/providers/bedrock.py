"""Amazon Bedrock, through its Converse API (extra `bedrock`). A bearer key wins over AWS credentials."""

from openclaw.dialects.converse import Converse
from openclaw.providers.provider import ProviderKind, Setting

KIND = ProviderKind(
    name="bedrock",
    title="Amazon Bedrock",
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    codec=Converse(),
    auth="sigv4",
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    settings={"region": Setting(env=("AWS_REGION", "AWS_DEFAULT_REGION"), default="us-east-1")},
    catalog="amazon-bedrock",
    price_id="aws",
)
