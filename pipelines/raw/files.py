"""The files in `raw/`, which of them an edition is read from, and their bytes, hash checked."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path, PurePath

from pipelines.files import check_size, put, read_bounded, writable
from pipelines.model import Fidelity, SourceFile, SourceFormat
from pipelines.raw.locked import guarded, lock_entries
from schemas.errors import JvomError, Problems, SourceError

NOTICE = "[Ingekorte uitgave"  # opens one of the first lines of an abridged edition
NOTICE_LINES = 5

_RANK: dict[Fidelity, int] = {"abridged": 0, "full text": 1, "official file": 2}


def scan(raw: Path) -> dict[int, tuple[SourceFile, ...]]:
    """The source files now in `raw/<year>/`, as `survey` finds them.

    Raises SourceError (or Problems with several of them) at what should be a source and is none.
    """
    found, wrong = survey(raw)
    problems = [problem for of_year in wrong.values() for problem in of_year]
    if problems:
        raise problems[0] if len(problems) == 1 else Problems(problems)
    return found


def survey(raw: Path) -> tuple[dict[int, tuple[SourceFile, ...]], dict[int | None, list[JvomError]]]:
    """The source files of each year, hashed, oldest to newest; and what cannot be a source, by year.

    Age is the order of the lock; files that the lock does not know come last, by name. Dotfiles,
    `*.md` and backups (`~`) are no sources. What belongs to no edition stands under None. Raises
    SourceError where `raw` cannot be listed.
    """
    wrong: dict[int | None, list[JvomError]] = {}
    locked = lock_entries(raw)
    found: dict[int, tuple[SourceFile, ...]] = {}
    for folder in _listed(raw, str(raw)):
        if not re.fullmatch(r"[0-9]{4}", folder.name):
            if folder.is_dir() or folder.suffix.lower() in {".pdf", ".txt"}:
                hint = "put it in a folder named by the year in which the report was sent, such as raw/2025/"
                stray = SourceError("belongs to no edition", file=f"raw/{folder.name}", hint=hint)
                wrong.setdefault(None, []).append(stray)
            continue
        problems: list[JvomError] = []
        files = _described_in(folder, raw, problems)
        if files:
            found[int(folder.name)] = _by_age(files, locked.get(int(folder.name), []))
        if problems:
            wrong[int(folder.name)] = problems
    return found, wrong


def _described_in(folder: Path, raw: Path, problems: list[JvomError]) -> list[SourceFile]:
    """The sources of one year's folder; what cannot be one goes to `problems`."""
    files = []
    try:
        paths = _listed(folder, _shown(folder, raw))
    except SourceError as error:
        problems.append(error)
        return []
    for path in paths:
        try:
            _check_name(path.name, _shown(folder, raw))
            files.append(described(_inside(path, raw), int(folder.name), _shown(path, raw)))
        except SourceError as error:
            problems.append(error)
    return files


def _listed(folder: Path, shown: str) -> list[Path]:
    """Entries that may be sources, by name."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        hint = "it must be a folder that can be read; --raw DIR names another raw/"
        raise SourceError(f"cannot be listed: {error.strerror}", file=shown, hint=hint) from error
    return [e for e in entries if not e.name.startswith(".") and not e.name.endswith(("~", ".md"))]


def _by_age(files: list[SourceFile], locked: list[SourceFile]) -> tuple[SourceFile, ...]:
    """Files by the place of the lock's last entry for the path; last where the bytes are others."""
    last = {entry.path: (place, entry.sha256) for place, entry in enumerate(locked)}

    def age(file: SourceFile) -> tuple[int, str]:
        place, sha256 = last.get(file.path, (0, None))
        return (place if sha256 == file.sha256 else len(locked), file.path)

    return tuple(sorted(files, key=age))


def _shown(path: Path, raw: Path) -> str:
    return f"raw/{path.relative_to(raw).as_posix()}"


def _check_name(name: str, folder: str) -> None:
    """A name with a line break, or that is no UTF-8 (`Cs`), fits in no message, lock or published row."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        shown = f"{folder}/{name.encode('unicode_escape').decode('ascii')}"
        hint = "rename the file; its name counts for nothing"
        raise SourceError("has control characters in its name, or no UTF-8", file=shown, hint=hint)


def _inside(path: Path, raw: Path) -> bytes:
    if not path.resolve().is_relative_to(raw.resolve()):
        hint = "copy the file itself into raw/"
        raise SourceError("is a link to outside raw/", file=_shown(path, raw), hint=hint)
    return read_bounded(path, _shown(path, raw))


def described(data: bytes, edition_year: int, shown: str) -> SourceFile:
    """Bytes as a source file: format and fidelity by content, never by the file's name."""
    kind: SourceFormat = "pdf" if data[:1024].lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"%PDF-") else "text"
    fidelity: Fidelity = "official file" if kind == "pdf" else "full text"
    if kind == "text":
        first = data.split(b"\n", NOTICE_LINES)[:NOTICE_LINES]
        notice = NOTICE.encode()
        if any(line.strip().startswith(notice) for line in first):
            fidelity = "abridged"
    return SourceFile(edition_year, shown, hashlib.sha256(data).hexdigest(), len(data), kind, fidelity)


