"""The TOML files in raw/: the authored catalogue of editions, which is never written here, and the lock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipelines.files import put, writable
from pipelines.model import Edition, Fidelity, SourceFile
from schemas.registry_toml import Entry, quoted

CATALOGUE = "sources.toml"
LOCK = "sources.lock"

_ROLES: dict[Fidelity, str] = {"official file": "official", "full text": "full text", "abridged": "abridged"}
_FIDELITIES: dict[str, Fidelity] = {role: fidelity for fidelity, role in _ROLES.items()}
_HEADER = f"""\
# generated: do not edit. The files of each edition in the order in which they were first met;
# where a path is listed more than once its last entry is the file on disk. {CATALOGUE} is the one to edit.
"""


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
    file = Entry.load(raw / LOCK)
    for year in file.values:
        if not re.fullmatch(r"[0-9]{4}", year):
            raise file.error("is not a year", year, hint="take the file from git")
    return {int(year): [_locked(int(year), entry) for entry in file.tables(year)] for year in file.values}


def lock(raw: Path, files: Iterable[SourceFile]) -> bool:
    """Enter files into `sources.lock`; True if it was rewritten, which only new bytes bring about.

    A path that now has other bytes gets a further entry; the old one stays, as history. Raises
    LakeError if the lock must be written and cannot be.
    """
    wanted = list(files)
    if not _enter(lock_entries(raw), wanted):
        return False
    hint = "make raw/ writable, or commit the lock of a machine that could write it"
    with writable(f"raw/{LOCK}", hint), exclusively(raw):
        entries = lock_entries(raw)  # again: another process may have been first
        changed = _enter(entries, wanted)
        if changed:
            put(raw / LOCK, (_HEADER + "".join(_lock_text(entries))).encode())
        return changed


@contextmanager
def exclusively(raw: Path) -> Iterator[None]:
    """One process at a time changes what is generated in `raw/`; an OSError if it takes over a minute."""
    import filelock

    with filelock.FileLock(raw / f".{LOCK}.guard", timeout=60):
        yield


def _enter(entries: dict[int, list[SourceFile]], files: Iterable[SourceFile]) -> bool:
    """Append to `entries` what they lack; whether they lacked anything."""
    changed = False
    for file in files:
        of_year = entries.setdefault(file.edition_year, [])
        last = {entry.path: entry.sha256 for entry in of_year}
        if last.get(file.path) != file.sha256:
            of_year.append(file)
            changed = True
    return changed


def _lock_text(entries: Mapping[int, list[SourceFile]]) -> Iterator[str]:
    for year, files in sorted(entries.items()):
        for file in files:
            yield (
                f"\n[[{year}]]\n"
                f"path = {quoted(file.path.removeprefix('raw/'))}\n"
                f'role = "{_ROLES[file.fidelity]}"\n'
                f'sha256 = "{file.sha256}"\n'
                f"bytes = {file.bytes}\n"
                f'format = "{file.format}"\n'
            )


def _locked(edition_year: int, entry: Entry) -> SourceFile:
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
