"""The only place that writes: aside, flushed to disk, then renamed. And reads within bounds.

Belongs here: single files and generated folders, whole or not at all, and whether bytes are a PDF; and that
a path may be a place in a bucket (`store.Remote`), so that nobody else need ask. Does not: what else a file
means, and the lake's own files, which DuckDB writes. An OSError is the caller's to explain; `writable`
does that for most.
"""

import ctypes
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pipelines.store import Remote
from schemas.errors import LakeError, SourceError

LARGEST = 50 * 2**20  # bytes; a report of some fifty pages stays far below
_FOREWORD = 65_536  # bytes that may stand before a PDF, as the head of a mail
_OBJECT = re.compile(rb"\n\d+ \d+ obj\b|\r\d+ \d+ obj\b")
_ASIDE = re.compile(r"\..+\.(?:[0-9a-f]{12}|building|replaced|backup-\d+|\d+)|.+\.duckdb\.building(?:\.\w+)?")
MARK = ".built"  # in a generated folder: what it was built from, and the SHA-256 of each of its files


def read_bounded(path: Path, name: str) -> bytes:
    """The bytes of a regular file, of which no more than `LARGEST` are ever in memory.

    Raises SourceError for a folder, a pipe or a device, at no or too many bytes, and where the file
    changes while it is read; `name` is how messages call it.
    """
    if isinstance(path, Remote):
        return _read_object(path, name)
    try:
        _check_kind(path.stat().st_mode, name)
        # A pipe that takes the file's place meanwhile must not keep the opening waiting for ever.
        with open(path, "rb", opener=lambda file, flags: os.open(file, flags | os.O_NONBLOCK)) as stream:
            before = os.fstat(stream.fileno())
            _check_kind(before.st_mode, name)
            check_size(before.st_size, name)
            data = stream.read(before.st_size + 1)
            after = os.fstat(stream.fileno())
    except OSError as error:
        hint = "check that it is there and may be read"
        raise SourceError(f"cannot be read: {error.strerror}", file=name, hint=hint) from error
    if len(data) != before.st_size or before.st_mtime_ns != after.st_mtime_ns:
        hint = "wait until it has been written, and run it again"
        raise SourceError("changes while it is read", file=name, hint=hint)
    return data


def _read_object(path: Remote, name: str) -> bytes:
    try:
        check_size(path.stat().st_size, name)
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise SourceError(
            "cannot be read: no such object", file=name, hint="check that it is there"
        ) from error
    check_size(len(data), name)
    return data


def _check_kind(mode: int, name: str) -> None:
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise SourceError(f"is {kind}", file=name, hint="put the document itself there")


def pdf_start(data: bytes) -> int:
    """Where a PDF begins, behind what a server or a mail has put before it; -1 if there is none.

    A text may mention how a PDF begins; in one, objects follow.
    """
    start = data.find(b"%PDF-", 0, _FOREWORD)
    opens = not data[: max(start, 0)].strip(b"\xef\xbb\xbf\r\n\t ")
    return start if opens or (b"\0" not in data[:start] and _OBJECT.search(data, start, start + 4096)) else -1


def is_pdf(data: bytes) -> bool:
    return pdf_start(data) >= 0


def is_docx(data: bytes) -> bool:
    """Whether these are a Word file's bytes: an archive whose table of contents names such a document."""
    return data.startswith(b"PK\x03\x04") and b"word/document.xml" in data


def format_of(data: bytes) -> Literal["pdf", "text", "docx"]:
    """The format by the bytes alone; what is neither PDF nor Word is a text until it is read."""
    return "pdf" if is_pdf(data) else "docx" if is_docx(data) else "text"


def check_size(size: int, name: str) -> None:
    """Raises SourceError where a document has no or too many bytes."""
    if size == 0:
        raise SourceError("is empty", file=name, hint="fetch the document again, or remove the file")
    if size > LARGEST:
        hint = "check that it is the report and not something else"
        raise SourceError(f"is {size:,} bytes, over the limit of {LARGEST:,}", file=name, hint=hint)


@contextmanager
def writable(name: str, hint: str) -> Iterator[None]:
    """Turns a refusal by the operating system, or a lock held for too long, into a LakeError."""
    try:
        yield
    except OSError as error:  # filelock.Timeout is one
        raise LakeError(f"cannot be written: {error.strerror or error}", file=name, hint=hint) from error


