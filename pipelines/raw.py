"""Source files: what is in `raw/`, which of it an edition is read from, and its bytes, hash checked.

Here belong the authored catalogue of editions (`sources.toml`, never written here), the lock, and the bytes
kept by hash in the warehouse. What the bytes say is for `extract`. Builds that find nothing to do import this
module: standard library only.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import cast, get_args

from pipelines.files import (
    change,
    check_size,
    exclusively,
    format_of,
    get,
    put,
    put_new,
    read_bounded,
    writable,
)
from pipelines.model import Edition, EditionState, Fidelity, SourceFile, SourceFormat
from schemas.errors import JvomError, RegistryError, SourceError
from schemas.registry_toml import Entry, quoted

CATALOGUE = "sources.toml"
LOCK = "sources.lock"
FETCHED = "fetched.json"  # how each document was found, by year

_GUARD = f".{LOCK}.guard"  # held by whoever changes what is generated in raw/

_ROLES: dict[str, Fidelity] = {"abridged": "abridged", "full text": "full text", "official": "official file"}
_BEST = list(_ROLES.values())  # the last of them
_HEADER = f"""\
# generated: do not edit. The files of each edition in the order in which they were first met;
# where a path is listed more than once its last entry is the file on disk. {CATALOGUE} is the one to edit.
"""
NOTICE = "[Ingekorte uitgave"  # opens one of the first lines of an abridged edition
NOTICE_LINES = 5


def survey(
    raw: Path, only: int | None = None
) -> tuple[dict[int, tuple[SourceFile, ...]], dict[int | None, list[JvomError]]]:
    """The source files of each year, hashed, oldest to newest; and what cannot be a source, by year.

    With `only`, of that year's folder alone: hashing all of a long archive takes a third of a second.

    Age is the order of the lock; files that the lock does not know come last, by name. Dotfiles,
    `*.md` and backups (`~`) are not sources. What belongs to no edition has the year None. Raises
    SourceError if `raw` cannot be listed.
    """
    found: dict[int, tuple[SourceFile, ...]] = {}
    wrong: dict[int | None, list[JvomError]] = {}
    locked = lock_entries(raw)
    for folder in _list(raw, str(raw)):
        if only is not None and folder.name != str(only):
            continue
        if re.fullmatch(r"[0-9]{4}", folder.name):
            year, files = int(folder.name), []
            try:
                for path in _list(folder, f"raw/{folder.name}"):
                    try:
                        files.append(_describe_in(raw, path, year))
                    except SourceError as error:
                        wrong.setdefault(year, []).append(error)
            except SourceError as error:
                wrong.setdefault(year, []).append(error)
            if files:
                found[year] = _by_age(files, locked.get(year, []))
        elif folder.is_dir() or folder.suffix.lower() in {".pdf", ".txt", ".docx"}:
            hint = "put it in a folder named by the year in which the report was sent, such as raw/2025/"
            stray = SourceError("belongs to no edition", file=f"raw/{folder.name}", hint=hint)
            wrong.setdefault(None, []).append(stray)
    return found, wrong


def _by_age(files: list[SourceFile], locked: list[SourceFile]) -> tuple[SourceFile, ...]:
    """Files by the place of the lock's last entry for their path; last if that has other bytes."""
    last = {entry.path: (entry.sha256, place) for place, entry in enumerate(locked)}
    places = {(path, sha256): place for path, (sha256, place) in last.items()}
    return tuple(sorted(files, key=lambda f: (places.get((f.path, f.sha256), len(locked)), f.path)))


def _list(folder: Path, name: str) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        hint = "it must be a folder that can be read; --raw DIR names another raw/"
        raise SourceError(f"cannot be listed: {error.strerror}", file=name, hint=hint) from error
    return [e for e in entries if not e.name.startswith(".") and not e.name.endswith(("~", ".md"))]


def _describe_in(raw: Path, path: Path, edition_year: int) -> SourceFile:
    """A file in `raw/<year>/`; SourceError where messages, lock and published rows could not name it."""
    name = f"raw/{path.parent.name}/{path.name}"
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        message = "has control characters in its name, or a name that is not UTF-8"
        hint = "rename the file; its name counts for nothing"
        raise SourceError(message, file=name.encode("unicode_escape").decode("ascii"), hint=hint)
    if not path.resolve().is_relative_to(raw.resolve()):
        raise SourceError("is a link to outside raw/", file=name, hint="copy the file itself into raw/")
    return describe(read_bounded(path, name), edition_year, name)


def describe(data: bytes, edition_year: int, path: str) -> SourceFile:
    """Bytes as a source file: format and fidelity by content, never by the file's name."""
    kind: SourceFormat = format_of(data)
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
    best = max(reversed(candidates), key=lambda file: _BEST.index(file.fidelity), default=current)
    if best is None:
        hint = "put it in raw/<year>/, or jvom ingest it"
        raise SourceError("there is no file of this edition", hint=hint)
    if state is None or current is None or best.sha256 == current.sha256:
        return best
    if _BEST.index(best.fidelity) < _BEST.index(current.fidelity):
        return current
    here = {file.sha256 for file in candidates}
    gone = current.path.startswith("raw/") and current.sha256 not in here
    put_back = gone and not state.decided_by_hand
    return current if best.sha256 in state.seen and not put_back else best


