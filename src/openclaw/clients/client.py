"""What a client is: which door it speaks to, the lines it needs, the files it keeps."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

Door = Literal["Chat Completions", "Responses", "Embeddings", "Messages", "Gemini"]
DOOR_TITLES: Mapping[Door, str] = {
    "Chat Completions": "OpenAI Chat Completions",
    "Responses": "OpenAI Responses",
    "Embeddings": "OpenAI Embeddings",
    "Messages": "Anthropic Messages",
    "Gemini": "Gemini generateContent",
}
FileFormat = Literal["json", "toml", "yaml", "env"]
Language = Literal["sh", "python", "ts"] | FileFormat

# The default model is one that the catalogue has with the provider the other pages name first.
DEFAULT_URL = "http://127.0.0.1:4000"
DEFAULT_MODEL = "anthropic/claude-sonnet-4-5"
DEFAULT_KEY_ENV = "OPENCLAW_API_KEY"


class Connection(Struct, frozen=True):
    """What a client is pointed at. `url` is the gateway's root without a slash at its end; `key` None means that the
    client reads the variable `key_env`."""

    url: str = DEFAULT_URL
    model: str = DEFAULT_MODEL
    key_env: str = DEFAULT_KEY_ENV
    key: str | None = None


class Snippet(Struct, frozen=True):
    """Lines for a reader to put where the caption says.

    In the text `«url»` and `«model»` stand for themselves and `«key»` for the key as an expression of the language: a
    reference to the variable, or the quoted key. `without_key` are lines that a written key makes needless.
    """

    caption: str
    language: Language
    text: str
    without_key: bool = False


class Place(Struct, frozen=True):
    """Where a file is: `folder`, unless one of `variables` (name, folder inside its value) is set; the first wins.

    `instead` are names that win over `name` where such a file is there. `folders` overrides `folder` for a platform in
    the words of `sys.platform`.
    """

    folder: str
    name: str
    variables: tuple[tuple[str, str], ...] = ()
    instead: tuple[str, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()

    @property
    def shown(self) -> str:
        return f"{self.folder}/{self.name}"


class File(Struct, frozen=True):
    """A configuration file of a client, for one connection.

    `settings` are in the file's own shape, and are merged into what is there (`edit.merged`); `same` are the fields by
    which an element of a list is known again. `fresh` is what an empty file needs besides. `beware` are settings (with
    dots, as in `a.b`) that are the user's to change, with what they do: said where one is there.
    """

    place: Place
    format: FileFormat
    settings: Mapping[str, Any] | Sequence[Mapping[str, str]]
    same: tuple[str, ...] = ()
    fresh: Mapping[str, Any] = {}
    beware: Mapping[str, str] = {}


def _no_files(to: Connection) -> tuple[File, ...]:
    return ()


class Client(Struct, frozen=True):
    """`speaks` are its doors, the one it uses by default first; `mind` is what to mind, in a sentence or two."""

    name: str
    title: str
    speaks: tuple[Door, ...]
    mind: str
    aliases: tuple[str, ...] = ()
    files: Callable[[Connection], tuple[File, ...]] = _no_files
    snippets: tuple[Snippet, ...] = ()
