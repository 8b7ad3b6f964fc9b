"""Single files: taken in within bounds, and replaced in one step. Standard library only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import LakeError, SourceError

LARGEST = 50 * 2**20  # bytes; a report of some fifty pages stays far below


def take(path: Path, shown: str) -> bytes:
    """The bytes of a regular file, of which no more than `LARGEST` are ever in memory.

    Raises SourceError for a folder, a pipe or a device, at no or too many bytes, and where the file
    changes while it is read; `shown` is its name in messages.
    """
    try:
        _check_kind(path.stat().st_mode, shown)
        with open(path, "rb", opener=_opened) as stream:
            before = os.fstat(stream.fileno())
            _check_kind(before.st_mode, shown)
            check_size(before.st_size, shown)
            data = stream.read(before.st_size + 1)
            after = os.fstat(stream.fileno())
    except OSError as error:
        hint = "check that it is there and may be read"
        raise SourceError(f"cannot be read: {error.strerror}", file=shown, hint=hint) from error
    if len(data) != before.st_size or before.st_mtime_ns != after.st_mtime_ns:
        hint = "wait until it has been written, and run it again"
        raise SourceError("changes while it is read", file=shown, hint=hint)
    return data


def _opened(path: str, flags: int) -> int:
    """A pipe that takes the file's place meanwhile must not keep the opening waiting for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


def _check_kind(mode: int, shown: str) -> None:
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise SourceError(f"is {kind}", file=shown, hint="put the document itself there")


def check_size(size: int, shown: str) -> None:
    """Raises SourceError where a document has no or too many bytes."""
    if size == 0:
        raise SourceError("is empty", file=shown, hint="fetch the document again, or remove the file")
    if size > LARGEST:
        hint = "check that it is the report and not something else"
        raise SourceError(f"is {size:,} bytes, over the limit of {LARGEST:,}", file=shown, hint=hint)


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
