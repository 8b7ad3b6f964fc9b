"""Source files: what is in `raw/`, which of it an edition is read from, and its bytes, hash checked.

Here belong the catalogue (`sources.toml`, authored), the lock (`sources.lock`, generated) and the
bytes kept by hash in the warehouse. What the bytes say is for `document`. This module is imported
by builds that find nothing to do, so it imports the standard library only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipelines.files import check_size, replace, take
from pipelines.seams import Edition, Fidelity, SourceFile, SourceFormat
from schemas.errors import JvomError, LakeError, Problems, SourceError
from schemas.registry_toml import Entry

NOTICE = "[Ingekorte uitgave"  # opens one of the first lines of an abridged edition
NOTICE_LINES = 5
CATALOGUE = "sources.toml"
LOCK = "sources.lock"

_ROLES: dict[Fidelity, str] = {"official file": "official", "full text": "full text", "abridged": "abridged"}
_FIDELITIES: dict[str, Fidelity] = {role: fidelity for fidelity, role in _ROLES.items()}
_RANK: dict[Fidelity, int] = {"abridged": 0, "full text": 1, "official file": 2}
_HEADER = f"""\
# generated: do not edit. The files of each edition in the order in which they were first met;
# where a path stands more than once its last entry is the file on disk. {CATALOGUE} is the one to edit.
"""


def catalogue(raw: Path) -> dict[int, Edition]:
    """What `sources.toml` knows of each edition, by year; empty where there is no such file.

    Raises RegistryError naming file and key at an unknown key, a wrong type or a repeated year.
    """
    if not (raw / CATALOGUE).exists():
        return {}
    file = Entry.load(raw / CATALOGUE)
    editions: dict[int, Edition] = {}
    for entry in file.tables("edition"):
        edition = _edition(entry)
        if edition.edition_year in editions:
            raise entry.error("stands twice", "edition_year", hint="merge the two entries")
        editions[edition.edition_year] = edition
    file.done()
    return dict(sorted(editions.items()))


def edition_of(editions: Mapping[int, Edition], edition_year: int) -> Edition:
    """The catalogue's entry, or one that knows the year alone."""
    return editions.get(edition_year, Edition(edition_year))


def _edition(entry: Entry) -> Edition:
    entry.named(f"edition {entry.integer('edition_year')}")
    edition = Edition(
        edition_year=entry.integer("edition_year"),
        title=entry.text_or_none("title"),
        period_start=entry.day_or_none("period_start"),
        period_end=entry.day_or_none("period_end"),
        date_sent=entry.day_or_none("date_sent"),
        kamerstuk=entry.text_or_none("kamerstuk"),
        source_url=entry.text_or_none("source_url"),
    )
    for key in ("licence", "note"):  # for who reads the file: no table has them
        entry.text_or_none(key)
    entry.done()
    if not 2000 <= edition.edition_year <= 2100:
        raise entry.error("must be a year from 2000 to 2100", "edition_year")
    if not re.fullmatch(r"(kst|blg)-[0-9A-Z-]+", edition.kamerstuk or "kst-0"):
        raise entry.error("must be dossier and number, such as kst-29521-495", "kamerstuk")
    if not re.fullmatch(r"https?://\S+", edition.source_url or "https://-"):
        raise entry.error("must be an address that begins with https://", "source_url")
    if (edition.period_start is None) != (edition.period_end is None):
        raise entry.error("goes together with period_end: give both or neither", "period_start")
    if edition.period_start and edition.period_end and edition.period_start > edition.period_end:
        raise entry.error("is after period_end", "period_start")
    return edition


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
            files.append(_described(_inside(path, raw), int(folder.name), _shown(path, raw)))
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


def _inside(path: Path, raw: Path) -> bytes:
    if not path.resolve().is_relative_to(raw.resolve()):
        hint = "copy the file itself into raw/"
        raise SourceError("is a link to outside raw/", file=_shown(path, raw), hint=hint)
    return take(path, _shown(path, raw))


