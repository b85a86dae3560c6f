"""Agents that write code in a terminal or an editor. Each keeps a configuration file of its own."""

from openclaw.clients.client import Client, Connection, File, Place, Snippet

# --- Claude Code: https://code.claude.com/docs/en/llm-gateway. The token is sent as a bearer, the address has no /v1,
# --- and the output of apiKeyHelper is sent where neither a token nor a key is set.


def _claude_code_files(to: Connection) -> tuple[File, ...]:
    place = Place("~/.claude", "settings.json", variables=(("CLAUDE_CONFIG_DIR", ""),))
    env = {
        "ANTHROPIC_BASE_URL": to.url,
        "ANTHROPIC_MODEL": to.model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": to.model,
    }
    if to.key is not None:
        return (File(place, "json", {"env": {**env, "ANTHROPIC_AUTH_TOKEN": to.key}}),)
    beware = {
        "env.ANTHROPIC_AUTH_TOKEN": f"it is sent to the gateway in place of {to.key_env}",
        "env.ANTHROPIC_API_KEY": "it wins over apiKeyHelper",
    }
    return (File(place, "json", {"env": env, "apiKeyHelper": f"printenv {to.key_env}"}, beware=beware),)


CLAUDE_CODE = Client(
    name="claude-code",
    title="Claude Code",
    aliases=("claude",),
    speaks=("Messages",),
    mind="The address has no /v1. What stands in `env` of the file wins over the shell; small background calls use the "
    "haiku model, so it is set too.",
    files=_claude_code_files,
    snippets=(
        Snippet(
            "Or in the shell, for one session",
            "sh",
            """\
export ANTHROPIC_BASE_URL=«url»
export ANTHROPIC_AUTH_TOKEN=«key»
export ANTHROPIC_MODEL=«model»
export ANTHROPIC_DEFAULT_HAIKU_MODEL=«model»
claude
""",
        ),
    ),
)

# --- Codex CLI: https://developers.openai.com/codex/config-advanced. `responses` is the only wire_api; ids of its own
# --- (`openai`) cannot be redefined, hence one of ours. With both forms of key it wants the variable.


def _codex_files(to: Connection) -> tuple[File, ...]:
    provider = {
        "name": "OpenClaw",
        "base_url": f"{to.url}/v1",
        "env_key": to.key_env if to.key is None else None,
        "experimental_bearer_token": to.key,
        "wire_api": "responses",
    }
    settings = {"model": to.model, "model_provider": "openclaw", "model_providers": {"openclaw": provider}}
    beware = {"profile": "the profile it names may choose another model or provider"}
    return (File(Place("~/.codex", "config.toml", (("CODEX_HOME", ""),)), "toml", settings, beware=beware),)


CODEX = Client(
    name="codex",
    title="Codex CLI",
    aliases=("codex-cli",),
    speaks=("Responses",),
    mind="The settings belong into the user's file: a project's cannot choose the provider.",
    files=_codex_files,
)

# --- Gemini CLI, read in version 0.61: the .env of the home is read in trusted folders only, and the environment wins
# --- over it.


def _gemini_cli_files(to: Connection) -> tuple[File, ...]:
    home = (("GEMINI_CLI_HOME", ".gemini"),)
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "model": {"name": to.model}}
    enforced = {"security.auth.enforcedType": "it must be gemini-api-key, or the CLI does not start"}
    env = {"GOOGLE_GEMINI_BASE_URL": to.url}
    in_file = {"GEMINI_API_KEY": "it is sent to the gateway unless the shell sets the variable"}
    if to.key is not None:
        env, in_file = {**env, "GEMINI_API_KEY": to.key}, {}
    return (
        File(Place("~/.gemini", "settings.json", home), "json", settings, beware=enforced),
        File(Place("~/.gemini", ".env", home), "env", env, beware=in_file),
    )


GEMINI_CLI = Client(
    name="gemini-cli",
    title="Gemini CLI",
    aliases=("gemini-code",),
    speaks=("Gemini",),
    mind="It reads the first `.env` from the project upwards, and its own only in a folder it trusts; the shell wins. "
    "Without a terminal it also wants GEMINI_CLI_TRUST_WORKSPACE=true.",
    files=_gemini_cli_files,
    snippets=(Snippet("In the shell", "sh", "export GEMINI_API_KEY=«key»\ngemini\n", without_key=True),),
)

