"""How each coding agent is started without a terminal, pointed at the gateway as its own documentation says."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openclaw.sim import Script, ToolUse
from tests.agents.world import CACHE, KEY

PROMPT = "Write the two files, then count their lines."
FIRST, SECOND = "written by an agent\n", "a second file\nwith 'quotes' and \\ and ü\n"
FINAL = "Both files are written."


@dataclass(frozen=True)
class Started:
    """A command line and what its environment adds."""

    command: Sequence[object]
    env: Mapping[str, str]


@dataclass(frozen=True)
class CodingAgent:
    """`door` is the one it uses. `start` prepares its home (with `work` in it) and gives its command for a gateway's
    URL and a model's name. `write` and `execute` are its own tools for a path and a text, and for a command line."""

    name: str
    door: str
    start: Callable[[Path, str, str], Started]
    write: Callable[[Path, str], ToolUse]
    execute: Callable[[str], ToolUse]

    def turns(self, home: Path) -> list[Script]:
        """Two calls in parallel after a thought and a word, one call alone, the end."""
        work = home / "work"
        writes = (self.write(work / "first.txt", FIRST), self.write(work / "second.txt", SECOND))
        return [
            Script(think="Two files are wanted.", say="I write both.", call=writes),
            Script(call=(self.execute("cat first.txt second.txt | wc -l > third.txt"),)),
            Script(say=FINAL),
        ]


def _npm(package: str, binary: str) -> Path:
    return CACHE / "npm" / package / "node_modules" / ".bin" / binary


def _write_settings(folder: Path, settings: Mapping[str, object]) -> None:
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(settings))


# --- Claude Code: https://code.claude.com/docs/en/llm-gateway ---


def _start_claude_code(home: Path, url: str, model: str) -> Started:
    command = [_npm("claude-code", "claude"), "-p", PROMPT, "--model", model, "--allowedTools", "Write,Bash"]
    env = {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_AUTH_TOKEN": KEY,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": model,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    return Started(command, env)


CLAUDE_CODE = CodingAgent(
    name="claude-code",
    door="messages",
    start=_start_claude_code,
    write=lambda path, text: ToolUse("Write", {"file_path": str(path), "content": text}),
    execute=lambda line: ToolUse("Bash", {"command": line, "description": "Count the lines"}),
)


# --- Codex CLI: https://developers.openai.com/codex/config-advanced ---

_CODEX_CONFIG = """
model = "{model}"
model_provider = "openclaw"
[model_providers.openclaw]
name = "OpenClaw"
base_url = "{url}/v1"
env_key = "OPENCLAW_KEY"
wire_api = "responses"
[analytics]
enabled = false
"""


def _start_codex(home: Path, url: str, model: str) -> Started:
    folder = home / ".codex"
    folder.mkdir()
    (folder / "config.toml").write_text(_CODEX_CONFIG.format(url=url, model=model))
    # Its own sandbox needs what a container does not have.
    command = [_npm("codex", "codex"), "exec", "--skip-git-repo-check", "--sandbox", "danger-full-access", PROMPT]
    return Started(command, {"OPENCLAW_KEY": KEY})


CODEX = CodingAgent(
    name="codex",
    door="responses",
    start=_start_codex,
    write=lambda path, text: ToolUse("exec_command", {"cmd": f"cat > {path} <<'END'\n{text}END"}),
    execute=lambda line: ToolUse("exec_command", {"cmd": line}),
)


# --- Gemini CLI: https://geminicli.com/docs/reference/configuration ---


def _start_gemini_cli(home: Path, url: str, model: str) -> Started:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    _write_settings(home / ".gemini", settings)
    command = [_npm("gemini-cli", "gemini"), "-p", PROMPT, "-m", model, "--approval-mode", "yolo"]
    env = {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": KEY, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    return Started(command, env)


GEMINI_CLI = CodingAgent(
    name="gemini-cli",
    door="gemini",
    start=_start_gemini_cli,
    write=lambda path, text: ToolUse("write_file", {"file_path": str(path), "content": text}),
    execute=lambda line: ToolUse("run_shell_command", {"command": line}),
)


# --- opencode: https://opencode.ai/docs/providers ---


def _start_opencode(home: Path, url: str, model: str) -> Started:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "OpenClaw",
        "options": {"baseURL": f"{url}/v1", "apiKey": KEY},
        "models": {model: {"name": model}},
    }
    config = {"provider": {"openclaw": provider}, "autoupdate": False, "share": "disabled", "permission": "allow"}
    (home / "work/opencode.json").write_text(json.dumps(config))
    binary = CACHE / "npm/opencode/node_modules/opencode-linux-x64/bin/opencode"
    env = {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1", "PWD": str(home / "work")}
    return Started([binary, "run", "-m", f"openclaw/{model}", PROMPT], env)


OPENCODE = CodingAgent(
    name="opencode",
    door="chat",
    start=_start_opencode,
    write=lambda path, text: ToolUse("write", {"filePath": str(path), "content": text}),
    execute=lambda line: ToolUse("bash", {"command": line, "description": "Count the lines"}),
)


# --- Qwen Code: https://qwenlm.github.io/qwen-code-docs ---


def _start_qwen_code(home: Path, url: str, model: str) -> Started:
    settings = {"privacy": {"usageStatisticsEnabled": False}, "general": {"enableAutoUpdate": False}}
    _write_settings(home / ".qwen", settings)
    command = [_npm("qwen-code", "qwen"), "-p", PROMPT, "--auth-type", "openai", "--approval-mode", "yolo"]
    return Started(command, {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": KEY, "OPENAI_MODEL": model})


QWEN_CODE = CodingAgent(
    name="qwen-code",
    door="chat",
    start=_start_qwen_code,
    write=lambda path, text: ToolUse("write_file", {"file_path": str(path), "content": text}),
    execute=lambda line: ToolUse("run_shell_command", {"command": line, "is_background": False}),
)

CODING_AGENTS = (CLAUDE_CODE, CODEX, GEMINI_CLI, OPENCODE, QWEN_CODE)