def _described(data: bytes, edition_year: int, shown: str) -> SourceFile:
    """Format and fidelity by content, never by the file's name."""
    kind: SourceFormat = "pdf" if data[:1024].lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"%PDF-") else "text"
    fidelity: Fidelity = "official file" if kind == "pdf" else "full text"
    if kind == "text":
        first = data.split(b"\n", NOTICE_LINES)[:NOTICE_LINES]
        notice = NOTICE.encode()
        if any(line.strip().startswith(notice) for line in first):
            fidelity = "abridged"
    return SourceFile(edition_year, shown, hashlib.sha256(data).hexdigest(), len(data), kind, fidelity)


def lock(raw: Path, files: Iterable[SourceFile]) -> bool:
    """Enter files into `sources.lock`; True if it was rewritten, which only new bytes bring about.

    A path that now has other bytes gets a further entry; the old one stays, as history. Raises
    LakeError where the lock must be written and cannot be.
    """
    wanted = list(files)
    if not _entered(lock_entries(raw), wanted)[1]:
        return False
    shown = f"raw/{LOCK}"
    with _writable(shown, "make raw/ writable, or commit the lock of a machine that could write it"):
        import filelock

        with filelock.FileLock(raw / f".{LOCK}.guard", timeout=60):
            entries, changed = _entered(lock_entries(raw), wanted)  # another process may have been first
            if changed:
                replace(raw / LOCK, _lock_text(entries).encode())
            return changed


def _entered(
    locked: Mapping[int, list[SourceFile]], files: Iterable[SourceFile]
) -> tuple[dict[int, list[SourceFile]], bool]:
    entries = {year: list(of_year) for year, of_year in locked.items()}
    changed = False
    for file in files:
        of_year = entries.setdefault(file.edition_year, [])
        last = {entry.path: entry.sha256 for entry in of_year}
        if last.get(file.path) != file.sha256:
            of_year.append(file)
            changed = True
    return entries, changed


def _lock_text(entries: Mapping[int, list[SourceFile]]) -> str:
    parts = [_HEADER]
    for year, files in sorted(entries.items()):
        parts += [
            f"\n[[{year}]]\n"
            f"path = {_quoted(file.path.removeprefix('raw/'))}\n"
            f'role = "{_ROLES[file.fidelity]}"\n'
            f'sha256 = "{file.sha256}"\n'
            f"bytes = {file.bytes}\n"
            f'format = "{file.format}"\n'
            for file in files
        ]
    return "".join(parts)


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def lock_entries(raw: Path) -> dict[int, list[SourceFile]]:
    """The lock's entries by year, in order; empty where there is no lock yet."""
    if not (raw / LOCK).exists():
        return {}
    file = Entry.load(raw / LOCK)
    for year in file.values:
        if not re.fullmatch(r"[0-9]{4}", year):
            raise file.error("is no year", year, hint="take the file from git")
    return {int(year): [_locked_file(int(year), e) for e in file.tables(year)] for year in file.values}


def _locked_file(edition_year: int, entry: Entry) -> SourceFile:
    file = SourceFile(
        edition_year,
        path=f"raw/{entry.text('path')}",
        sha256=entry.text("sha256"),
        bytes=entry.integer("bytes"),
        format="pdf" if entry.one_of("format", ("text", "pdf")) == "pdf" else "text",
        fidelity=_FIDELITIES[entry.one_of("role", _FIDELITIES)],
    )
    entry.done()
    return file


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
            data = take(path, shown)
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
    file = _described(data, edition_year, f"warehouse/sources/{sha256}")
    with _writable(file.path, "make the warehouse writable, or free some space"):
        target = kept / sha256
        if not target.is_file() or target.read_bytes() != data:
            kept.mkdir(parents=True, exist_ok=True)
            replace(target, data, mode=0o444)
    return file


@contextmanager
def _writable(shown: str, hint: str) -> Iterator[None]:
    """An operating system's refusal, or a lock held for too long, as a LakeError."""
    try:
        yield
    except OSError as error:  # filelock.Timeout is one
        raise LakeError(f"cannot be written: {error.strerror or error}", file=shown, hint=hint) from error
