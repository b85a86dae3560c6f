"""`openclaw connect`: the lines are right for every client, and a client's file keeps what was in it."""

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from openclaw.cli.main import main
from openclaw.clients.client import DOOR_TITLES, Client, Connection, File, Snippet
from openclaw.clients.disk import place_of, write_whole
from openclaw.clients.edit import parse
from openclaw.clients.lines import blocks
from openclaw.clients.registry import CLIENTS, find_client

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "clients.md"
KEY = "sk-caller-1234567890"
WRITING = [client for client in CLIENTS if client.files(Connection())]
FORMS = [Connection(), Connection(url="https://gw.example.com", model="fast", key=KEY)]

each_client = pytest.mark.parametrize("client", CLIENTS, ids=[client.name for client in CLIENTS])
each_writing = pytest.mark.parametrize("client", WRITING, ids=[client.name for client in WRITING])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, without the variables that would lead elsewhere."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr("sys.platform", "linux")
    for client in WRITING:
        for file in client.files(Connection(key=KEY)):
            for variable, _ in file.place.variables:
                monkeypatch.delenv(variable, raising=False)
    return folder


def _client(name: str) -> Client:
    client = find_client(name)
    assert client is not None
    return client


def _files(client: Client) -> tuple[File, ...]:
    return client.files(Connection())


def _paths(client: Client, home: Path) -> list[Path]:
    return [home / file.place.shown.removeprefix("~/") for file in _files(client)]


# --- the lines --------------------------------------------------------------------------------------------------

_PARSERS: dict[str, Callable[[str], Any]] = {
    "python": lambda text: compile(text, "snippet.py", "exec"),
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}


@each_client
@pytest.mark.parametrize("to", FORMS, ids=["reference", "literal"])
def test_every_snippet_parses_and_leads_to_the_gateway(client: Client, to: Connection) -> None:
    found = blocks(client, to)
    assert found
    for block in found:
        assert _PARSERS.get(block.language, str)(block.text)
        assert not re.search("[«»]", block.text)
        assert block.text.endswith("\n")
        assert ("import os\n" in block.text) == ("os.environ" in block.text)
    text = "".join(block.text for block in found)
    assert to.url in text
    assert to.model in text
    assert (KEY if to.key else to.key_env) in text


@each_client
def test_an_address_has_its_version_where_the_client_does_not_add_it(client: Client) -> None:
    """Messages and Gemini clients add it themselves, but for Vercel's; one /v1 too many is the usual mistake."""
    for block in blocks(client, Connection(url="http://gw")):
        rests = set(re.findall(r"http://gw(/[\w/]*)?", block.text))
        about = f"{block.caption} {block.text}"
        vercel = client.name == "vercel-ai"
        if re.search(r"[Aa]nthropic[ (A-Z]|ANTHROPIC_|ChatAnthropic", about):
            assert rests == {"/v1" if vercel else ""}
        elif re.search(r"[Gg]oogle|GOOGLE_GEMINI", about):
            assert rests == {"/v1beta" if vercel else ""}
        else:
            assert rests <= {"/v1"}


def test_without_a_key_only_the_variable_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect", "openai", "--key-env", "TEAM_KEY"]) == 0
    assert 'api_key=os.environ["TEAM_KEY"]' in capsys.readouterr().out


@pytest.mark.parametrize("key", ["it's", 'a"b', "$HOME`x`\\", "«model»{key}"])
def test_a_key_of_any_characters_stays_a_key(key: str) -> None:
    to = Connection(key=key)
    python = blocks(_client("openai"), to)[0].text
    assert eval(re.findall(r"api_key=(.*)\)", python)[0]) == key  # noqa: S307
    codex = tomllib.loads(blocks(_client("codex"), to)[0].text)
    assert codex["model_providers"]["openclaw"]["experimental_bearer_token"] == key
    env = next(block.text for block in blocks(_client("gemini-cli"), to) if block.language == "env")
    assert parse(env, "env")["GEMINI_API_KEY"] == key
    assert yaml.safe_load(blocks(_client("continue"), to)[0].text)["models"][0]["apiKey"] == key


def test_names_and_aliases_are_unique() -> None:
    names = [name for client in CLIENTS for name in (client.name, *client.aliases)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


# --- the command ------------------------------------------------------------------------------------------------


def test_without_a_client_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(CLIENTS)]] == [client.name for client in CLIENTS]


