"""Which clients are tried: those that the script has installed and was asked for."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    wanted = os.environ.get("OPENCLAW_AGENTS", "").split()
    for item in items:
        client = item.get_closest_marker("client")
        if client is not None and client.args[0] not in wanted:
            item.add_marker(pytest.mark.skip(reason=f"not asked for: sh scripts/test-agents.sh {client.args[0]}"))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home that no client has seen; gone at once, because some leave a hundred megabytes there."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)
