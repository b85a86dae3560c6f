"""A gateway for the examples: `openclaw serve` as a process of its own, in front of simulated providers.

In real use you start it once, outside of your program: `openclaw serve -c openclaw.yaml`.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def gateway(config: str) -> Iterator[str]:
    """Serve a configuration on a free port; gives the base URL for a client."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "openclaw.yaml"
        file.write_text(config, "utf-8")
        command = [sys.executable, "-m", "openclaw.cli.main", "serve", "--config", str(file), "--port", "0"]
        process = subprocess.Popen([*command, "--log", "off"], stderr=subprocess.PIPE, text=True)  # noqa: S603
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.communicate()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        if match := re.search(r"listens on (http://\S+)", line):
            return match[1]
        said.append(line)
    raise RuntimeError(f"the gateway did not start:\n{''.join(said)}")
