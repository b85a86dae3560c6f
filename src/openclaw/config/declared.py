"""What the operator may write: the configuration file as types.

Field names are the file's keys. The notes on each field (what it means, its range, an example) become the published
JSON Schema, and the loader checks ranges by them, so the two cannot disagree. Every field has a default except where
none can be right, so an empty file (and none at all) is a working configuration.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from openclaw.providers.secrecy import masked_fields, masked_repr

SECONDS_MAX = 86_400

Bytes = Annotated[int, Meta(ge=1, le=2**40)]
Seconds = Annotated[float, Meta(gt=0, le=SECONDS_MAX)]
Name = Annotated[str, Meta(min_length=1)]


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the gateway listens. Read at start only: a reload does not move a listening socket."""

    host: Annotated[
        Name,
        Meta(
            description="The address to listen on. Anything beyond this machine needs at least one entry in `keys`.",
            examples=["127.0.0.1", "0.0.0.0"],  # noqa: S104 - an example of what needs keys
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="The TCP port; 0 takes any free one.", examples=[4000])] = (
        4000
    )


class LimitsDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on what a caller may send."""

    body_bytes_max: Annotated[Bytes, Meta(description="The largest request body, in bytes.", examples=[33554432])] = (
        32 * 1024 * 1024
    )
    header_bytes_max: Annotated[
        Bytes,
        Meta(description="All headers of a request together, in bytes. Read at start only.", examples=[65536]),
    ] = 64 * 1024
    header_count_max: Annotated[
        int, Meta(ge=1, le=10_000, description="The number of headers of a request.", examples=[128])
    ] = 128
    # The decoders walk a body by recursion, and Python's own stack ends at a thousand frames.
    nesting_max: Annotated[
        int, Meta(ge=1, le=256, description="How deeply the JSON of a body may be nested.", examples=[100])
    ] = 100


class TimeoutsDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds that a provider may take."""

    connect_s: Annotated[Seconds, Meta(description="To connect, in seconds.", examples=[10.0])] = 10.0
    idle_s: Annotated[
        Seconds,
        Meta(
            description=(
                "Silence of a stream, in seconds: before its first byte and between two. A plain answer sends nothing"
                " until it is whole, so only `total_s` bounds it."
            ),
            examples=[300.0],
        ),
    ] = 300.0
    total_s: Annotated[Seconds, Meta(description="A whole answer, in seconds.", examples=[1800.0])] = 1800.0


class ProviderDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """A provider: which kind of service, where, and as whom."""

    type: Annotated[
        Name | None,
        Meta(
            description="A provider type of this package; left out, the provider's own name is the type.",
            examples=["openai", "openai-compatible"],
        ),
    ] = None
    api_key: Annotated[
        str | None,
        Meta(
            description="The key; left out, the type's environment variable is read.",
            examples=["${env:OPENAI_API_KEY}", "${file:secrets/openai}"],
        ),
    ] = None
    base_url: Annotated[
        Name | None,
        Meta(
            description="Where the service is; left out, the type's own address.", examples=["http://127.0.0.1:9000/v1"]
        ),
    ] = None
    models: Annotated[
        tuple[Name, ...],
        Meta(
            description=(
                "The models that may be asked for here, by the provider's names. Left out, the catalogue's are offered"
                " and any other name is passed on."
            ),
            examples=[["gpt-5.1", "gpt-5-mini"]],
        ),
    ] = ()
    api: Annotated[
        Literal["chat", "responses"] | None,
        Meta(
            description=(
                "Which of OpenAI's two APIs to speak to a provider of that kind. Left out: Responses for callers of"
                " Responses where the type has it, else Chat Completions."
            ),
            examples=["responses"],
        ),
    ] = None
    headers: Annotated[
        dict[str, str],
        Meta(
            description="Headers for every request to this provider, besides the credential's.",
            examples=[{"openai-organization": "org-example"}],
        ),
    ] = {}
    settings: Annotated[
        dict[str, str],
        Meta(description="What the type needs besides a key.", examples=[{"region": "eu-central-1"}]),
    ] = {}
    enabled: Annotated[
        bool, Meta(description="`false` switches the provider off, wherever it would come from.", examples=[False])
    ] = True

    def __repr__(self) -> str:
        return masked_repr(self, "api_key", "headers")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return masked_fields(self, "api_key", "headers")


class StoreDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """What outlives a call, and for how long. Read at start only."""

    path: Annotated[
        Name | None,
        Meta(
            description=(
                "The SQLite file, made if it is not there; `:memory:` keeps everything for as long as the process runs."
                " Left out: `openclaw/openclaw.sqlite3` in `$XDG_STATE_HOME`, else in `~/.local/state`."
            ),
            examples=["/var/lib/openclaw/openclaw.sqlite3"],
        ),
    ] = None
    responses_days: Annotated[
        float,
        Meta(
            gt=0,
            le=3650,
            description=(
                "How long a response of `/v1/responses` is kept for `previous_response_id`, in days from the last call"
                " that went on from it. OpenAI keeps 30."
            ),
            examples=[30.0],
        ),
    ] = 30.0


class KeyDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """A key that callers present."""

    name: Annotated[
        Name,
        Meta(description="Who calls with it, for records. Two keys may share a name.", examples=["team-a"]),
    ]
    key: Annotated[Name, Meta(description="The key itself.", examples=["${env:TEAM_A_KEY}"])]
    models: Annotated[
        tuple[Name, ...],
        Meta(
            description="The names that may be asked for with it, aliases included. Left out, all.",
            examples=[["fast", "openai/gpt-5-mini"]],
        ),
    ] = ()

    def __repr__(self) -> str:
        return masked_repr(self, "key")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return masked_fields(self, "key")


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """An OpenClaw configuration. Texts may hold `${env:NAME}` and `${file:PATH}`."""

    server: Annotated[Server, Meta(description="Where the gateway listens.")] = Server()
    discover: Annotated[
        tuple[Literal["env", "local"], ...],
        Meta(
            description=(
                "Where providers come from besides `providers`: `env` switches on every type whose key is in the"
                " environment, `local` looks for model servers on their usual ports of this machine."
            ),
            examples=[["env", "local"]],
        ),
    ] = ("env",)
    providers: Annotated[
        dict[str, ProviderDeclared],
        Meta(description="The providers by the names you give them; a name goes before a model's, as in `name/model`."),
    ] = {}
    aliases: Annotated[
        dict[str, Name | tuple[Name, ...]],
        Meta(
            description=(
                "Names of your own: each stands for one model or for several, tried in order. A member may be another"
                " alias; an alias's own name, inside it, means the model of that name."
            ),
            examples=[{"fast": "groq/llama-3.3-70b-versatile", "careful": ["openai/gpt-5.1", "anthropic/claude-x"]}],
        ),
    ] = {}
    keys: Annotated[
        tuple[KeyDeclared, ...],
        Meta(description="The keys that callers present. Without any, everyone on this machine may call."),
    ] = ()
    store: Annotated[StoreDeclared, Meta(description="What outlives a call.")] = StoreDeclared()
    limits: Annotated[LimitsDeclared, Meta(description="Bounds on what a caller may send.")] = LimitsDeclared()
    timeouts: Annotated[TimeoutsDeclared, Meta(description="Seconds that a provider may take.")] = TimeoutsDeclared()
