"""What the operator may write: the configuration file as types.

Field names are the file's keys. The notes on each field (what it means, its range, an example) become the published
JSON Schema, and the loader checks ranges by them, so the two cannot disagree. Every field has a default except where
none can be right, so an empty file (and none at all) is a working configuration.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from openclaw.budget.terms import SECONDS_MAX, BudgetTerms, Count, Name, Seconds
from openclaw.providers.secrecy import masked_fields, masked_repr

Bytes = Annotated[int, Meta(ge=1, le=2**40)]
Positive = Annotated[int, Meta(ge=1, le=2**53)]


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the gateway listens. Read at start only: a reload does not move a listening socket."""

    host: Annotated[
        Name,
        Meta(
            description=(
                "The address to listen on. On anything beyond this machine every caller needs a key, whether or not"
                " there is one yet."
            ),
            examples=["127.0.0.1", "0.0.0.0"],  # noqa: S104 - an example of what needs keys
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="The TCP port; 0 takes any free one.", examples=[4000])] = (
        4000
    )


class AdminDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """The API for those who run the gateway: a listener of its own."""

    token: Annotated[
        str | None,
        Meta(
            description=(
                "What its callers present, as `Authorization: Bearer TOKEN`; at least 16 characters. Left out, there is"
                " no such API."
            ),
            examples=["${env:OPENCLAW_ADMIN_TOKEN}"],
        ),
    ] = None
    host: Annotated[Name, Meta(description="The address to listen on. Read at start only.", examples=["127.0.0.1"])] = (
        "127.0.0.1"
    )
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="The TCP port; 0 takes any free one. Read at start only.",
            examples=[4001],
        ),
    ] = 4001

    def __repr__(self) -> str:
        return masked_repr(self, "token")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return masked_fields(self, "token")


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
    url: Annotated[
        Name | None,
        Meta(
            description=(
                "A PostgreSQL database instead of a file, for gateways on several machines; needs"
                " `openclaw-gateway[postgres]`. Its tables are made if they are not there."
            ),
            examples=["postgresql://openclaw:${env:DATABASE_PASSWORD}@db.example/openclaw"],
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
    ledger_days: Annotated[
        Annotated[float, Meta(gt=0, le=36500)] | None,
        Meta(
            description=(
                "How long an attempt stands in the ledger, in days; older ones and runs without a call since then are"
                " deleted once a day. What windows still count stays counted. Left out, for ever."
            ),
            examples=[400.0],
        ),
    ] = None

    def __repr__(self) -> str:
        return masked_repr(self, "url")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return masked_fields(self, "url")


class BudgetDeclared(BudgetTerms, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be spent in a window, for each scope of one kind: any of the amounts, each counted by itself."""

    scope: Annotated[
        Literal["gateway", "organization", "team", "key", "user", "tag", "route", "model", "provider", "run"],
        Meta(
            description=(
                "Whose spending counts: everything (`gateway`), or each one's of a kind. `route` is the name that was"
                " asked for, `model` and `provider` are who answers, `run` is one task of an agent with all its parts."
            ),
            examples=["key"],
        ),
    ]
    only: Annotated[
        tuple[Name, ...],
        Meta(description="The scopes of that kind that it is for, by name. Left out, each.", examples=[["team-a"]]),
    ] = ()
    wall_s: Annotated[
        Seconds | None, Meta(description="For `run`: seconds from its first call on.", examples=[3600.0])
    ] = None
    depth: Annotated[Count | None, Meta(description="For `run`: how many runs may stand above one.", examples=[3])] = (
        None
    )


class SpendingDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """How spending is counted."""

    unknown_price: Annotated[
        Literal["refuse", "allow"],
        Meta(
            description=(
                "A model whose price is not known, under a limit in dollars: `refuse` it, or `allow` it uncounted."
                " The cost of such a call is null either way."
            ),
            examples=["allow"],
        ),
    ] = "refuse"
    tokens_per_byte: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description=(
                "Tokens that a byte of input is at most, for what is reserved before an attempt. 1 is true of every"
                " text; 0.5 of most, and reserves half as much."
            ),
            examples=[0.5],
        ),
    ] = 1.0
    output_tokens_max: Annotated[
        Positive | None,
        Meta(
            description=(
                "What is reserved for an answer where the request sets no bound. Left out, the most that the model can"
                " write. A longer answer is booked whole."
            ),
            examples=[16384],
        ),
    ] = None
    wait_s: Annotated[
        float,
        Meta(
            ge=0,
            le=SECONDS_MAX,
            description=(
                "How long a call waits, in seconds, where a limit would have enough if calls under way gave back what"
                " they have reserved and will not use. Read at start only."
            ),
            examples=[10.0],
        ),
    ] = 30.0
    loop_repeats_max: Annotated[
        Annotated[int, Meta(ge=2)] | None,
        Meta(
            description=(
                "How often a run may get the same result for the same tool call with the same arguments; the next call"
                " is refused with `loop_detected`. Left out, as often as it likes."
            ),
            examples=[5],
        ),
    ] = None
    durability: Annotated[
        Literal["process", "power"],
        Meta(
            description=(
                "What a settled call outlasts before its answer ends: the death of this process, or a loss of power"
                " (waits for the disk)."
            ),
            examples=["power"],
        ),
    ] = "process"


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
    organization: Annotated[
        Name | None, Meta(description="Whose it is, for budgets and reports.", examples=["acme"])
    ] = None
    team: Annotated[Name | None, Meta(description="The same, by team.", examples=["research"])] = None
    user: Annotated[Name | None, Meta(description="The same, by person.", examples=["ada"])] = None
    tags: Annotated[
        tuple[Name, ...], Meta(description="Labels for budgets and reports.", examples=[["ci", "nightly"]])
    ] = ()

    def __repr__(self) -> str:
        return masked_repr(self, "key")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return masked_fields(self, "key")


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """An OpenClaw configuration. Texts may hold `${env:NAME}` and `${file:PATH}`."""

    server: Annotated[Server, Meta(description="Where the gateway listens.")] = Server()
    admin: Annotated[AdminDeclared, Meta(description="The API for those who run the gateway.")] = AdminDeclared()
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
        Meta(
            description=(
                "The keys that callers present, beside those made with `openclaw keys`. Without any, everyone on this"
                " machine may call."
            )
        ),
    ] = ()
    budgets: Annotated[
        tuple[BudgetDeclared, ...],
        Meta(description="What may be spent. Several may hold for a call; the tightest decides."),
    ] = ()
    spending: Annotated[SpendingDeclared, Meta(description="How spending is counted.")] = SpendingDeclared()
    store: Annotated[StoreDeclared, Meta(description="What outlives a call.")] = StoreDeclared()
    limits: Annotated[LimitsDeclared, Meta(description="Bounds on what a caller may send.")] = LimitsDeclared()
    timeouts: Annotated[TimeoutsDeclared, Meta(description="Seconds that a provider may take.")] = TimeoutsDeclared()
