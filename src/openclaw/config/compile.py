"""From what the operator declared to what the process runs: one immutable `Snapshot`, built whole or not at all."""

import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

import msgspec

from openclaw.catalog.load import load_catalog
from openclaw.catalog.profile import ModelProfile
from openclaw.config.declared import Config, ProviderDeclared
from openclaw.config.discover import LocalServer
from openclaw.config.errors import ConfigError, Problem
from openclaw.gateway.snapshot import CallerKey, Limits, Snapshot, key_digest
from openclaw.gateway.transport import Timeouts, Transport
from openclaw.providers.credentials import static_credential
from openclaw.providers.provider import AuthScheme, Credential, CredentialUnavailable, Provider, ProviderKind
from openclaw.providers.registry import MissingExtra, installed_kinds, kind_named, kind_names
from openclaw.routing.directory import Directory, UnknownModel

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

# Schemes whose credentials come from a library of an extra; the module holds `credential(settings) -> Credential`.
_LIBRARY_SCHEMES: dict[AuthScheme, str] = {"sigv4": "openclaw.providers.aws", "google": "openclaw.providers.gcp"}


def compile_config(
    config: Config,
    env: Mapping[str, str],
    *,
    file: str,
    new_transport: Callable[[Timeouts], Transport],
    local_servers: Sequence[LocalServer] = (),
) -> Snapshot:
    """Build the snapshot. `local_servers` are what discovery found. Raises `ConfigError` with every problem."""
    problems: list[Problem] = []
    providers = _declared_providers(config, env, problems)
    if "env" in config.discover:
        providers += _providers_of_environment(env, taken={p.name for p in providers} | config.providers.keys())
    providers += _providers_of_local_servers(local_servers, taken={provider.name for provider in providers})
    if config.server.host not in _LOOPBACK and not config.keys:
        message = "binding beyond this machine needs at least one caller key under 'keys'"
        problems.append(Problem(message, "server.host"))
    profiles = _profiles(providers)
    directory = _directory(config, providers, profiles, problems)
    keys = _keys(config, problems)
    if problems:
        raise ConfigError(file, problems)
    timeouts = Timeouts(**msgspec.structs.asdict(config.timeouts))
    return Snapshot(
        directory=directory,
        transport=new_transport(timeouts),
        keys=keys,
        limits=Limits(**msgspec.structs.asdict(config.limits)),
        timeouts=timeouts,
    )


# --- providers


def _declared_providers(config: Config, env: Mapping[str, str], problems: list[Problem]) -> list[Provider]:
    providers: list[Provider] = []
    for name, declared in config.providers.items():
        if not declared.enabled:
            continue
        path = f"providers.{name}"
        kind_name = declared.type or name
        if "/" in name:
            problems.append(Problem("a provider's name may not hold '/'", path))
        if kind_name not in kind_names():
            known = ", ".join(kind_names())
            problems.append(Problem(f"unknown provider type '{kind_name}' (known: {known})", f"{path}.type"))
            continue
        try:
            kind = kind_named(kind_name)
            providers.append(make_provider(name, kind, declared, env))
        except MissingExtra as missing:
            problems.append(Problem(str(missing), path))
        except ConfigError as error:
            problems += [msgspec.structs.replace(p, path=f"{path}.{p.path}") for p in error.problems]
    return providers


def make_provider(name: str, kind: ProviderKind, declared: ProviderDeclared, env: Mapping[str, str]) -> Provider:
    """Raises `ConfigError` with paths relative to the provider."""
    key = declared.api_key or _first(env, kind.key_env)
    settings = _settings(kind, declared, env)
    base_url = declared.base_url or _first(env, kind.base_url_env) or kind.base_url
    base_url = _PLACEHOLDER.sub(lambda match: settings.get(match.group(1), ""), base_url).rstrip("/")
    if not base_url.startswith(("http://", "https://")):
        raise ConfigError("", [Problem("must be an http:// or https:// address", "base_url")])
    return Provider(
        name=name,
        kind=kind,
        base_url=base_url,
        credential=_credential(kind, key, settings),
        headers=(*kind.headers, *((k.lower(), v) for k, v in declared.headers.items())),
        models=declared.models,
    )