def get(path: Path) -> bytes | None:
    """The bytes of a file that this project wrote; None if it is missing or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def put(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all, also after a power cut; its folder is made if need be."""
    if isinstance(path, Remote):
        path.write(data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        with open(aside, "xb") as stream:
            stream.write(data)
        aside.chmod(mode)
        move_into_place(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def put_new(path: Path, data: bytes) -> bool:
    """Write a file as `put` does; False, and nothing is written, if there is one already."""
    if isinstance(path, Remote):
        return path.write(data, new=True)
    if path.exists():
        return False
    put(path, data)
    return True


def change(path: Path, renew: Callable[[], bytes | None]) -> bool:
    """Write what `renew` makes of a file as it is now; whether there was something to write (not None).

    Nobody else's change is lost: `exclusively` must be held, and an object in a bucket is replaced only in
    the version that was read, else `renew` is asked again. Raises LakeError where that does not end.
    """
    if not isinstance(path, Remote):
        if (data := renew()) is not None:
            put(path, data)
        return data is not None
    for _ in range(20):
        try:
            version = path.read_version()[1]
        except FileNotFoundError:
            version = None
        if (data := renew()) is None:
            return False
        if path.write(data, over=version, new=version is None):
            return True
    raise LakeError("is changed by others all the time", file=str(path), hint="run it again")


@contextmanager
def exclusively(guard: Path) -> Iterator[None]:
    """One process at a time holds the file `guard`; an OSError if it takes over a minute.

    In a bucket there is no such lock: there `put_new` and `change` see to it.
    """
    if isinstance(guard, Remote):
        yield
        return
    import filelock

    with filelock.FileLock(guard, timeout=60):
        yield


def put_folder(
    target: Path,
    files: Mapping[str, bytes | Path],
    built_from: str,
    keep: Sequence[str] = (),
    like: Path | None = None,
) -> None:
    """Make `target` a folder of exactly these files, by relative path, in one step.

    One that is given by its path is moved from there.
    Readers see the old folder or the new one. Files named in `keep` come along from the old one, and
    `built_from` is remembered, so that a build with nothing new need not look at the rest. Raises
    LakeError where the disk or the folder does not allow it: the old one is then untouched. In a bucket,
    which knows no such step, objects are put one by one and what they were built from comes last.

    A file that `target` had already, or that the folder `like` has, is the same file on disk from then on.
    """
    if isinstance(target, Remote):
        _put_objects(target, files, built_from, keep)
        return
    aside = target.with_name(f".{target.name}.building")
    with writable(str(target), "free some disk space or mend the folder, then run jvom build"):
        try:
            if aside.exists():  # of a writer that died
                shutil.rmtree(aside)
            for path, data in {**files, MARK: _mark(_hashes(files), built_from)}.items():
                (aside / path).parent.mkdir(parents=True, exist_ok=True)
                if any(_shared(folder / path, aside / path, data) for folder in (target, like) if folder):
                    continue
                if isinstance(data, Path):
                    shutil.move(data, aside / path)
                else:
                    (aside / path).write_bytes(data)
            for name in keep:
                if (target / name).exists():
                    shutil.copy2(target / name, aside / name)
            move_into_place(aside, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _shared(there: Path, here: Path, data: bytes | Path) -> bool:
    """Make `here` another name of the file `there`, if that has these bytes; False where it cannot be."""
    with suppress(OSError):  # it is not there, or the file system has no such names
        if isinstance(data, Path):
            same = there.stat().st_size == data.stat().st_size and sha256(there) == sha256(data)
        else:
            same = there.stat().st_size == len(data) and there.read_bytes() == data
        if same:
            os.link(there, here)
        return same
    return False


def drop_older(folder: Path, age: float, *, but: str) -> None:
    """Remove what is in a folder for longer than `age` seconds, once: when `but` is not in it yet."""
    if isinstance(folder, Remote) or not folder.is_dir() or (folder / but).exists():
        return
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process was first
            if path.stat().st_mtime < time.time() - age:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def enlist(folder: Path, files: Mapping[str, bytes]) -> None:
    """Add files to the list of a folder that only grows; `altered` then holds them against it.

    The lake's lock must be held: of two that do so at the same time one would be lost.
    """
    put(folder / MARK, _mark(_listed(folder) | _hashes(files), "one after the other"))


def _hashes(files: Mapping[str, bytes | Path]) -> dict[str, str]:
    return {
        path: sha256(data) if isinstance(data, Path) else hashlib.sha256(data).hexdigest()
        for path, data in files.items()
    }


def sha256(file: Path) -> str:
    """The hash of a file in hexadecimal, whatever its size. Raises OSError."""
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _mark(hashes: Mapping[str, str], built_from: str) -> bytes:
    listed = "".join(f"{sha256}  {path}\n" for path, sha256 in hashes.items())
    text = f"{built_from}\n{listed}".encode()
    return text + f"{hashlib.sha256(text).hexdigest()}  {MARK}\n".encode()


def _put_objects(
    target: Remote, files: Mapping[str, bytes | Path], built_from: str, keep: Sequence[str]
) -> None:
    """The folder as objects: what has changed by the old list, then the list, then what is in it no more."""
    before, hashes = _listed(target), _hashes(files)
    for path, data in files.items():
        if before.get(path) != hashes[path]:
            put(target / path, data.read_bytes() if isinstance(data, Path) else data)
    put(target / MARK, _mark(hashes, built_from))
    for path in before.keys() - files.keys() - set(keep):
        (target / path).unlink(missing_ok=True)


def leftovers(folder: Path) -> Iterator[Path]:
    """Files and folders that a writer which died had not put in their place: nothing ever reads them."""
    if isinstance(folder, Remote):  # objects are there whole, or not
        return
    for path in sorted(folder.glob("*")):
        if _ASIDE.fullmatch(path.name):
            yield path
        elif path.is_dir() and not path.is_symlink():
            yield from leftovers(path)


def built_from(folder: Path) -> str | None:
    """What a folder was built from; None if it is not there or `put_folder` did not make it."""
    first, *listed = (get(folder / MARK) or b"").decode(errors="replace").splitlines() or [""]
    return first if listed else None


def altered(folder: Path) -> Iterator[tuple[str, str]]:
    """Files of a generated folder that are not as `put_folder` wrote them: each path, and what is wrong.

    Raises LakeError where the list of its files cannot be read. A file that came along is not in it.
    """
    listed = _listed(folder)
    if not listed:
        hint = "run jvom build, which makes it again"
        raise LakeError("does not list its files", file=str(folder / MARK), hint=hint)
    text, _, last = (get(folder / MARK) or b"").removesuffix(b"\n").rpartition(b"\n")
    if (
        last.endswith(f"  {MARK}".encode())
        and last.split()[0] != hashlib.sha256(text + b"\n").hexdigest().encode()
    ):
        yield MARK, "is not as it was written: the hash of itself at its end is another"
    for path, expected in listed.items():
        data = get(folder / path)
        if data is None:
            yield path, "is gone or cannot be read"
        elif (found := hashlib.sha256(data).hexdigest()) != expected:
            yield path, f"has SHA-256 {found}, recorded was {expected}"


def unlisted(folder: Path) -> set[str]:
    """Files of a generated folder that its list does not have: what somebody put there, or what it kept."""
    files = (file for file in folder.rglob("*") if isinstance(file, Remote) or not file.is_dir())
    there = {str(file.relative_to(folder)) for file in files}
    return there - {MARK, *_listed(folder)}


def _listed(folder: Path) -> dict[str, str]:
    """The list of a generated folder, its own line aside: path → SHA-256."""
    lines = (get(folder / MARK) or b"").decode(errors="replace").splitlines()[1:]
    parted = (line.partition("  ") for line in lines)
    return {path: sha256 for sha256, _, path in parted if path != MARK}


def move_into_place(aside: Path, target: Path) -> None:
    """Flush a file or a whole folder to disk, then let it take the place of `target` in one step.

    After a folder took the place of another, the other is at `aside` or gone.
    """
    for path in (*aside.rglob("*"), aside):
        sync(path)
    if not aside.is_dir() or not target.exists():
        aside.replace(target)
    elif not _exchange(aside, target):  # two steps, on a system that knows no exchange
        old = target.with_name(f".{target.name}.replaced")
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        aside.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    sync(target.parent)


def sync(path: Path) -> None:
    """Flush a file, or a folder's entries, to disk; an object in a bucket is there once it was put."""
    if isinstance(path, Remote):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two paths in one step; False if the system or the file system cannot."""
    library = ctypes.CDLL(None)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(library, "renameat2"):  # Linux: AT_FDCWD, RENAME_EXCHANGE
        return bool(library.renameat2(-100, names[0], -100, names[1], 2) == 0)
    return hasattr(library, "renamex_np") and bool(library.renamex_np(*names, 2) == 0)  # macOS: RENAME_SWAP
