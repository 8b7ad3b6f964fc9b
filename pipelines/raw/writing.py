"""Writing whole files: aside, flushed to disk, then in place in one step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import LakeError


@contextmanager
def writable(shown: str, hint: str) -> Iterator[None]:
    """An operating system's refusal, or a lock held for too long, as a LakeError."""
    try:
        yield
    except OSError as error:  # filelock.Timeout is one
        raise LakeError(f"cannot be written: {error.strerror or error}", file=shown, hint=hint) from error


def replace(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write aside, flush to disk, then take the place of `path` in one step."""
    aside = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
