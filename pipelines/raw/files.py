"""The files in `raw/`, which of them an edition is read from, and their bytes, hash checked."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from pipelines.files import check_size, get, is_pdf, put, read_bounded, writable
from pipelines.model import EditionState, Fidelity, SourceFile, SourceFormat
from pipelines.raw.sources import exclusively, lock_entries
from schemas.errors import JvomError, Problems, SourceError

NOTICE = "[Ingekorte uitgave"  # opens one of the first lines of an abridged edition
NOTICE_LINES = 5

_RANK: dict[Fidelity, int] = {"abridged": 0, "full text": 1, "official file": 2}


def scan(raw: Path) -> dict[int, tuple[SourceFile, ...]]:
    """The source files now in `raw/<year>/`; SourceError or Problems at what should be one and is not."""
    found, wrong = survey(raw)
    problems = [problem for of_year in wrong.values() for problem in of_year]
    if problems:
        raise problems[0] if len(problems) == 1 else Problems(problems)
    return found


def survey(raw: Path) -> tuple[dict[int, tuple[SourceFile, ...]], dict[int | None, list[JvomError]]]:
    """The source files of each year, hashed, oldest to newest; and what cannot be a source, by year.

    Age is the order of the lock; files that the lock does not know come last, by name. Dotfiles,
    `*.md` and backups (`~`) are not sources. What belongs to no edition has the year None. Raises
    SourceError if `raw` cannot be listed.
    """
    wrong: dict[int | None, list[JvomError]] = {}
    found: dict[int, tuple[SourceFile, ...]] = {}
    locked = lock_entries(raw)
    for folder in _list(raw, str(raw)):
        if re.fullmatch(r"[0-9]{4}", folder.name):
            year = int(folder.name)
            files, problems = _survey_year(folder, raw)
            if files:
                found[year] = _by_age(files, locked.get(year, []))
            if problems:
                wrong[year] = problems
        elif folder.is_dir() or folder.suffix.lower() in {".pdf", ".txt"}:
            hint = "put it in a folder named by the year in which the report was sent, such as raw/2025/"
            stray = SourceError("belongs to no edition", file=f"raw/{folder.name}", hint=hint)
            wrong.setdefault(None, []).append(stray)
    return found, wrong


def _survey_year(folder: Path, raw: Path) -> tuple[list[SourceFile], list[JvomError]]:
    """The sources in the folder of one year, and what there cannot be one."""
    files: list[SourceFile] = []
    problems: list[JvomError] = []
    try:
        for path in _list(folder, f"raw/{folder.name}"):
            try:
                name = _checked_name(path)
                if not path.resolve().is_relative_to(raw.resolve()):
                    hint = "copy the file itself into raw/"
                    raise SourceError("is a link to outside raw/", file=name, hint=hint)
                files.append(describe(read_bounded(path, name), int(folder.name), name))
            except SourceError as error:
                problems.append(error)
    except SourceError as error:
        problems.append(error)
    return files, problems


def _by_age(files: list[SourceFile], locked: list[SourceFile]) -> tuple[SourceFile, ...]:
    """Files by the place of the lock's last entry for their path; last if that has other bytes."""
    last = {entry.path: (entry.sha256, place) for place, entry in enumerate(locked)}
    places = {(path, sha256): place for path, (sha256, place) in last.items()}
    return tuple(sorted(files, key=lambda f: (places.get((f.path, f.sha256), len(locked)), f.path)))


def _list(folder: Path, name: str) -> list[Path]:
    """Entries that may be sources, by name."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        hint = "it must be a folder that can be read; --raw DIR names another raw/"
        raise SourceError(f"cannot be listed: {error.strerror}", file=name, hint=hint) from error
    return [e for e in entries if not e.name.startswith(".") and not e.name.endswith(("~", ".md"))]


def _checked_name(path: Path) -> str:
    """How messages, lock and published rows call a file in `raw/<year>/`; SourceError if they could not."""
    name = f"raw/{path.parent.name}/{path.name}"
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise SourceError(
            "has control characters in its name, or a name that is not UTF-8",
            file=name.encode("unicode_escape").decode("ascii"),
            hint="rename the file; its name counts for nothing",
        )
    return name


def describe(data: bytes, edition_year: int, path: str) -> SourceFile:
    """Bytes as a source file: format and fidelity by content, never by the file's name."""
    kind: SourceFormat = "pdf" if is_pdf(data) else "text"
    fidelity: Fidelity = "official file" if kind == "pdf" else "full text"
    first = data.split(b"\n", NOTICE_LINES)[:NOTICE_LINES] if kind == "text" else []
    if any(line.strip().startswith(NOTICE.encode()) for line in first):
        fidelity = "abridged"
    return SourceFile(edition_year, path, hashlib.sha256(data).hexdigest(), len(data), kind, fidelity)


