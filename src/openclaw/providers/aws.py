"""AWS Signature Version 4 through botocore (extra `bedrock`): credentials from the usual places of AWS's own tools."""

from collections.abc import Mapping, Sequence

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from openclaw.providers.credentials import SigV4Credential
from openclaw.providers.provider import Credential, CredentialUnavailable, Header


def credential(settings: Mapping[str, str]) -> Credential:
    """A signer for Bedrock in `settings["region"]`. Credentials that expire are renewed by botocore itself."""
    return SigV4Credential(_BedrockSigner(Session().get_credentials(), settings["region"]))


class _BedrockSigner:
    def __init__(self, credentials: Credentials | None, region: str) -> None:
        self._credentials = credentials
        self._region = region

    def __call__(self, method: str, url: str, body: bytes) -> Sequence[Header]:
        if self._credentials is None:
            raise CredentialUnavailable
        request = AWSRequest(method=method, url=url, data=body, headers={"content-type": "application/json"})
        try:
            SigV4Auth(self._credentials.get_frozen_credentials(), "bedrock", self._region).add_auth(request)
        except BotoCoreError as error:
            raise CredentialUnavailable from error
        return [(name.lower(), value) for name, value in request.headers.items() if name.lower() != "content-type"]
