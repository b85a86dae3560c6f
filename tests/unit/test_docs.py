"""The documentation says what the code does, as far as a program can tell."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import yaml

from openclaw.calls import FailureKind
from openclaw.config.compile import compile_config
from openclaw.config.declared import LimitsDeclared, TimeoutsDeclared
from openclaw.config.load import loads
from openclaw.gateway.answers import answer_headers
from openclaw.gateway.http1 import Http1Transport
from openclaw.providers.registry import installed_kinds
from openclaw.routing.hints import ROUTING_FIELDS
from openclaw.server.doors import Doors
from openclaw.sim import BEHAVIOURS, Script

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "openclaw"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])

page = pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])


def read(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


# --- errors ---------------------------------------------------------------------------------------------------


def test_every_kind_of_failure_has_its_heading() -> None:
    headings = set(re.findall(r"^### `(\w+)`$", read("reference/errors.md"), re.MULTILINE))
    assert headings == set(get_args(FailureKind))


def _codes() -> Iterator[tuple[str, str]]:
    for folder in ("gateway", "server"):
        for path in (SOURCE / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                    yield str(node.value.value), str(path.relative_to(ROOT))


def test_every_code_of_the_gateway_has_its_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", read("reference/errors.md"), re.MULTILINE)) - {"code"}  # the head row
    codes = dict(_codes())
    assert codes, "no code found: does this test still look at the right place?"
    assert rows == codes.keys()


# --- the HTTP API ---------------------------------------------------------------------------------------------


def _headers_set_by(module: str, function: str) -> set[str]:
    """First elements of `(b"name", value)` pairs inside a function of the gateway."""
    tree = ast.parse((SOURCE / "gateway" / module).read_text("utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    (found,) = [node for node in functions if node.name == function]
    pairs = [node.elts[0] for node in ast.walk(found) if isinstance(node, ast.Tuple) and len(node.elts) == 2]
    return {n.value.decode() for n in pairs if isinstance(n, ast.Constant) and isinstance(n.value, bytes)}


def test_every_header_of_an_answer_is_described() -> None:
    described = set(re.findall(r"^\| `([a-z-]+)` \|", read("reference/http-api.md"), re.MULTILINE))
    set_here = _headers_set_by("answers.py", answer_headers.__name__) | _headers_set_by("pipeline.py", "_refuse")
    assert "x-openclaw-call" in set_here
    assert "retry-after" in set_here
    assert set_here <= described


def test_every_door_is_described_in_both_places() -> None:
    text = read("reference/http-api.md")
    described = yaml.safe_load(read("reference/openapi.yaml"))["paths"]
    assert [
        path for path in (*Doors().by_path, *described) if f"`{path}`" not in text and f" {path}`" not in text
    ] == []
    assert {path for path in Doors().by_path if path.startswith("/v1/")} <= described.keys()


def test_every_limit_and_timeout_is_described_with_its_default() -> None:
    text = read("reference/http-api.md")
    example = yaml.safe_load(re.findall(r"^```yaml\n(limits:.*?)^```", read("guide/operations.md"), re.M | re.S)[0])
    for section, declared in (("limits", LimitsDeclared()), ("timeouts", TimeoutsDeclared())):
        assert example[section] == msgspec.structs.asdict(declared)
        assert [name for name in declared.__struct_fields__ if f"`{section}.{name}`" not in text] == []


def test_routing_fields_are_described() -> None:
    text = read("reference/http-api.md")
    assert [field for field in ROUTING_FIELDS if f"`{field}" not in text] == []


# --- the simulator --------------------------------------------------------------------------------------------


def test_the_simulators_behaviours_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `sim-(\w+)` \| (.+) \|$", read("guide/simulator.md"), re.MULTILINE)
    assert dict(rows) == {word: what for word, (what, _) in BEHAVIOURS.items()}


def test_every_field_of_a_script_is_described() -> None:
    text = read("guide/simulator.md")
    assert [field for field in Script.__struct_fields__ if f"`{field}`" not in text] == []


# --- providers and dependencies -------------------------------------------------------------------------------


# How a title is written in running text.
_SHORT = {"Azure OpenAI": "Azure", "OpenAI-compatible server": "any compatible server", "Ollama (native API)": "Ollama"}
_SHORT |= {"llama.cpp server": "llama.cpp"}


def test_every_provider_is_named_where_dialects_are_listed() -> None:
    text = read("reference/dialects.md")
    names = [_SHORT.get(kind.title, kind.title.removesuffix(" AI")) for kind in installed_kinds()]
    assert [name for name in names if name not in text] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    reasons = read("decisions/0002-dependencies.md")
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    names = [re.split(r"[<>=;\[ ]", requirement)[0] for requirement in wanted]
    assert [name for name in names if not re.search(rf"^\|.*\b{name}\b", reasons, re.MULTILINE)] == []


def test_every_decision_has_the_parts_of_the_template_and_is_listed() -> None:
    folder = DOCS / "decisions"
    parts = re.findall(r"^## .+$", (folder / "template.md").read_text("utf-8"), re.MULTILINE)
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in folder.glob("0*.md"))
    for name in listed:
        text = (folder / name).read_text("utf-8")
        assert re.findall(r"^## .+$", text, re.MULTILINE) == parts, name
        assert re.search(r"^# \d{4}: .+\n\nStatus: (proposed|accepted|replaced by )", text), name


# --- every page -----------------------------------------------------------------------------------------------


_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def _anchor(heading: str) -> str:
    """As repository hosts make them: lower case, without punctuation, spaces to hyphens."""
    text = re.sub(r"[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def _anchors(path: Path) -> set[str]:
    text = _FENCE.sub("", path.read_text("utf-8"))
    return {_anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@page
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for target in _LINK.findall(_FENCE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in _anchors(file)):
            broken.append(target)
    assert not broken


@page
def test_files_that_a_page_names_exist(path: Path) -> None:
    named = re.findall(r"`((?:\w[\w.-]*/)+[\w.-]+\.(?:py|md|sh|json|yaml|toml))`", path.read_text("utf-8"))
    bases = (ROOT, SOURCE, path.parent)
    invented = {"providers/NAME.py"}
    assert [name for name in named if name not in invented and not any((base / name).exists() for base in bases)] == []


_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")
# Pages whose configurations are tested where they are described.
_TESTED_ELSEWHERE = {"reference/configuration.md", "guide/from-litellm.md", "guide/clients.md"}
_CONFIGURATIONS = [
    pytest.param(block, id=f"{path.relative_to(ROOT)}:{number}")
    for path in PAGES
    if path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT).as_posix() not in _TESTED_ELSEWHERE
    for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", path.read_text("utf-8"), re.M | re.S))
]


@pytest.mark.parametrize("block", _CONFIGURATIONS)
def test_every_configuration_on_a_page_is_valid(block: str, tmp_path: Path) -> None:
    """With a key in the environment for every provider, and with what the page refers to."""
    env = {kind.key_env[0]: f"key-of-{kind.name}" for kind in installed_kinds() if kind.key_env}
    for kind, name in _REFERENCE.findall(block):
        if kind == "env":
            env[name] = f"value-of-{name}"
        else:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(f"secret-in-{name}\n")
    config = loads(block, "page.yaml", env, tmp_path)
    assert compile_config(config, env, file="page.yaml", new_transport=Http1Transport)


# --- examples -------------------------------------------------------------------------------------------------


def _run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "says"), [("fallback", "provider: claude"), ("agent_loop", 'says: {"forecast":"showers"}')]
)
def test_an_example_runs(name: str, says: str) -> None:
    assert says in _run(f"examples/{name}.py")


def test_the_example_of_a_users_tests_passes() -> None:
    assert "passed" in _run("-m", "pytest", "examples/test_my_agent.py")