def choose(candidates: Sequence[SourceFile], state: EditionState | None) -> SourceFile:
    """The file that an edition should be read from: the newest of the best fidelity.

    `candidates` are the year's files in `raw/`, oldest to newest; the `current` source of the edition,
    by its `state`, may have been ingested from elsewhere. What is in `raw/` gives way to it if it

    - is of worse fidelity: an abridged edition in a clone never displaces an ingested full text;
    - was recorded before and `current` was ingested since: else every build would undo the ingest.

    Bytes recorded before do come back if `current` itself was read from `raw/` and is no longer
    there: somebody put the older file back. After a withdrawal or a restoration only bytes never
    seen come in. Raises SourceError if there is nothing to read.
    """
    current = state.source if state else None
    best = max(reversed(candidates), key=lambda file: _RANK[file.fidelity], default=current)
    if best is None:
        hint = "put it in raw/<year>/, or jvom ingest it"
        raise SourceError("there is no file of this edition", hint=hint)
    if state is None or current is None or best.sha256 == current.sha256:
        return best
    if _RANK[best.fidelity] < _RANK[current.fidelity]:
        return current
    here = {file.sha256 for file in candidates}
    gone = current.path.startswith("raw/") and current.sha256 not in here
    put_back = gone and not state.decided_by_hand
    return current if best.sha256 in state.seen and not put_back else best


def read(file: SourceFile, *, raw: Path, kept: Path) -> bytes:
    """The bytes of a source, from `raw/` or else as kept by hash; the hash is checked.

    A source whose file in `raw/` has since been changed or removed can still be read from the kept
    bytes. Raises SourceError with the hash expected and the one found.
    """
    places = [(f"warehouse/sources/{file.sha256}", kept / file.sha256)]
    if file.path.startswith("raw/"):
        places.insert(0, (file.path, raw / file.path.removeprefix("raw/")))
    others = []
    for name, path in places:
        if path.exists():
            data = read_bounded(path, name)
            sha256 = hashlib.sha256(data).hexdigest()
            if sha256 == file.sha256:
                return data
            others.append((name, sha256))
    if not others:
        raise SourceError(
            f"is gone, and no bytes with hash {file.sha256} are kept",
            file=file.path,
            hint="put the file back (git checkout), or jvom ingest the document again",
        )
    name, sha256 = others[0]
    raise SourceError(
        f"has hash {sha256}, but {file.sha256} was expected",
        file=name,
        hint="if the change is meant, build again; else take the file from git or a backup",
    )


def keep(data: bytes, edition_year: int, kept: Path, name: str) -> SourceFile:
    """Keep bytes by hash, read-only, and describe them; `name` is for messages.

    Their path is `warehouse/sources/<sha256>`: a name that somebody gave the file elsewhere proves
    nothing. Raises SourceError at no or too many bytes, LakeError if they cannot be written.
    """
    check_size(len(data), name)
    sha256 = hashlib.sha256(data).hexdigest()
    file = describe(data, edition_year, f"warehouse/sources/{sha256}")
    with writable(file.path, "make the warehouse writable, or free some space"):
        if get(kept / sha256) != data:
            put(kept / sha256, data, mode=0o444)
    return file


def add(raw: Path, edition_year: int, name: str, data: bytes) -> SourceFile:
    """Put bytes into `raw/<year>/`, whole and in one step, and describe them; nothing is overwritten.

    If they are there already, that file is described. Bytes that the lock knows but that are gone from
    disk come back under their locked name; others get `name`, or `<stem>-2.pdf` and so on if that name
    has other bytes. Raises SourceError at no or too many bytes, LakeError if they cannot be written.
    """
    wanted = describe(data, edition_year, f"raw/{edition_year}/{name}")
    check_size(len(data), wanted.path)
    with writable(wanted.path, "make raw/ writable, or free some space"):
        raw.mkdir(parents=True, exist_ok=True)
        with exclusively(raw):
            for file in survey(raw)[0].get(edition_year, ()):
                if file.sha256 == wanted.sha256:
                    return file
            free = _free_path(raw, wanted)
            put(raw / free.removeprefix("raw/"), data)
    return replace(wanted, path=free)


def _free_path(raw: Path, file: SourceFile) -> str:
    """A path in `raw/` that neither disk nor lock have with other bytes."""
    locked = {entry.path: entry.sha256 for entry in lock_entries(raw).get(file.edition_year, [])}
    known = [path for path, sha256 in locked.items() if sha256 == file.sha256]
    wanted = PurePath(file.path)
    numbered = (str(wanted.with_stem(f"{wanted.stem}-{number}")) for number in range(2, 10_000))
    for path in (*known, file.path, *numbered):
        if not (raw / path.removeprefix("raw/")).exists() and locked.get(path, file.sha256) == file.sha256:
            return path
    raise SourceError("has no free name left", file=file.path, hint="tidy the folder")
