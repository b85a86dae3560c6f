"""Where a client's file is on this machine, and putting a text there at once."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from openclaw.clients.client import Place


def place_of(place: Place, env: Mapping[str, str], platform: str) -> Path:
    """For this user; `platform` is in the words of `sys.platform`."""
    folder = Path(dict(place.folders).get(platform, place.folder)).expanduser()
    for variable, inside in reversed(place.variables):
        if value := env.get(variable):
            folder = Path(value).expanduser() / inside
    there = [name for name in place.instead if (folder / name).exists()]
    return folder / (there[0] if there else place.name)


def write_whole(path: Path, text: str) -> None:
    """Put the text there at once, for its owner only; a link stays a link.

    Raises `OSError`; the old text is then whole.
    """
    path = path.resolve()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made with mode 0600.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
