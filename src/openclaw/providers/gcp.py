"""Google Cloud tokens through google-auth (extra `vertex`): Application Default Credentials."""

from collections.abc import Mapping

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request

from openclaw.providers.credentials import GoogleCredential
from openclaw.providers.provider import Credential, CredentialUnavailable

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def credential(settings: Mapping[str, str]) -> Credential:
    """Raises `CredentialUnavailable` where the machine has no Google credentials."""
    try:
        credentials, _ = google.auth.default(scopes=_SCOPES)
    except GoogleAuthError as error:
        raise CredentialUnavailable("no Google Cloud credentials: gcloud auth application-default login") from error
    return GoogleCredential(credentials, Request, GoogleAuthError)
