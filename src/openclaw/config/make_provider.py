"""One provider from its kind, what the operator declared and the environment."""

import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from urllib.parse import urlsplit

from msgspec import structs

from openclaw.config.declared import ProviderDeclared
from openclaw.config.errors import Problem
from openclaw.dialects.chat import Chat
from openclaw.dialects.responses import Responses
from openclaw.providers.credentials import static_credential
from openclaw.providers.provider import AuthScheme, Credential, CredentialUnavailable, Header, Provider, ProviderKind

_PLACEHOLDER = re.compile(r"\{(\w*)\}")
# A provider's name goes into `provider/model`, headers and records.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# A setting becomes part of a host name or a path.
_SETTING = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
# RFC 9110, section 5.6.2
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

# Schemes whose credentials come from a library of an extra; the module holds `credential(settings) -> Credential`.
_LIBRARY_SCHEMES: dict[AuthScheme, str] = {"sigv4": "openclaw.providers.aws", "google": "openclaw.providers.gcp"}


class Unusable(Exception):
    """The provider cannot be made; paths of `problems` are relative to it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


def name_problem(name: str) -> str | None:
    """What is wrong with a provider's name; None when nothing is."""
    if _NAME.fullmatch(name):
        return None
    return "a provider's name is made of letters, digits, '.', '_' and '-'"


def make_provider(name: str, kind: ProviderKind, declared: ProviderDeclared, env: Mapping[str, str]) -> Provider:
    """Raises `Unusable` with everything that is wrong."""
    problems: list[Problem] = []
    settings = _settings(kind, declared, env, problems)
    base_url = _base_url(kind, declared, settings, env, problems)
    headers = _headers(declared, problems)
    kind = _speaking(kind, declared, problems)
    credential = _credential(kind, declared, settings, env, problems)
    if problems or credential is None:
        raise Unusable(problems)
    return Provider(
        name=name,
        kind=kind,
        base_url=base_url,
        credential=credential,
        headers=(*kind.headers, *headers),
        models=declared.models,
    )


# --- settings


def _settings(
    kind: ProviderKind, declared: ProviderDeclared, env: Mapping[str, str], problems: list[Problem]
) -> dict[str, str]:
    known = ", ".join(kind.settings) or "none"
    problems += [
        Problem(f"unknown setting (this type knows: {known})", f"settings.{key}")
        for key in declared.settings
        if key not in kind.settings
    ]
    values: dict[str, str] = {}
    for key, setting in kind.settings.items():
        value = declared.settings.get(key) or _first(env, setting.env) or setting.default
        if value is None:
            if declared.base_url is None:
                hint = f" or the environment variable {setting.env[0]}" if setting.env else ""
                problems.append(Problem(f"this type needs the setting '{key}'{hint}", f"settings.{key}"))
        elif not _SETTING.fullmatch(value):
            problems.append(Problem("is made of letters, digits, '.', '_', ':' and '-'", f"settings.{key}"))
        else:
            values[key] = value
    return values


# --- address


def _base_url(
    kind: ProviderKind,
    declared: ProviderDeclared,
    settings: Mapping[str, str],
    env: Mapping[str, str],
    problems: list[Problem],
) -> str:
    template = declared.base_url or _first(env, kind.base_url_env) or _own_address(kind, settings)
    if not template:
        problems.append(Problem("this type has no address of its own: it needs a base_url", "base_url"))
        return ""
    missing = [key for key in _PLACEHOLDER.findall(template) if key not in settings]
    if missing:
        if declared.base_url is not None:  # else the missing setting is reported
            problems.append(Problem(f"'{{{missing[0]}}}' is no setting of this type", "base_url"))
        return ""
    url = _PLACEHOLDER.sub(lambda match: settings[match.group(1)], template)
    wrong = _address_problem(url)
    if wrong is not None:
        problems.append(Problem(wrong, "base_url"))
    return _tidied(url)