# --- opencode: https://opencode.ai/docs/providers (custom provider), https://opencode.ai/docs/config (places,
# --- {env:NAME}).


def _opencode_files(to: Connection) -> tuple[File, ...]:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "OpenClaw",
        "options": {"baseURL": f"{to.url}/v1", "apiKey": to.key or f"{{env:{to.key_env}}}"},
        "models": {to.model: {"name": to.model}},
    }
    place = Place("~/.config/opencode", "opencode.json", (("XDG_CONFIG_HOME", "opencode"),), ("opencode.jsonc",))
    return (File(place, "json", {"model": f"openclaw/{to.model}", "provider": {"openclaw": provider}}),)


OPENCODE = Client(
    name="opencode",
    title="opencode",
    aliases=("open-code",),
    speaks=("Chat Completions", "Responses", "Messages"),
    mind="Every model to choose from has its line under `models`. A project's `opencode.json` wins over this file.",
    files=_opencode_files,
)

# --- Qwen Code, its own page "Model Providers" (0.24): a model is known by id and baseUrl, its key is read from
# --- `envKey`, and `env` of the file sets variables that the shell does not.


def _qwen_code_files(to: Connection) -> tuple[File, ...]:
    model = {
        "id": to.model,
        "name": f"OpenClaw: {to.model}",
        "baseUrl": f"{to.url}/v1",
        "envKey": to.key_env,
    }
    settings = {
        "modelProviders": {"openai": [model]},
        **({} if to.key is None else {"env": {to.key_env: to.key}}),
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": to.model},
    }
    beware = {
        "security.auth.enforcedType": "it must be openai, or Qwen Code does not start",
        "model.baseUrl": "it chooses among models of one id by their address",
    }
    place = Place("~/.qwen", "settings.json", (("QWEN_HOME", ""),))
    return (File(place, "json", settings, same=("id", "baseUrl"), beware=beware),)


QWEN_CODE = Client(
    name="qwen-code",
    title="Qwen Code",
    aliases=("qwen",),
    speaks=("Chat Completions",),
    mind="Every model to choose from is an element of `modelProviders.openai`.",
    files=_qwen_code_files,
)

# --- Continue: https://docs.continue.dev/reference. `secrets.NAME` is read from ~/.continue/.env or the environment.


def _continue_files(to: Connection) -> tuple[File, ...]:
    model = {
        "name": "OpenClaw",
        "provider": "openai",
        "model": to.model,
        "apiBase": f"{to.url}/v1",
        "apiKey": to.key or f"${{{{ secrets.{to.key_env} }}}}",
    }
    fresh = {"name": "Local", "version": "1.0.0", "schema": "v1"}
    place = Place("~/.continue", "config.yaml", (("CONTINUE_GLOBAL_DIR", ""),))
    return (File(place, "yaml", {"models": [model]}, same=("name",), fresh=fresh),)


CONTINUE = Client(
    name="continue",
    title="Continue",
    aliases=("cn",),
    speaks=("Chat Completions", "Embeddings"),
    mind="`cn` and the editors' extension read the same file; the extension finds the key in `~/.continue/.env`, `cn` "
    "in the environment too.",
    files=_continue_files,
)

# --- aider: https://aider.chat/docs/config/aider_conf.html. A key in the file would win over OPENAI_API_KEY.


def _aider_files(to: Connection) -> tuple[File, ...]:
    place = Place("~", ".aider.conf.yml")
    settings = {"model": f"openai/{to.model}", "openai-api-base": f"{to.url}/v1"}
    if to.key is not None:
        return (File(place, "yaml", {**settings, "openai-api-key": to.key}),)
    beware = {"openai-api-key": "it is sent to the gateway in place of OPENAI_API_KEY"}
    return (File(place, "yaml", settings, beware=beware),)


AIDER = Client(
    name="aider",
    title="aider",
    speaks=("Chat Completions",),
    mind="The first `openai/` says how it speaks and is taken off. It warns about names it does not know; that is "
    "harmless. A file in the repository wins over the one in the home.",
    files=_aider_files,
    snippets=(Snippet("In the shell", "sh", "export OPENAI_API_KEY=«key»\naider\n", without_key=True),),
)

CLIENTS = (CLAUDE_CODE, CODEX, GEMINI_CLI, OPENCODE, QWEN_CODE, CONTINUE, AIDER)