def choose(
    candidates: Sequence[SourceFile],
    current: SourceFile | None,
    seen: Collection[str],
    *,
    settled: bool = False,
) -> SourceFile:
    """The file that an edition should be read from: the newest of the best fidelity.

    `candidates` are the year's files in `raw/`, oldest to newest; `current` is the source of the
    edition's latest vintage, which may have been ingested from elsewhere; `seen` are the hashes of
    all its sources ever recorded. What is in `raw/` gives way to `current` where it

    - is of worse fidelity: an abridged edition in a clone never displaces an ingested full text;
    - was recorded before and `current` was ingested since: else every build would undo the ingest.

    Bytes recorded before do come back where `current` itself was read from `raw/` and is no longer
    there: somebody put the older file back. Where `settled` by a withdrawal or a restoration, only
    bytes never seen come in. Raises SourceError where there is nothing to read.
    """
    best: SourceFile | None = None
    for file in candidates:
        if best is None or _RANK[file.fidelity] >= _RANK[best.fidelity]:
            best = file
    if best is None:
        if current is None:
            hint = "put it in raw/<year>/, or jvom ingest it"
            raise SourceError("there is no file of this edition", hint=hint)
        return current
    if current is None or best.sha256 == current.sha256:
        return best
    if _RANK[best.fidelity] < _RANK[current.fidelity]:
        return current
    here = {file.sha256 for file in candidates}
    put_back = current.path.startswith("raw/") and current.sha256 not in here and not settled
    return current if best.sha256 in seen and not put_back else best


def read(file: SourceFile, *, raw: Path, kept: Path) -> bytes:
    """The bytes of a source, from `raw/` or else as kept by hash; the hash is checked.

    A source whose file in `raw/` has since been changed or removed is still readable from the kept
    bytes. Raises SourceError with the hash expected and the one found.
    """
    places = {f"warehouse/sources/{file.sha256}": kept / file.sha256}
    if file.path.startswith("raw/"):
        places = {file.path: raw / file.path.removeprefix("raw/"), **places}
    found: list[tuple[str, str]] = []
    for shown, path in places.items():
        if path.exists():
            data = read_bounded(path, shown)
            sha256 = hashlib.sha256(data).hexdigest()
            if sha256 == file.sha256:
                return data
            found.append((shown, sha256))
    if not found:
        raise SourceError(
            f"is gone, and no bytes with hash {file.sha256} are kept",
            file=file.path,
            hint="put the file back (git checkout), or jvom ingest the document again",
        )
    shown, sha256 = found[0]
    raise SourceError(
        f"has hash {sha256}, but {file.sha256} was expected",
        file=shown,
        hint="if the change is meant, build again; else take the file from git or a backup",
    )


def keep(data: bytes, edition_year: int, kept: Path, name: str) -> SourceFile:
    """Keep bytes by hash, read-only, and describe them; `name` is for messages.

    The path shown is where they are found, `warehouse/sources/<sha256>`: a name that somebody gave
    the file elsewhere proves nothing. Raises SourceError at no or too many bytes, LakeError where
    they cannot be written.
    """
    check_size(len(data), name)
    sha256 = hashlib.sha256(data).hexdigest()
    file = described(data, edition_year, f"warehouse/sources/{sha256}")
    with writable(file.path, "make the warehouse writable, or free some space"):
        target = kept / sha256
        if not target.is_file() or target.read_bytes() != data:
            put(target, data, mode=0o444)
    return file


def add(raw: Path, edition_year: int, name: str, data: bytes) -> SourceFile:
    """Put bytes into `raw/<year>/`, whole and in one step, and describe them; nothing is overwritten.

    Where they are there already, that file is described. Bytes that the lock knows but that are gone
    from disk come back under their locked name; others get `name`, or `<stem>-2.pdf` and so on where
    that name stands for other bytes. Raises SourceError at no or too many bytes, LakeError where
    they cannot be written.
    """
    shown = f"raw/{edition_year}/{name}"
    check_size(len(data), shown)
    with writable(shown, "make raw/ writable, or free some space"):
        wanted = described(data, edition_year, shown)
        (raw / str(edition_year)).mkdir(parents=True, exist_ok=True)
        with guarded(raw):
            for file in survey(raw)[0].get(edition_year, ()):
                if file.sha256 == wanted.sha256:
                    return file
            path = raw / _free(raw, wanted)
            put(path, data)
    return described(data, edition_year, _shown(path, raw))


def _free(raw: Path, file: SourceFile) -> str:
    """A path in `raw/` that neither disk nor lock have with other bytes."""
    locked = {entry.path: entry.sha256 for entry in lock_entries(raw).get(file.edition_year, [])}
    known = [path for path, sha256 in locked.items() if sha256 == file.sha256]
    wanted = PurePath(file.path)
    numbered = (str(wanted.with_stem(f"{wanted.stem}-{number}")) for number in range(2, 10_000))
    for shown in (*known, file.path, *numbered):
        inside = shown.removeprefix("raw/")
        if not (raw / inside).exists() and locked.get(shown, file.sha256) == file.sha256:
            return inside
    raise SourceError("has no free name left", file=file.path, hint="tidy the folder")
