"""The secret of the caller keys as a file beside the database, for its owner alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from openclaw.gateway.key_store import SECRET_BYTES


def read_secret(file: Path) -> bytes | None:
    """None when there is none. Raises `OSError`, also where it is not whole."""
    try:
        secret = file.read_bytes()
    except FileNotFoundError:
        return None
    if len(secret) != SECRET_BYTES:
        raise OSError(f"{file} is not {SECRET_BYTES} bytes long")
    return secret


def make_secret(file: Path) -> bytes:
    """The secret of the file, made if it is not there. Two processes get the same. Raises `OSError`."""
    if (there := read_secret(file)) is not None:
        return there
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(secrets.token_bytes(SECRET_BYTES))
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):  # another process was first
            os.link(draft, file)  # whole or not at all, and over nothing
    finally:
        draft.unlink()
    made = read_secret(file)
    assert made is not None, "it was linked, or was there"
    return made