def _settings(kind: ProviderKind, declared: ProviderDeclared, env: Mapping[str, str]) -> dict[str, str]:
    problems = [
        Problem(f"unknown setting (this type knows: {', '.join(kind.settings) or 'none'})", f"settings.{key}")
        for key in declared.settings
        if key not in kind.settings
    ]
    values: dict[str, str] = {}
    for key, setting in kind.settings.items():
        value = declared.settings.get(key) or _first(env, setting.env) or setting.default
        if value is None and declared.base_url is None:
            hint = f" or the environment variable {setting.env[0]}" if setting.env else ""
            problems.append(Problem(f"this type needs the setting '{key}'{hint}", f"settings.{key}"))
        elif value is not None:
            values[key] = value
    if problems:
        raise ConfigError("", problems)
    return values


def _credential(kind: ProviderKind, key: str | None, settings: Mapping[str, str]) -> Credential:
    if key is None and kind.auth in _LIBRARY_SCHEMES:
        try:
            credential: Credential = import_module(_LIBRARY_SCHEMES[kind.auth]).credential(settings)
        except ModuleNotFoundError as error:
            raise ConfigError(
                "", [Problem(f"needs a library: install openclaw-gateway[{kind.name}]", "type")]
            ) from error
        except CredentialUnavailable as error:
            raise ConfigError("", [Problem(str(error), "api_key")]) from error
        return credential
    return static_credential(kind.auth, key)


def _providers_of_environment(env: Mapping[str, str], taken: set[str]) -> list[Provider]:
    """A provider for every kind whose key is in the environment."""
    found: list[Provider] = []
    for kind in installed_kinds():
        if kind.name in taken or not _first(env, kind.key_env):
            continue
        try:
            found.append(make_provider(kind.name, kind, ProviderDeclared(), env))
        except ConfigError:
            continue  # a key without the settings that its provider needs says nothing yet
    return found


def _providers_of_local_servers(servers: Sequence[LocalServer], taken: set[str]) -> list[Provider]:
    return [
        Provider(
            name=server.kind.name,
            kind=server.kind,
            base_url=server.base_url,
            credential=static_credential("none", None),
            models=server.models,
        )
        for server in servers
        if server.kind.name not in taken
    ]


def _first(env: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((env[name] for name in names if env.get(name)), None)


# --- names and keys


def _profiles(providers: Sequence[Provider]) -> Mapping[str, Mapping[str, ModelProfile]]:
    """The catalogue by the operator's provider names: two providers of one kind share its facts."""
    catalog = load_catalog({provider.kind.name for provider in providers})
    return {provider.name: catalog.profiles.get(provider.kind.name, {}) for provider in providers}


def _directory(
    config: Config,
    providers: Sequence[Provider],
    profiles: Mapping[str, Mapping[str, ModelProfile]],
    problems: list[Problem],
) -> Directory:
    plain = Directory(providers, profiles, {})
    aliases: dict[str, tuple[str, ...]] = {}
    for name, members in config.aliases.items():
        members = (members,) if isinstance(members, str) else members
        if not members:
            problems.append(Problem("an alias needs at least one model", f"aliases.{name}"))
        for member in members:
            try:
                plain.resolve(member)
            except UnknownModel as unknown:
                hint = f"; did you mean '{unknown.nearest[0]}'?" if unknown.nearest else ""
                problems.append(Problem(f"no provider that is on has the model '{member}'{hint}", f"aliases.{name}"))
        aliases[name] = tuple(members)
    return plain if problems else Directory(providers, profiles, aliases)


def _keys(config: Config, problems: list[Problem]) -> dict[bytes, CallerKey]:
    keys: dict[bytes, CallerKey] = {}
    for position, declared in enumerate(config.keys):
        if not declared.key.strip():
            problems.append(Problem("the key is empty", f"keys[{position}].key"))
        digest = key_digest(declared.key)
        if digest in keys:
            problems.append(Problem("the same key stands here twice", f"keys[{position}].key"))
        keys[digest] = CallerKey(declared.name, frozenset(declared.models))
    return keys
