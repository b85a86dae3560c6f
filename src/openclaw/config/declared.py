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
Count = Annotated[int, Meta(ge=0, le=2**53)]
Positive = Annotated[int, Meta(ge=1, le=2**53)]
Usd = Annotated[float, Meta(ge=0, le=1_000_000_000)]
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
    url: Annotated[
        Name | None,
        Meta(
            description=(
                "A PostgreSQL database instead of a file, for gateways on several machines; needs"
                " `openclaw-gateway[postgres]`. Its tables are made if they are not there."
            ),
            examples=["${env:OPENCLAW_STORE_URL}"],
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

    def __repr__(self) -> str:
        return masked_repr(self, "url")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return masked_fields(self, "url")


class BudgetDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """What may be spent in a window, for each scope of one kind: any of the amounts, each counted by itself."""

    name: Annotated[Name, Meta(description="What refusals and accounts call it.", examples=["daily"])]
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
    window: Annotated[
        str,
        Meta(
            pattern="^(lifetime|minute|hour|day|week|month|[1-9][0-9]{0,8}[smhd])$",
            description=(
                "What counts: all time (`lifetime`), the present calendar unit, or the last so many seconds, minutes,"
                " hours or days (`30s`, `5m`, `24h`, `7d`)."
            ),
            examples=["day", "5h"],
        ),
    ] = "lifetime"
    timezone: Annotated[Name, Meta(description="Whose calendar, as an IANA name.", examples=["Europe/Berlin"])] = "UTC"
    cost_usd: Annotated[Usd | None, Meta(description="US dollars.", examples=[20.0])] = None
    input_tokens: Annotated[Count | None, Meta(description="Input tokens.", examples=[5000000])] = None
    output_tokens: Annotated[Count | None, Meta(description="Output tokens.", examples=[500000])] = None
    tokens: Annotated[Count | None, Meta(description="Input and output tokens.", examples=[1000000])] = None
    requests: Annotated[
        Count | None, Meta(description="Calls; in the scope `run` these are its steps.", examples=[600])
    ] = None
    tool_calls: Annotated[
        Count | None,
        Meta(description="Tool calls that models ask for; an answer that has begun is let through whole."),
    ] = None
    concurrency: Annotated[Count | None, Meta(description="Calls at the same time.", examples=[20])] = None
    wall_s: Annotated[
        Seconds | None, Meta(description="For `run`: seconds from its first call on.", examples=[3600.0])
    ] = None
    depth: Annotated[Count | None, Meta(description="For `run`: how many runs may stand above one.", examples=[3])] = (
        None
    )
    on_exhausted: Annotated[
        Literal["refuse", "degrade", "pause"],
        Meta(
            description=(
                "`refuse` answers with 402 (money) or 429 (all else); `degrade` tries cheaper targets of the same"
                " request first; `pause` lets the call wait for `openclaw budget extend`, up to `pause_s`."
            ),
            examples=["degrade"],
        ),
    ] = "refuse"
    pause_s: Annotated[Seconds, Meta(description="How long `pause` waits, in seconds.", examples=[300.0])] = 300.0
    wrap_up: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=(
                "A part of each amount that comes on top of it once it is used up, so that an agent can finish; calls"
                " that draw on it are told in `x-openclaw-budget: wrap-up`."
            ),
            examples=[0.05],
        ),
    ] = 0.0


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
    budgets: Annotated[
        tuple[BudgetDeclared, ...],
        Meta(description="What may be spent. Several may hold for a call; the tightest decides."),
    ] = ()
    spending: Annotated[SpendingDeclared, Meta(description="How spending is counted.")] = SpendingDeclared()
    store: Annotated[StoreDeclared, Meta(description="What outlives a call.")] = StoreDeclared()
    limits: Annotated[LimitsDeclared, Meta(description="Bounds on what a caller may send.")] = LimitsDeclared()
    timeouts: Annotated[TimeoutsDeclared, Meta(description="Seconds that a provider may take.")] = TimeoutsDeclared()
