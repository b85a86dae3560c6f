"""Chats: in the terminal and in the browser."""

from openclaw.clients.client import Client, Connection, File, Place, Snippet

# https://llm.datasette.io/en/stable/other-models.html#openai-compatible-models; the folder is click.get_app_dir's.
_LLM_VARIABLES = (("LLM_USER_PATH", ""), ("XDG_CONFIG_HOME", "io.datasette.llm"))
_LLM_FOLDERS = (
    ("darwin", "~/Library/Application Support/io.datasette.llm"),
    ("win32", "~/AppData/Roaming/io.datasette.llm"),
)


def _llm_place(name: str) -> Place:
    return Place("~/.config/io.datasette.llm", name, _LLM_VARIABLES, folders=_LLM_FOLDERS)


def _llm_files(to: Connection) -> tuple[File, ...]:
    model = {
        "model_id": f"openclaw/{to.model}",
        "model_name": to.model,
        "api_base": f"{to.url}/v1",
        "api_key_name": "openclaw",
    }
    models = File(_llm_place("extra-openai-models.yaml"), "yaml", [model], same=("model_id",))
    if to.key is None:
        return (models,)
    return models, File(_llm_place("keys.json"), "json", {"openclaw": to.key})


LLM = Client(
    name="llm",
    title="llm",
    speaks=("Chat Completions", "Responses"),
    mind="The key is one of its own: without `llm keys set openclaw` it sends OPENAI_API_KEY to the gateway. On macOS "
    "the folder is `~/Library/Application Support/io.datasette.llm`.",
    files=_llm_files,
    snippets=(
        Snippet("In the shell, once", "sh", "llm keys set openclaw --value «key»\n", without_key=True),
        Snippet("Ask", "sh", "llm -m openclaw/«model» Hello\n"),
    ),
)

# https://docs.openwebui.com/reference/env-configuration
OPEN_WEBUI = Client(
    name="open-webui",
    title="Open WebUI",
    aliases=("openwebui", "webui"),
    speaks=("Chat Completions", "Embeddings"),
    mind="The variables count at its first start only; later set the address under Admin Settings, Connections. It "
    "offers what `/v1/models` lists. In a container 127.0.0.1 is the container.",
    snippets=(
        Snippet(
            "In its environment",
            "sh",
            """\
export OPENAI_API_BASE_URLS=«url»/v1
export OPENAI_API_KEYS=«key»
export DEFAULT_MODELS=«model»
open-webui serve
""",
        ),
    ),
)

CLIENTS = (LLM, OPEN_WEBUI)
