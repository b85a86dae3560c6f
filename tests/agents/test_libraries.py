"""Libraries for agents call two tools in parallel and take a structured answer, over a target of every dialect.

Each of tool and schema output, plain and streamed, by every door that the library has a client for.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from openclaw.sim import Script, ToolUse
from tests.agents.world import CACHE, KEY, TARGETS, World

PROGRAMS = Path(__file__).parent / "programs"
REPORT = {"city": "Oslo", "celsius": 7, "time": "12:30"}
ASK_BOTH = Script(think="I must look.", call=(ToolUse("weather", {"city": "Oslo"}), ToolUse("clock", {"city": "Oslo"})))
BY_TOOL: Mapping[str, Sequence[Script]] = {
    "schema": [ASK_BOTH, Script(value=REPORT)],
    "tool": [ASK_BOTH, Script(call=(ToolUse(("final_result", "Report"), REPORT),))],
}
# Instructor has no loop: it forces the tool whose arguments are the answer.
FORCED: Mapping[str, Sequence[Script]] = {
    "schema": [Script(value=REPORT)],
    "tool": [Script(call=(ToolUse(("Report", "PartialReport"), REPORT),))],
    "parallel": [Script(call=(ToolUse("Weather", {"city": "Oslo"}), ToolUse("Clock", {"city": "Oslo"})))],
}
CALLED = ["clock Oslo", "weather Oslo"]


def case(client: str, door: str) -> Any:
    return pytest.param(client, door, marks=pytest.mark.client(client), id=f"{client}-{door}")


def ask(world: World, home: Path, client: str, door: str, target: str, outputs: str = "tool schema") -> list[Any]:
    """What the program tells of each variant."""
    env = {
        "GATEWAY_URL": world.url,
        "GATEWAY_KEY": KEY,
        "GATEWAY_DOOR": door,
        "GATEWAY_OUTPUTS": outputs,
        "GATEWAY_PACKAGES": str(CACHE / "npm" / client),
        # By the name clients tell what an Anthropic model can do, and whether a Google one is in a folder.
        "GATEWAY_MODEL": f"{target}/{{output}}" if door in ("chat", "responses") else aliased(target, "{output}"),
    }
    ended = world.run(program_of(client), home, env)
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]


def program_of(client: str) -> list[object]:
    program = PROGRAMS / f"{client.replace('-', '_')}_task"
    if client == "vercel-ai":
        return [CACHE / "npm/node/node_modules/.bin/node", program.with_suffix(".mjs")]
    place = "instructor" if client == "instructor" else "libraries"
    return [CACHE / place / "bin/python", program.with_suffix(".py")]


def aliased(target: str, output: str) -> str:
    return f"claude-sonnet-4-5-{target}-{output}"


def aliases(target: str) -> dict[str, str]:
    return {aliased(target, output): f"{target}/{output}" for output in FORCED}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("client", "door"),
    [
        *(case("pydantic-ai", door) for door in ("chat", "responses", "messages", "gemini")),
        *(case("langchain", door) for door in ("chat", "responses", "messages", "gemini")),
    ],
)
def test_parallel_tools_then_a_structured_answer(client: str, door: str, target: str, home: Path) -> None:
    with World(BY_TOOL, aliases(target)) as world:
        told = ask(world, home, client, door, target)
        assert [(one["output"], one["stream"]) for one in told] == [
            (output, stream) for output in ("tool", "schema") for stream in (False, True)
        ]
        assert all((one["report"], one["called"]) == (REPORT, CALLED) for one in told), told
        assert all(one["input_tokens"] for one in told), told
        # Pydantic AI always streams from Anthropic's models with large output bounds.
        streams = {True} if (client, door) == ("pydantic-ai", "messages") else {False, True}
        assert {record.stream for record in world.records} == streams
        world.check(door, target, results=2)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("client", "door"),
    [
        *(case("openai-agents", door) for door in ("chat", "responses")),
        *(case("vercel-ai", door) for door in ("chat", "responses", "messages", "gemini")),
    ],
)
def test_clients_without_output_tools_take_answers_that_fit_a_schema(
    client: str, door: str, target: str, home: Path
) -> None:
    with World(BY_TOOL, aliases(target)) as world:
        told = ask(world, home, client, door, target, outputs="schema")
        assert [one["stream"] for one in told] == [False, True]
        assert all((one["report"], one["called"]) == (REPORT, CALLED) for one in told), told
        assert all(one["input_tokens"] for one in told), told
        world.check(door, target, results=2)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("client", "door"), [case("instructor", door) for door in ("chat", "messages", "gemini")])
def test_instructor_reads_forced_tools_and_schemas(client: str, door: str, target: str, home: Path) -> None:
    with World(FORCED, aliases(target)) as world:
        told = ask(world, home, client, door, target)
        assert len(told) == 4
        called = [] if door == "gemini" else CALLED
        assert all((one["report"], one["called"]) == (REPORT, called) for one in told), told
        world.check(door, target, results=0)
