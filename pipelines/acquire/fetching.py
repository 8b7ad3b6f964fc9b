"""Fetching one edition: found and judged by `acquired`, put into `raw/`, locked, and put on record.

Not a stage: like `pending` it knows several of them (acquired, raw, document), but no Dagster.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines import acquire as acquired
from pipelines import files, raw, versions
from pipelines.acquire import Downloaded, Found, Search, Transport
from pipelines.extract import read as reading
from pipelines.model import SourceFile
from pipelines.settings import Network, Settings
from schemas import registry
from schemas.errors import LakeError

LONGEST_WAIT = 900.0  # seconds for another fetch of the same edition to end
AGENT = "jvom/{version} (yearly reports on Dutch mission contributions as data)"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Fetched:
    """What a fetch came to: `file` is the edition's in `raw/`, `new` whether its bytes were not there.

    After a dry run the file of new bytes is described as it would be named, but is not there.
    """

    found: Found
    file: SourceFile
    new: bool


def fetch(
    settings: Settings,
    network: Network,
    edition_year: int,
    *,
    dry_run: bool = False,
    thorough: bool = False,
    say: Say,
) -> Fetched:
    """Find the edition, download it, and put it into `raw/` if its bytes are new; nothing is overwritten.

    Of two fetches at the same time the second waits, and finds nothing new. Raises NetworkError,
    SourceError (nothing fits, or several documents do) and LakeError (raw/ cannot be written).
    """
    with _folder(settings, edition_year, dry_run=dry_run, say=say) as folder:
        editions = raw.catalogue(settings.raw)
        agent = AGENT.format(version=versions.jvom())
        search = Search(
            edition_year=edition_year,
            read=lambda downloaded: _lines(downloaded, edition_year),
            layouts=registry.load().layouts,
            folder=folder,
            largest=files.LARGEST,
            sent=raw.edition_of(editions, edition_year).date_sent,
            ways=_ways(settings, edition_year),
            thorough=thorough,
        )
        with Transport(network, agent, say=say) as transport:
            found = acquired.find(search, transport)
        if dry_run:
            return _would_be(settings, found)
        return _put(settings, found)


def _lines(downloaded: Downloaded, edition_year: int) -> Sequence[str]:
    """The text of a document, as the first stage reads it."""
    source = SourceFile(
        edition_year,
        path="the document",
        sha256=downloaded.sha256,
        bytes=len(downloaded.data),
        format=downloaded.format,
        fidelity="official file" if downloaded.format == "pdf" else "full text",
    )
    return [line.text for line in reading.read_lines(downloaded.data, source).lines]


def _ways(settings: Settings, edition_year: int) -> tuple[str, ...]:
    """Once an edition came from a service, only that one is asked: others render the same document anew."""
    before = acquired.fetches(_record(settings)).get(str(edition_year), [])
    used = [way for way in acquired.WAYS if before and way == before[-1].get("service")]
    return tuple(used or acquired.WAYS)


def _record(settings: Settings) -> str:
    path = settings.raw / acquired.RECORD
    return path.read_text(encoding="utf-8") if path.exists() else ""


@contextmanager
def _folder(settings: Settings, edition_year: int, *, dry_run: bool, say: Say) -> Iterator[Path]:
    """Where downloads are kept, held by one fetch of an edition at a time; a dry run leaves none."""
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="jvom-") as folder:
            yield Path(folder)
        return
    import filelock

    with files.writable("warehouse/downloads", "make the warehouse writable, or free some space"):
        settings.downloads.mkdir(parents=True, exist_ok=True)
    guard = filelock.FileLock(settings.downloads / f"{edition_year}.guard")
    try:
        guard.acquire(timeout=0)
    except filelock.Timeout:
        say(f"another fetch of edition {edition_year} is under way; waiting for it")
        try:
            guard.acquire(timeout=LONGEST_WAIT)
        except filelock.Timeout as error:
            hint = "try again when it is done"
            raise LakeError(f"another fetch of edition {edition_year} does not end", hint=hint) from error
    try:
        yield settings.downloads
    finally:
        guard.release()


def _would_be(settings: Settings, found: Found) -> Fetched:
    """What `_put` would do."""
    year, sha256 = found.edition_year, found.document.sha256
    for file in raw.survey(settings.raw)[0].get(year, ()):
        if file.sha256 == sha256:
            return Fetched(found, file, new=False)
    return Fetched(found, raw.describe(found.document.data, year, f"raw/{year}/{_name(found)}"), new=True)


def _put(settings: Settings, found: Found) -> Fetched:
    """Into `raw/`, then the lock, then the record; each is made good if an earlier fetch died before it."""
    year = found.edition_year
    there = {file.sha256 for file in raw.survey(settings.raw)[0].get(year, ())}
    file = raw.add(settings.raw, year, _name(found), found.document.data)
    raw.lock(settings.raw, raw.survey(settings.raw)[0][year])
    hint = "make raw/ writable; the document itself is there"
    with files.writable(f"raw/{acquired.RECORD}", hint), raw.exclusively(settings.raw):
        new = acquired.entry(found, file, datetime.datetime.now(datetime.UTC))
        text = acquired.entered(_record(settings), year, new)
        if text is not None:
            files.put(settings.raw / acquired.RECORD, text.encode())
    return Fetched(found, file, new=file.sha256 not in there)


def _name(found: Found) -> str:
    """The service's own name for the document, with what it is by its bytes."""
    return f"{found.chosen.candidate.identifier}.{'pdf' if found.document.format == 'pdf' else 'txt'}"
