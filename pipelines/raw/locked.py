"""The lock, `sources.lock`: generated, every file of an edition in the order in which it was met."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipelines.files import put, writable
from pipelines.model import Fidelity, SourceFile
from pipelines.raw.catalogue import CATALOGUE
from schemas.registry_toml import Entry, quoted

LOCK = "sources.lock"
GUARD = f".{LOCK}.guard"

_ROLES: dict[Fidelity, str] = {"official file": "official", "full text": "full text", "abridged": "abridged"}
_FIDELITIES: dict[str, Fidelity] = {role: fidelity for fidelity, role in _ROLES.items()}
_HEADER = f"""\
# generated: do not edit. The files of each edition in the order in which they were first met;
# where a path stands more than once its last entry is the file on disk. {CATALOGUE} is the one to edit.
"""


def lock(raw: Path, files: Iterable[SourceFile]) -> bool:
    """Enter files into `sources.lock`; True if it was rewritten, which only new bytes bring about.

    A path that now has other bytes gets a further entry; the old one stays, as history. Raises
    LakeError where the lock must be written and cannot be.
    """
    wanted = list(files)
    if not _entered(lock_entries(raw), wanted)[1]:
        return False
    shown = f"raw/{LOCK}"
    hint = "make raw/ writable, or commit the lock of a machine that could write it"
    with writable(shown, hint), guarded(raw):
        entries, changed = _entered(lock_entries(raw), wanted)  # another process may have been first
        if changed:
            put(raw / LOCK, _lock_text(entries).encode())
        return changed


@contextmanager
def guarded(raw: Path) -> Iterator[None]:
    """One process at a time changes what is generated in `raw/`; an OSError where it takes a minute."""
    import filelock

    with filelock.FileLock(raw / GUARD, timeout=60):
        yield


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
            f"path = {quoted(file.path.removeprefix('raw/'))}\n"
            f'role = "{_ROLES[file.fidelity]}"\n'
            f'sha256 = "{file.sha256}"\n'
            f"bytes = {file.bytes}\n"
            f'format = "{file.format}"\n'
            for file in files
        ]
    return "".join(parts)


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