def _own_address(kind: ProviderKind, settings: Mapping[str, str]) -> str:
    special = (address for (key, value), address in kind.base_url_when.items() if settings.get(key) == value)
    return next(special, kind.base_url)


def _address_problem(url: str) -> str | None:
    """Paths are appended to an address, and it is printed by `openclaw check`: it holds no query and no secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "must be an http:// or https:// address"
    if parts.username is not None or parts.password is not None:
        return "holds a user name or password: use 'api_key' or 'headers'"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "must not hold '?' or '#': paths are appended to it"
    if not url.isascii() or not url.isprintable() or " " in url:
        return "must be printable ASCII without spaces"
    return None


def _tidied(url: str) -> str:
    """Without the doubled slashes of an address put together from a variable (`${env:BASE}/v1`)."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + re.sub(r"/{2,}", "/", rest).rstrip("/")


# --- headers and credential


def _headers(declared: ProviderDeclared, problems: list[Problem]) -> list[Header]:
    for name, value in declared.headers.items():
        if not _HEADER_NAME.fullmatch(name):
            problems.append(Problem("is not the name of an HTTP header", f"headers.{name}"))
        elif not _HEADER_VALUE.fullmatch(value):
            problems.append(Problem("must be printable ASCII without spaces around it", f"headers.{name}"))
    return [(name.lower(), value) for name, value in declared.headers.items()]


def _credential(
    kind: ProviderKind,
    declared: ProviderDeclared,
    settings: Mapping[str, str],
    env: Mapping[str, str],
    problems: list[Problem],
) -> Credential | None:
    key = declared.api_key if declared.api_key is not None else _first(env, kind.key_env)
    if key is not None:
        return _of_key(kind, key, problems)
    if kind.auth in _LIBRARY_SCHEMES:
        # The library may look for credentials on the network: only for a provider that is right so far.
        return None if problems else _of_library(kind, settings, problems)
    if kind.key_env and declared.base_url is None and not _carries_credential(declared):
        problems.append(Problem(f"needs a key here or in the environment variable {kind.key_env[0]}", "api_key"))
    return static_credential(kind.auth, None)


def _of_key(kind: ProviderKind, key: str, problems: list[Problem]) -> Credential | None:
    if not key.strip():
        problems.append(Problem("the key is empty; left out, the type's environment variable is read", "api_key"))
    elif not _HEADER_VALUE.fullmatch(key):
        problems.append(Problem("must be printable ASCII without spaces around it", "api_key"))
    return static_credential(kind.auth, key)


def _of_library(kind: ProviderKind, settings: Mapping[str, str], problems: list[Problem]) -> Credential | None:
    try:
        credential: Credential = import_module(_LIBRARY_SCHEMES[kind.auth]).credential(settings)
    except ModuleNotFoundError:
        problems.append(Problem(f"needs a library: install openclaw-gateway[{kind.name}]", "type"))
    except CredentialUnavailable as error:
        problems.append(Problem(str(error), "api_key"))
    else:
        return credential
    return None


def _carries_credential(declared: ProviderDeclared) -> bool:
    return any(name.lower() in ("authorization", "api-key", "x-api-key", "x-goog-api-key") for name in declared.headers)


def _first(env: Mapping[str, str], names: Sequence[str]) -> str | None:
    """The first that is there and not blank. Secrets that come from files often end in a line break."""
    return next((value for name in names if (value := env.get(name, "").strip())), None)


def _speaking(kind: ProviderKind, declared: ProviderDeclared, problems: list[Problem]) -> ProviderKind:
    """The kind with the one of OpenAI's APIs that was asked for."""
    if declared.api is None:
        return kind
    if not isinstance(kind.codec, Chat):
        problems.append(Problem("this type does not speak either of OpenAI's APIs", "api"))
        return kind
    if declared.api == "chat":
        return structs.replace(kind, responses=None)
    return structs.replace(kind, codec=Responses(), responses=Responses())
