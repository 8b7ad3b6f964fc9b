"""A folder of generated files, put in place as a whole: readers find the old one or the new one.

Not a stage. What belongs in the folder comes as bytes from `site` and `package`; a hidden mark in it
says what it was made from, so that a build with nothing new need not look at the rest.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from schemas.errors import LakeError

MARK = ".built"
_LINUX_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_MACOS_SWAP = 2  # RENAME_SWAP of renamex_np(2)
_HERE = -100  # AT_FDCWD


def mark(folder: Path) -> str | None:
    """What the folder was made from; None where it is not there, or was not made by `put`."""
    try:
        return (folder / MARK).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def put(target: Path, files: Mapping[str, bytes], made_from: str, keep: Sequence[str] = ()) -> None:
    """Make `target` a folder of exactly these files, by relative path, in one step.

    Files named in `keep` come along from the folder that is there. Written aside and flushed to disk
    first; what a write that died left is removed. Raises LakeError where the disk or the folder stands
    in the way: the folder there is then untouched.
    """
    aside = target.with_name(f".{target.name}.building")
    try:
        if aside.exists():
            shutil.rmtree(aside)
        for path, data in {**files, MARK: f"{made_from}\n".encode()}.items():
            _write(aside / path, data)
        for name in keep:
            if (target / name).exists():
                shutil.copy2(target / name, aside / name)
        for folder in [aside, *(path for path in aside.rglob("*") if path.is_dir())]:
            _sync(folder)
        _swap(aside, target)
        _sync(target.parent)
    except OSError as error:
        raise LakeError(
            f"cannot be written: {error.strerror or error}",
            file=str(target),
            hint="free some disk space or mend the folder, then run jvom build",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _swap(new: Path, target: Path) -> None:
    """`new` takes the place of `target`; where the system knows no exchange, in two renames."""
    if not target.exists():
        new.rename(target)
    elif not _exchange(new, target):
        old = target.with_name(f".{target.name}.replaced")
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two paths in one step; False where the system or the file system cannot."""
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return bool(library.renamex_np(*names, _MACOS_SWAP) == 0)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        return bool(library.renameat2(_HERE, names[0], _HERE, names[1], _LINUX_EXCHANGE) == 0)
    return False


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
