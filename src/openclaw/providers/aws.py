"""AWS Signature Version 4 through botocore (extra `bedrock`): credentials from the usual places of AWS's own tools."""

from collections.abc import Mapping, Sequence

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from openclaw.providers.credentials import SigV4Credential
from openclaw.providers.provider import Credential, CredentialUnavailable, Header

_NONE = "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a key of Bedrock"


def credential(settings: Mapping[str, str]) -> Credential:
    """A signer for Bedrock in `settings["region"]`. Raises `CredentialUnavailable` where the machine has none."""
    try:
        found = Session().get_credentials()
    except BotoCoreError as error:
        raise CredentialUnavailable(_NONE) from error
    if found is None:
        raise CredentialUnavailable(_NONE)
    return SigV4Credential(BedrockSigner(found, settings["region"]))


class BedrockSigner:
    """Signs with botocore. Credentials of a role end; they are renewed beforehand, off the event loop."""

    def __init__(self, credentials: Credentials, region: str) -> None:
        self._credentials = credentials
        self._region = region

    def sign(self, method: str, url: str, body: bytes) -> Sequence[Header]:
        request = AWSRequest(method=method, url=url, data=body, headers={"content-type": "application/json"})
        try:
            SigV4Auth(self._credentials.get_frozen_credentials(), "bedrock", self._region).add_auth(request)
        except BotoCoreError as error:
            raise CredentialUnavailable from error
        return [(name.lower(), value) for name, value in request.headers.items() if name.lower() != "content-type"]

    def stale(self) -> bool:
        return isinstance(self._credentials, RefreshableCredentials) and bool(self._credentials.refresh_needed())

    def renew(self) -> None:
        try:
            self._credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise CredentialUnavailable from error
