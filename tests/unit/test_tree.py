"""The tree checks itself: what the import linter and the type checker cannot see."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "openclaw"
MODULES = sorted(SOURCE.rglob("*.py"))

# Places where an import has to wait until its module is asked for, by `import_module`, which is named there.
BANNED_CALLS = {
    "eval": "callers must never reach an evaluator",
    "exec": "callers must never reach an evaluator",
    "print": "only commands speak to a terminal",
    "time.sleep": "it blocks the event loop",
    "os.system": "no shell",
}


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in MODULES:
        yield path, ast.parse(path.read_text("utf-8"))


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        f"{path.relative_to(ROOT)}:{inner.lineno}"
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert not hidden


def test_no_banned_call() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name} ({BANNED_CALLS[name]})"
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (name := _name(node.func)) in BANNED_CALLS
        if not (name == "print" and "cli" in path.parts)
    ]
    assert not found


def test_no_module_keeps_state() -> None:
    """A module-level list, dict or set that is made empty is one that something fills."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in _trees()
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.List | ast.Dict | ast.Set)
        and not getattr(node.value, "elts", getattr(node.value, "keys", None))
    ]
    found += [f"{p.relative_to(ROOT)}: global" for p, t in _trees() for n in ast.walk(t) if isinstance(n, ast.Global)]
    assert not found


def test_broad_excepts_are_boundaries() -> None:
    """`except Exception` and `except BaseException` stand at the request boundary, at that of a background task that
    must go on, and where an event loop's callback hands an error to the task that waits for it, or raise again."""
    found = []
    for path, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and (node.type is None or _name(node.type) in BROAD):
                raises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
                if not raises and path.relative_to(SOURCE).as_posix() not in BOUNDARIES:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


BROAD = {"Exception", "BaseException"}
BOUNDARIES = {
    "gateway/pipeline.py",
    "server/admin/app.py",
    "gateway/http1.py",
    "server/own_node.py",
    "server/own_keys.py",
}


def test_every_module_says_what_it_is() -> None:
    silent = [str(path.relative_to(ROOT)) for path, tree in _trees() if not ast.get_docstring(tree)]
    assert not silent


def test_every_module_is_imported_by_somebody() -> None:
    text = "\n".join(path.read_text("utf-8") for path in [*MODULES, *(ROOT / "tests").rglob("*.py")])
    unused = []
    for path in MODULES:
        if path.name in ("__init__.py", "main.py") or "migrations" in path.parts:  # Alembic finds those by their folder
            continue
        name = path.stem
        imported = re.search(rf"(from|import) [\w.]*\b{name}\b|import [^\n]*\b{name}\b|[\"'.]{name}[\"']", text)
        if not imported and not re.search(rf"^    {name},$", text, re.MULTILINE):
            unused.append(str(path.relative_to(ROOT)))
    assert not unused


# A registry's host, somebody's home, a key that looks real.
FORBIDDEN_TEXT = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|/home/\w+/|/root/|/work/|sk-(?:proj|ant)-[A-Za-z0-9]{16,}|AKIA[0-9A-Z]{16}"
)


@pytest.mark.parametrize("folder", ["src", "tests", "bench", "docs", "scripts", "examples", "requirements", ".ci"])
def test_no_file_names_a_machine_a_registry_or_a_key(folder: str) -> None:
    this = Path(__file__).resolve()
    found = []
    for path in (ROOT / folder).rglob("*"):
        if not path.is_file() or path.suffix == ".pyc" or path.resolve() == this or "results" in path.parts:
            continue
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if FORBIDDEN_TEXT.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not found