def unread(candidates: Sequence[SourceFile], state: EditionState | None) -> tuple[SourceFile, ...]:
    """What `choose` chooses, behind the files that came before it and were never read, oldest to newest.

    Of worse fidelity counts as older. What is older than the file that was read last stays unread: its rows
    would otherwise take the place of newer ones.
    """
    chosen = choose(candidates, state)
    ordered = sorted(candidates, key=lambda file: _BEST.index(file.fidelity))
    hashes, seen = [file.sha256 for file in ordered], state.seen if state else frozenset()
    last = state.source.sha256 if state else None
    if chosen.sha256 not in hashes or (last is not None and last not in hashes):
        return (chosen,)
    first = hashes.index(last) + 1 if last is not None else 0
    between = ordered[first : hashes.index(chosen.sha256)]
    return (*(file for file in between if file.sha256 not in seen), chosen)


def order_in_doubt(raw: Path, candidates: Sequence[SourceFile], chosen: SourceFile) -> str:
    """A sentence where nothing but its name makes `chosen` the newest of its year; else empty.

    So it is where the lock knows neither it nor another file of the same fidelity.
    """
    locked = {(entry.path, entry.sha256) for entry in lock_entries(raw).get(chosen.edition_year, ())}
    new = [file for file in candidates if (file.path, file.sha256) not in locked]
    rivals = {file.sha256: file.path for file in new if file.fidelity == chosen.fidelity}
    if chosen not in new or len(rivals) < 2:
        return ""
    others = ", ".join(path for path in rivals.values() if path != chosen.path)
    return f"{chosen.path} counts as newer than {others} by its name alone: raw/{LOCK} knows neither"


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
        message = f"is gone, and no bytes with hash {file.sha256} are kept"
        hint = "put the file back (git checkout), or jvom ingest the document again"
        raise SourceError(message, file=file.path, hint=hint)
    name, sha256 = others[0]
    hint = "if the change is meant, build again; else take the file from git or a backup"
    raise SourceError(f"has hash {sha256}, but {file.sha256} was expected", file=name, hint=hint)


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
        with exclusively(raw / _GUARD):
            while True:
                for file in survey(raw, edition_year)[0].get(edition_year, ()):
                    if file.sha256 == wanted.sha256:
                        return file
                free = _free_path(raw, wanted)
                if put_new(raw / free.removeprefix("raw/"), data):
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


def catalogue(raw: Path) -> dict[int, Edition]:
    """What `sources.toml` knows of each edition, by year; empty without such a file.

    Raises RegistryError naming file and key at an unknown key, a wrong type or a repeated year.
    """
    if not (raw / CATALOGUE).exists():
        return {}
    file = Entry.load(raw / CATALOGUE)
    editions: dict[int, Edition] = {}
    for entry in file.tables("edition"):
        edition = _edition(entry)
        if edition.edition_year in editions:
            raise entry.error("occurs twice", "edition_year", hint="merge the two entries")
        editions[edition.edition_year] = edition
    file.done()
    return dict(sorted(editions.items()))


def require_catalogue(raw: Path, edition_year: int) -> None:
    """Raises SourceError where other facts were declared of an edition before, and no catalogue is here."""
    if not (raw / CATALOGUE).exists():
        message = (
            f"is not here, and what was declared of edition {edition_year}, in it, in readings.toml "
            "or in corrections.toml, is not what it was"
        )
        hint = "put it back if there was one, or check --raw; an empty file says that it declares nothing"
        raise SourceError(message, file=str(raw / CATALOGUE), hint=hint)


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
    for key in ("licence", "note"):  # for whoever reads the file: no table has them
        entry.text_or_none(key)
    entry.done()
    start, end = edition.period_start, edition.period_end
    if not 2000 <= edition.edition_year <= 2100:
        raise entry.error("must be a year from 2000 to 2100", "edition_year")
    if not re.fullmatch(r"(kst|blg)-[0-9A-Z-]+", edition.kamerstuk or "kst-0"):
        raise entry.error("must be dossier and number, such as kst-29521-495", "kamerstuk")
    if not re.fullmatch(r"https?://\S+", edition.source_url or "https://-"):
        raise entry.error("must be an address that begins with https://", "source_url")
    if (start is None) != (end is None):
        raise entry.error("goes together with period_end: give both or neither", "period_start")
    if start and end and start > end:
        raise entry.error("is after period_end", "period_start")
    return edition


def lock_entries(raw: Path) -> dict[int, list[SourceFile]]:
    """The lock's entries by year, in order; empty without a lock."""
    if not (raw / LOCK).exists():
        return {}
    try:
        file = Entry.load(raw / LOCK)
        for year in file.values:
            if not re.fullmatch(r"[0-9]{4}", year):
                raise file.error("is not a year", year)
        return {int(year): [_locked(int(year), entry) for entry in file.tables(year)] for year in file.values}
    except RegistryError as error:
        error.hint = "it is generated: take the file from git or a backup"
        raise


