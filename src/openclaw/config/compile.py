"""From what the operator declared to what the process runs: one immutable `Snapshot`, built whole or not at all."""

import ipaddress
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from openclaw.catalog.load import load_catalog
from openclaw.catalog.profile import ModelProfile
from openclaw.config.budgets import problems_of, spending_rules_of
from openclaw.config.declared import Config, ProviderDeclared
from openclaw.config.discover import LocalServer
from openclaw.config.errors import ConfigError, Problem
from openclaw.config.load import Declared, did_you_mean
from openclaw.config.make_provider import Unusable, make_provider, name_problem
from openclaw.config.open_store import store_problems
from openclaw.config.tree import Mark, join
from openclaw.gateway.payer import Owner
from openclaw.gateway.snapshot import CallerKey, Limits, Snapshot, key_digest
from openclaw.gateway.transport import Timeouts, Transport
from openclaw.providers.credentials import static_credential
from openclaw.providers.provider import Provider
from openclaw.providers.registry import MissingExtra, installed_kinds, kind_named, kind_names
from openclaw.providers.secrecy import MASK
from openclaw.routing.aliases import AliasCycle, unfold
from openclaw.routing.directory import Directory, UnknownModel

NewTransport = Callable[[Timeouts], Transport]

ADMIN_TOKEN_CHARS_MIN = 16  # of random letters and digits: more than anybody can try


def compile_config(
    config: Config,
    env: Mapping[str, str],
    *,
    file: str,
    new_transport: NewTransport,
    local_servers: Sequence[LocalServer] = (),
) -> Snapshot:
    """Build the snapshot of a configuration that has no file behind it. Raises `ConfigError` with every problem."""
    return compile_declared(Declared(config, file), env, new_transport=new_transport, local_servers=local_servers)


def compile_declared(
    declared: Declared,
    env: Mapping[str, str],
    *,
    new_transport: NewTransport,
    local_servers: Sequence[LocalServer] = (),
) -> Snapshot:
    """Build the snapshot. `local_servers` are what discovery found. Raises `ConfigError` with every problem, those of
    the file's form included."""
    config = declared.config
    compiler = _Compiler(config, env, _sections(declared.problems))
    providers = compiler.providers(local_servers)
    compiler.check_admin()
    compiler.check_budgets()
    compiler.check_store()
    directory = compiler.directory(providers)
    keys = compiler.keys(directory)
    found = [placed(_masked(problem, declared.referred), declared.marks) for problem in compiler.problems]
    if declared.problems or found:
        raise ConfigError(declared.file, _in_order([*declared.problems, *found]))
    timeouts = Timeouts(**msgspec.structs.asdict(config.timeouts))
    return Snapshot(
        directory=directory,
        transport=new_transport(timeouts),
        keys=keys,
        limits=Limits(**msgspec.structs.asdict(config.limits)),
        timeouts=timeouts,
        spending=spending_rules_of(config),
        key_demanded=not is_loopback(config.server.host),
        admin_token=None if config.admin.token is None else key_digest(config.admin.token),
    )