@each_client
def test_what_is_printed_are_the_lines(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect", client.name, "--url", "http://gw.example/v1/", "--model", "fast"]) == 0
    out = capsys.readouterr().out
    for block in blocks(client, Connection(url="http://gw.example", model="fast")):
        assert f"{block.caption}:\n\n{block.text}" in out
    assert all(DOOR_TITLES[door] in out for door in client.speaks)


@pytest.mark.parametrize("name", ["openai", "claude", "codex", "gemini-cli", "Claude_Code", "pydantic-ai"])
def test_a_client_goes_by_its_usual_names(name: str) -> None:
    assert main(["connect", name]) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["claude-cod"], "did you mean 'claude-code'"),
        (["zzz"], "`openclaw connect` lists the clients"),
        (["codex", "--url", "127.0.0.1:4000"], "is no address"),
        (["codex", "--url", 'http://x"; rm'], "is no address"),
        (["codex", "--model", 'a"b'], "is no model name"),
        (["codex", "--model", "$(reboot)"], "is no model name"),
        (["codex", "--key-env", "MY KEY"], "is no name of an environment variable"),
        (["codex", "--key", "a\nb"], "one word of printable ASCII"),
        (["codex", "--key", "x", "--key-env", "Y"], "not allowed with argument"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["connect", *arguments])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


# --- writing ----------------------------------------------------------------------------------------------------

_THEIRS: dict[str, tuple[str, list[str], str]] = {
    # What a user may have there, lines of it that must survive, and something that does not parse.
    "settings.json": (
        '{\n    // mine\n    "theme": "dark",\n    "env": {"EDITOR": "vi"},\n'
        '    "permissions": {\n        "allow": ["Bash(ls)"], /* only this */\n    } // last\n}\n',
        ["    // mine", '    "theme": "dark",', '        "allow": ["Bash(ls)"], /* only this */'],
        '{"theme": "dark",, }',
    ),
    ".env": ('# mine\nOTHER="a\nb" # two lines\n', ["# mine", 'OTHER="a', 'b" # two lines'], "A=\0\n"),
    "opencode.json": (
        '{"$schema": "https://opencode.ai/config.json", "theme": "x", "provider": {"mine": {"npm": "a"}}}',
        [],
        "{",
    ),
    "config.toml": (
        '# mine\nmodel = "gpt-5" # as always\napproval_policy = "never"\n\n# tools\n[mcp_servers.x]\ncommand = "y"\n\n'
        '[model_providers.mine]\nname = "[model_providers.openclaw]"\n',
        ["# mine", 'approval_policy = "never"', "# tools", "[mcp_servers.x]", 'command = "y"'],
        'model = "gpt-5\n',
    ),
    "config.yaml": (
        "# mine\nname: Me\nversion: 0.0.1\nschema: v1\nmodels:\n  # the big one\n  - name: Big\n    provider: ollama\n"
        "    model: big # huge\nrules:\n  - be brief\n",
        ["# mine", "name: Me", "  # the big one", "  - name: Big", "    model: big # huge", "  - be brief"],
        "models: [\n",
    ),
    ".aider.conf.yml": (
        "# mine\nmodel: gpt-5   # as always\nread:\n  - CONVENTIONS.md\n# the end\n",
        ["# mine", "read:", "  - CONVENTIONS.md", "# the end"],
        "model: 'x\n",
    ),
    "extra-openai-models.yaml": (
        "# mine\n- model_id: mine\n  model_name: m # local\n",
        ["# mine", "- model_id: mine", "  model_name: m # local"],
        "- a: b: c\n",
    ),
}


def _write(client: Client, *more: str) -> int:
    return main(["connect", client.name, "--write", *more])


def _given(client: Client, home: Path, which: int) -> dict[Path, str]:
    """Put the user's files there."""
    texts = {path: str(_THEIRS[path.name][which]) for path in _paths(client, home)}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return texts