def lock(raw: Path, files: Iterable[SourceFile]) -> bool:
    """Enter files into `sources.lock`; True if it was rewritten, which only new bytes bring about.

    A path that now has other bytes gets a further entry; the old one stays, as history. Raises
    LakeError if the lock must be written and cannot be.
    """
    wanted = list(files)
    if not _entered(lock_entries(raw), wanted):
        return False
    hint = "make raw/ writable, or commit the lock of a machine that could write it"

    def renewed() -> bytes | None:
        changed = _entered(lock_entries(raw), wanted)  # again: another process may have been first
        return _lock_text(changed).encode() if changed else None

    with writable(f"raw/{LOCK}", hint), exclusively(raw / _GUARD):
        return change(raw / LOCK, renewed)


def lock_year(raw: Path, edition_year: int) -> bool:
    """As `lock`, with the files that are in the folder of a year now."""
    return lock(raw, survey(raw, edition_year)[0].get(edition_year, ()))


def _lock_text(entries: Mapping[int, Iterable[SourceFile]]) -> str:
    roles = {fidelity: role for role, fidelity in _ROLES.items()}
    listed = [
        f"\n[[{year}]]\n"
        f"path = {quoted(file.path.removeprefix('raw/'))}\n"
        f'role = "{roles[file.fidelity]}"\n'
        f'sha256 = "{file.sha256}"\n'
        f"bytes = {file.bytes}\n"
        f'format = "{file.format}"\n'
        for year, of_year in sorted(entries.items())
        for file in of_year
    ]
    return _HEADER + "".join(listed)


def record_fetch(raw: Path, edition_year: int, fetch: Mapping[str, object]) -> None:
    """Add how a document was found to `fetched.json`, unless one with its `sha256` is there.

    Raises SourceError if that file is not such a record, LakeError if it cannot be written.
    """
    path, name = raw / FETCHED, f"raw/{FETCHED}"

    def renewed() -> bytes | None:
        try:
            years = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            of_year = years.setdefault(str(edition_year), [])
            known = {entry["sha256"] for entry in of_year}
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            hint = "take the file from git"
            raise SourceError("is not a record of fetches", file=name, hint=hint) from error
        if fetch["sha256"] in known:
            return None
        of_year.append(fetch)
        return (json.dumps(dict(sorted(years.items())), ensure_ascii=False, indent=2) + "\n").encode()

    hint = "make raw/ writable; the document itself is there"
    with writable(name, hint), exclusively(raw / _GUARD):
        change(path, renewed)


def fetched_from(raw: Path, source: SourceFile) -> str | None:
    """Where `jvom fetch` got exactly these bytes, in words; None where no fetch is on record for them."""
    try:
        years = json.loads((raw / FETCHED).read_text(encoding="utf-8"))
        fetches = {one["sha256"]: one for one in years.get(str(source.edition_year), ())}
        found = fetches.get(source.sha256)
        return found and f"fetched from {found['address']} at {found['fetched_at']}, by raw/{FETCHED}"
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        return None


def bring(source: Path, raw: Path, say: Callable[[str], None]) -> int:
    """Put the files of another `raw/` that are not here, and what its lists say of them; bytes put.

    A file that has other bytes here stays; `say` is told.
    """
    here, there = lock_entries(raw), lock_entries(source)
    put_bytes = 0
    for path in sorted(path for path in source.rglob("*") if path.is_file() and path.name[0] != "."):
        name, data = str(path.relative_to(source)), path.read_bytes()
        if put_new(raw / name, data):
            put_bytes += len(data)
        elif name not in (LOCK, FETCHED) and get(raw / name) != data:
            say(f"{raw / name} has other bytes than in {source}, and stays")
    known = {(file.path, file.sha256) for files in here.values() for file in files}
    new = [file for files in there.values() for file in files if (file.path, file.sha256) not in known]
    before = {file.path: file for files in here.values() for file in files}
    lock(raw, [*new, *before.values()])  # of a path, the last is what lies there
    for year, fetches in json.loads(get(source / FETCHED) or b"{}").items():
        for fetch in fetches:
            record_fetch(raw, int(year), fetch)
    return put_bytes


def _entered(
    entries: dict[int, list[SourceFile]], files: Iterable[SourceFile]
) -> dict[int, list[SourceFile]] | None:
    """The entries with those of the files that they lack; None if they lack none."""
    before = sum(map(len, entries.values()))
    for file in files:
        of_year = entries.setdefault(file.edition_year, [])
        if {entry.path: entry.sha256 for entry in of_year}.get(file.path) != file.sha256:
            of_year.append(file)
    return entries if sum(map(len, entries.values())) > before else None


def _locked(edition_year: int, entry: Entry) -> SourceFile:
    file = SourceFile(
        edition_year,
        path=f"raw/{entry.text('path')}",
        sha256=entry.text("sha256"),
        bytes=entry.integer("bytes"),
        format=cast(SourceFormat, entry.one_of("format", get_args(SourceFormat))),
        fidelity=_ROLES[entry.one_of("role", _ROLES)],
    )
    entry.done()
    return file