class _Compiler:
    """Collects what is wrong. `faulty` are the sections (`keys`, `providers.NAME`) whose form is wrong already: what is
    only a consequence of that is not reported again."""

    def __init__(self, config: Config, env: Mapping[str, str], faulty: set[str]) -> None:
        self._config = config
        self._env = env
        self._faulty = faulty
        self.problems: list[Problem] = []

    def check_admin(self) -> None:
        token = self._config.admin.token
        if token is None:
            return
        if (
            len(token) < ADMIN_TOKEN_CHARS_MIN
            or token != token.strip()
            or not (token.isascii() and token.isprintable())
        ):
            message = f"a token has at least {ADMIN_TOKEN_CHARS_MIN} characters of printable ASCII"
            self._problem("admin.token", f"{message}, without spaces around it")
        if any(declared.key == token for declared in self._config.keys):
            self._problem("admin.token", "a caller has this as its key")

    def check_budgets(self) -> None:
        if "budgets" not in self._faulty:
            self.problems += problems_of(self._config.budgets)

    def check_store(self) -> None:
        if "store" not in self._faulty:
            self.problems += store_problems(self._config.store)

    # --- providers

    def providers(self, local_servers: Sequence[LocalServer]) -> list[Provider]:
        """Those declared, then those of the environment, then those found on this machine."""
        declared = self._config.providers
        found = [p for name, d in declared.items() if d.enabled and (p := self._declared_provider(name, d)) is not None]
        taken = set(declared)
        if "env" in self._config.discover:
            of_environment = _providers_of_environment(self._env, taken)
            taken |= {provider.name for provider in of_environment}
            found += of_environment
        return found + _providers_of_local_servers(local_servers, taken)

    def _declared_provider(self, name: str, declared: ProviderDeclared) -> Provider | None:
        """The provider, or None once its problems are noted."""
        path = f"providers.{name}"
        kind_name = declared.type or name
        wrong_name = name_problem(name)
        if wrong_name is not None:
            self._problem(path, wrong_name)
        if path in self._faulty:
            return None
        if kind_name not in kind_names():
            self._problem(f"{path}.type", f"unknown provider type '{kind_name}'{did_you_mean(kind_name, kind_names())}")
        else:
            try:
                return make_provider(name, kind_named(kind_name), declared, self._env)
            except MissingExtra as missing:
                self._problem(path, str(missing))
            except Unusable as unusable:
                for problem in unusable.problems:
                    self._problem(join(path, problem.path), problem.message)
        self._faulty.add(path)
        return None

    # --- names and keys

    def directory(self, providers: Sequence[Provider]) -> Directory:
        profiles = _profiles(providers)
        plain = Directory(providers, profiles, {})
        aliases = {
            name: (members,) if isinstance(members, str) else members for name, members in self._config.aliases.items()
        }
        before = len(self.problems)
        for name, members in aliases.items():
            if not name:
                self._problem("aliases", "an alias needs a name")
            if not members and f"aliases.{name}" not in self._faulty:
                self._problem(f"aliases.{name}", "an alias needs at least one model")
            for position, member in enumerate(members):
                if member == name or member not in aliases:
                    self._check_model(plain, member, f"aliases.{name}", position)
        try:
            unfold(aliases)
        except AliasCycle as cycle:
            self._problem(f"aliases.{cycle.names[0]}", f"aliases stand for one another in a circle: {cycle}")
        usable = len(self.problems) == before and not self._provider_is_faulty("")
        return Directory(providers, profiles, aliases) if usable else plain

    def keys(self, directory: Directory) -> dict[bytes, CallerKey]:
        keys: dict[bytes, CallerKey] = {}
        if "keys" in self._faulty:
            return keys
        for position, declared in enumerate(self._config.keys):
            path = f"keys[{position}]"
            if not declared.key.strip():
                self._problem(f"{path}.key", "the key is empty")
            elif declared.key != declared.key.strip() or not declared.key.isascii() or not declared.key.isprintable():
                # A header cannot carry it, so no caller could ever present it.
                self._problem(f"{path}.key", "a key is printable ASCII without spaces around it")
            digest = key_digest(declared.key)
            if digest in keys:
                self._problem(f"{path}.key", "the same key stands here twice")
            for index, model in enumerate(declared.models):
                if model not in self._config.aliases:
                    self._check_model(directory, model, f"{path}.models", index)
            owner = Owner(declared.name, declared.organization, declared.team, declared.user, tuple(declared.tags))
            keys[digest] = CallerKey(declared.name, frozenset(declared.models), owner)
        return keys

    def _check_model(self, directory: Directory, name: str, path: str, position: int) -> None:
        try:
            directory.resolve(name)
        except UnknownModel as unknown:
            if self._provider_is_faulty(name.partition("/")[0]):
                return  # the provider's own problem is reported
            hint = f"; did you mean '{unknown.nearest[0]}'?" if unknown.nearest else ""
            self._problem(f"{path}[{position}]", f"no provider that is on has the model '{name}'{hint}")

    def _provider_is_faulty(self, name: str) -> bool:
        """Whether an unknown name may be a consequence: its provider is faulty, or it is bare and some provider is."""
        if name in self._config.providers and f"providers.{name}" not in self._faulty:
            return False
        return "providers" in self._faulty or any(section.startswith("providers.") for section in self._faulty)

    def _problem(self, path: str, message: str) -> None:
        self.problems.append(Problem(message, path))


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reachable from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _providers_of_environment(env: Mapping[str, str], taken: Collection[str]) -> list[Provider]:
    """A provider for every kind whose key is in the environment."""
    found: list[Provider] = []
    for kind in installed_kinds():
        if kind.name in taken or not any(env.get(name) for name in kind.key_env):
            continue
        try:
            found.append(make_provider(kind.name, kind, ProviderDeclared(), env))
        except Unusable:
            continue  # a key without the settings that its provider needs says nothing yet
    return found


def _providers_of_local_servers(servers: Sequence[LocalServer], taken: Collection[str]) -> list[Provider]:
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


def _profiles(providers: Sequence[Provider]) -> Mapping[str, Mapping[str, ModelProfile]]:
    """The catalogue by the operator's provider names: two providers of one kind share its facts."""
    catalog = load_catalog({provider.kind.name for provider in providers})
    return {provider.name: catalog.profiles.get(provider.kind.name, {}) for provider in providers}


# --- problems


# What is shorter is no secret, and may be a part of any word.
_SECRET_CHARS_MIN = 8


def _masked(problem: Problem, referred: Collection[str]) -> Problem:
    """The problem without the texts that references stood for: a key put in a model's place must not reach a log."""
    message = problem.message
    for text in referred:
        if len(text) >= _SECRET_CHARS_MIN:
            message = message.replace(text, MASK)
    return msgspec.structs.replace(problem, message=message)


def _sections(problems: Sequence[Problem]) -> set[str]:
    """The parts of the file that problems of its form touch: `keys`, `providers.NAME`, `aliases.NAME`."""
    sections: set[str] = set()
    for problem in problems:
        head, _, rest = problem.path.partition(".")
        sections.add(
            f"{head}.{rest.split('.')[0]}" if rest and head in ("providers", "aliases") else head.split("[")[0]
        )
    return sections


def placed(problem: Problem, marks: Mapping[str, Mark]) -> Problem:
    """The problem with the line of its path or, for what is not in the file, of the nearest part around it."""
    path = problem.path
    while path and path not in marks:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    mark = marks.get(path) if path else None
    return problem if mark is None else msgspec.structs.replace(problem, line=mark.line, column=mark.column)


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))
