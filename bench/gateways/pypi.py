"""Gateways that install from PyPI, each into its own virtual environment."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def install_from_pypi(*requirements: str) -> Callable[[Path], Sequence[Sequence[str]]]:
    def commands(prefix: Path) -> Sequence[Sequence[str]]:
        return (
            (sys.executable, "-m", "venv", str(prefix)),
            (str(prefix / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *requirements),
        )

    return commands


def pypi_version(package: str) -> Callable[[Path], str]:
    def version(prefix: Path) -> str:
        code = f"import importlib.metadata as m; print(m.version({package!r}))"
        done = subprocess.run(
            [prefix / "bin" / "python", "-c", code], check=False, capture_output=True, text=True, timeout=30
        )
        return done.stdout.strip() or "not installed"

    return version
