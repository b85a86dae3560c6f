"""Coding agents do a task with tools of their own, over a target of every dialect."""

from pathlib import Path

import pytest

from openclaw.sim import Script, ToolUse
from tests.agents.coding_agents import CODEX, CODING_AGENTS, FINAL, FIRST, SECOND, CodingAgent
from tests.agents.world import CACHE, KEY, TARGETS, World

AGENTS = [pytest.param(agent, marks=pytest.mark.client(agent.name), id=agent.name) for agent in CODING_AGENTS]
each_target = pytest.mark.parametrize("target", TARGETS)


@each_target
@pytest.mark.parametrize("agent", AGENTS)
def test_a_task_with_parallel_tools_is_done(agent: CodingAgent, target: str, home: Path) -> None:
    work = home / "work"
    work.mkdir()
    with World({"task": agent.turns(home)}) as world:
        started = agent.start(home, world.url, f"{target}/task")
        ended = world.run(started.command, home, started.env)
        assert (ended.returncode, FINAL in ended.stdout) == (0, True), ended.stdout + ended.stderr
        assert (work / "first.txt").read_text() == FIRST
        assert (work / "second.txt").read_text() == SECOND
        assert (work / "third.txt").read_text().split() == ["3"]
        world.check(agent.door, target, results=3)


@pytest.mark.client("codex")
@pytest.mark.parametrize("target", [target for target in TARGETS if target != "openresponses"])
def test_codex_works_by_the_tools_it_gives_openais_newest_models(target: str, home: Path) -> None:
    """They stand in the conversation, in a namespace, and the one that matters takes free text (a program)."""
    program = 'const done = await tools.exec_command({cmd: "echo by a program > first.txt"}); text(done);'
    turns = [Script(call=(ToolUse("functions__exec", {"input": program}),)), Script(say=FINAL)]
    with World({"task": turns}, aliases={"gpt-5.6-sol": f"{target}/task"}) as world:
        started = CODEX.start(home, world.url, "gpt-5.6-sol")
        ended = world.run(started.command, home, started.env)
        assert (ended.returncode, FINAL in ended.stdout) == (0, True), ended.stdout + ended.stderr
        assert (home / "work/first.txt").read_text() == "by a program\n"
        world.check("responses", target, results=1)


WHOLE_FILE = f"first.txt\n```\n{FIRST}```\n\n{FINAL}\n"


@pytest.mark.client("aider")
@each_target
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
def test_aider_writes_the_file_that_the_model_says(target: str, stream: bool, home: Path) -> None:
    """It calls no tools: the model's text is the edit. https://aider.chat/docs/llms/openai-compat.html"""
    command = [
        *(
            CACHE / "aider/bin/aider",
            "--model",
            f"openai/{target}/task",
            "--message",
            "Write first.txt",
            "--yes-always",
        ),
        *("--no-git", "--no-show-model-warnings", "--no-check-update", "--no-analytics"),
        *([] if stream else ["--no-stream"]),
        "first.txt",
    ]
    with World({"task": [Script(say=WHOLE_FILE)]}) as world:
        env = {"OPENAI_API_BASE": f"{world.url}/v1", "OPENAI_API_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        ended = world.run(command, home, env)
        assert (ended.returncode, FINAL in ended.stdout) == (0, True), ended.stdout + ended.stderr
        assert (home / "work/first.txt").read_text() == FIRST
        assert [record.stream for record in world.records] == [stream]
        world.check("chat", target, results=0)