@each_writing
def test_a_new_file_holds_the_printed_lines(client: Client, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _write(client) == 0
    out = capsys.readouterr().out
    texts = [block.text for block in blocks(client, Connection())]
    for path, text in zip(_paths(client, home), texts, strict=False):
        assert path.read_text() == text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert f"{path}: written" in out
        assert list(path.parent.glob(f".{path.name}.*")) == []


@each_writing
@pytest.mark.parametrize("key", [(), ("--key", KEY)], ids=["reference", "literal"])
def test_a_file_keeps_what_is_in_it_and_a_second_run_changes_nothing(
    client: Client, key: tuple[str, ...], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _given(client, home, 0)
    assert _write(client, *key) == 0
    first = {path: path.read_text() for path in before}
    for path, text in first.items():
        assert [line for line in _THEIRS[path.name][1] if line not in text.splitlines()] == []
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    inodes = {path: path.stat().st_ino for path in before}
    capsys.readouterr()
    assert _write(client, *key) == 0
    assert {path: path.read_text() for path in before} == first
    assert {path: path.stat().st_ino for path in before} == inodes, "a file was written again for nothing"
    assert capsys.readouterr().out.count(": nothing to change") >= len(before)


@each_writing
def test_another_model_and_key_replace_the_first(client: Client, home: Path) -> None:
    _given(client, home, 0)
    assert _write(client, "--key", KEY) == 0
    assert _write(client, "--key", "sk-second", "--url", "http://other", "--model", "fast") == 0
    everything = "".join(path.read_text() for path in home.rglob("*") if path.is_file())
    assert KEY not in everything
    assert "sk-second" in everything
    assert "http://other" in everything


@each_writing
def test_a_broken_file_is_refused_and_untouched(client: Client, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _given(client, home, 2)
    assert _write(client) == 1
    captured = capsys.readouterr()
    assert re.search(r"does not parse as (JSON|YAML|TOML|ENV): .*; nothing was written", captured.err)
    assert str(next(iter(before))) in captured.err
    assert {path: path.read_text() for path in before} == before


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_not_read(make: Any, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = _paths(_client("codex"), home)
    path.parent.mkdir()
    make(path)
    assert _write(_client("codex")) == 1
    assert f"{path}: cannot be read: it is no file; nothing was written" in capsys.readouterr().err


def test_of_several_files_none_is_written_when_one_is_broken(home: Path) -> None:
    client = _client("gemini-cli")
    settings, env = _paths(client, home)
    settings.parent.mkdir()
    env.write_text("A=\0")
    assert _write(client) == 1
    assert not settings.exists()


@each_writing
def test_no_secret_is_written_unless_it_was_given_or_shown_when_written(
    client: Client, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENCLAW_API_KEY", KEY)
    assert _write(client) == 0
    assert KEY not in "".join(path.read_text() for path in home.rglob("*") if path.is_file())
    assert KEY not in capsys.readouterr().out
    assert _write(client, "--key", KEY) == 0
    assert KEY in "".join(path.read_text() for path in home.rglob("*") if path.is_file())
    assert _write(client, "--key", "sk-second") == 0
    changed = capsys.readouterr().out.split("Or in the shell")[0]  # those lines are asked for
    assert KEY not in changed
    assert "sk-second" not in changed


def test_what_changed_is_said_with_what_was_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _given(_client("codex"), home, 0)
    assert _write(_client("codex")) == 0
    out = capsys.readouterr().out
    assert "  model: anthropic/claude-sonnet-4-5 (was gpt-5)" in out
    assert "  model_providers.openclaw.env_key: OPENCLAW_API_KEY" in out


def test_a_setting_that_would_win_is_pointed_out_and_left(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / ".claude" / "settings.json"
    file.parent.mkdir()
    file.write_text('{"env": {"ANTHROPIC_AUTH_TOKEN": "sk-theirs"}}')
    assert _write(_client("claude")) == 0
    out = capsys.readouterr().out
    assert "note: env.ANTHROPIC_AUTH_TOKEN stands there too" in out
    assert "sk-theirs" not in out
    assert json.loads(file.read_text())["env"]["ANTHROPIC_AUTH_TOKEN"] == "sk-theirs"


def test_codex_has_one_form_of_key_at_a_time(home: Path) -> None:
    """With both, it would want the variable though it has the token."""
    (path,) = _paths(_client("codex"), home)
    for more, there, gone in (
        ((), "env_key", "experimental_bearer_token"),
        (("--key", KEY), "experimental_bearer_token", "env_key"),
        ((), "env_key", "experimental_bearer_token"),
    ):
        assert _write(_client("codex"), *more) == 0
        table = tomllib.loads(path.read_text())["model_providers"]["openclaw"]
        assert there in table
        assert gone not in table


def test_what_cannot_be_changed_safely_is_left_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_text('model_providers = { openclaw = { name = "x" } }\n')
    assert _write(_client("codex")) == 1
    assert "put the lines there by hand; nothing was written" in capsys.readouterr().err
    assert file.read_text() == 'model_providers = { openclaw = { name = "x" } }\n'


def test_the_first_model_of_continue_is_ours_and_the_others_follow(home: Path) -> None:
    _given(_client("continue"), home, 0)
    assert _write(_client("continue")) == 0
    config = yaml.safe_load((home / ".continue" / "config.yaml").read_text())
    assert [model["name"] for model in config["models"]] == ["OpenClaw", "Big"]
    assert config["name"] == "Me"


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_of_continue_gets_what_continue_needs(text: str, home: Path) -> None:
    (path,) = _paths(_client("continue"), home)
    path.parent.mkdir()
    path.write_text(text)
    assert _write(_client("continue")) == 0
    assert text in path.read_text()
    assert yaml.safe_load(path.read_text()) == yaml.safe_load(blocks(_client("continue"), Connection())[0].text)


def test_a_client_without_a_file_says_so_and_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect", "openai", "--write"]) == 0
    captured = capsys.readouterr()
    assert "keeps no file" in captured.err
    assert "OpenAI(base_url=" in captured.out


def test_print_shows_all_lines_also_when_writing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect", "codex", "--write", "--print"]) == 0
    assert blocks(_client("codex"), Connection())[0].text in capsys.readouterr().out


def test_files_are_where_the_clients_variables_say(home: Path) -> None:
    place = _files(_client("opencode"))[0].place
    assert place_of(place, {}, "linux") == home / ".config" / "opencode" / "opencode.json"
    assert place_of(place, {"XDG_CONFIG_HOME": "/x"}, "linux") == Path("/x/opencode/opencode.json")
    jsonc = home / ".config" / "opencode" / "opencode.jsonc"
    jsonc.parent.mkdir(parents=True)
    jsonc.touch()
    assert place_of(place, {}, "linux") == jsonc
    llm = _files(_client("llm"))[0].place
    assert place_of(llm, {}, "darwin").parent == home / "Library" / "Application Support" / "io.datasette.llm"
    assert place_of(llm, {"LLM_USER_PATH": "/l", "XDG_CONFIG_HOME": "/x"}, "linux").parent == Path("/l")
    assert place_of(_files(_client("gemini-cli"))[0].place, {"GEMINI_CLI_HOME": "/g"}, "linux") == Path(
        "/g/.gemini/settings.json"
    )


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles"
    real.write_text("old")
    link = tmp_path / "link"
    link.symlink_to(real)
    write_whole(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_write_that_fails_leaves_the_old_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, "new")
    assert [path.read_text() for path in tmp_path.iterdir() if path.is_file()] == ["old"]


# --- the page ---------------------------------------------------------------------------------------------------

_FENCES = {"env": "sh"}


def _fenced(block: Snippet) -> str:
    return f"{block.caption}:\n\n```{_FENCES.get(block.language, block.language)}\n{block.text}```\n"


def _section(client: Client) -> str:
    doors = ", ".join(DOOR_TITLES[door] for door in client.speaks)
    parts = [
        f"`openclaw connect {client.name}` · {doors}\n",
        f"{client.mind}\n",
        *map(_fenced, blocks(client, Connection())),
    ]
    return f"## {client.title}\n\n" + "\n".join(parts)


def _row(client: Client) -> str:
    doors = ", ".join(client.speaks)
    if files := _files(client):
        where = "`--write` writes " + ", ".join(f"`{file.place.shown}`" for file in files)
    else:
        where = "in its environment" if client.snippets[0].language == "sh" else "where your code makes the client"
    anchor = re.sub(r"[^\w\- ]", "", client.title.lower()).replace(" ", "-")
    return f"| [{client.title}](#{anchor}) | {doors} | {where} |"


def test_the_page_has_the_lines_that_are_printed() -> None:
    head, *sections = re.split(r"^(?=## )", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert [line for line in head.splitlines() if line.startswith("| [")] == [_row(client) for client in CLIENTS]
    assert [section.rstrip("\n") for section in sections] == [_section(client).rstrip("\n") for client in CLIENTS]
