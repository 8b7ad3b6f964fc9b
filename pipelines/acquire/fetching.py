"""Fetching one edition: found, put into `raw/`, locked, and put on record in `raw/fetched.json`.

Knows other stages (raw, extract), but no Dagster. Nothing in `raw/` is overwritten.
"""

import datetime
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import files, raw, versions
from pipelines.acquire.model import Acquisition, Downloaded
from pipelines.acquire.searching import SERVICES, Search, find
from pipelines.acquire.transport import Transport
from pipelines.extract import read
from pipelines.model import SourceFile
from pipelines.settings import Network, Settings
from schemas import registry
from schemas.errors import LakeError, SourceError

RECORD = "fetched.json"
LONGEST_WAIT = 900.0  # seconds for another fetch of the same edition to end
AGENT = "jvom/{version} (yearly reports on Dutch mission contributions as data)"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Fetched:
    """What a fetch came to: `file` is the edition's in `raw/`, `new` whether its bytes were not there.

    After a dry run the file of new bytes is described as it would be named, but is not there.
    """

    found: Acquisition
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
    """Find the edition, download it, and put it into `raw/` if its bytes are new.

    Of two fetches at the same time the second waits, and finds nothing new. Raises NetworkError,
    SourceError (nothing fits, or several documents do) and LakeError (raw/ cannot be written).
    """
    with _downloads(settings, edition_year, dry_run=dry_run, say=say) as folder:
        editions = raw.catalogue(settings.raw)
        search = Search(
            edition_year=edition_year,
            read=lambda downloaded: _lines(downloaded, edition_year),
            layouts=registry.load().layouts,
            folder=folder,
            largest=files.LARGEST,
            sent=raw.edition_of(editions, edition_year).date_sent,
            services=_services(settings, edition_year),
            thorough=thorough,
        )
        with Transport(network, AGENT.format(version=versions.jvom()), say=say) as transport:
            found = find(search, transport)
        return _preview(settings, found) if dry_run else _add_to_raw(settings, found)


def _lines(downloaded: Downloaded, edition_year: int) -> Sequence[str]:
    source = SourceFile(
        edition_year,
        path="the document",
        sha256=downloaded.sha256,
        bytes=len(downloaded.data),
        format=downloaded.format,
        fidelity="official file" if downloaded.format == "pdf" else "full text",
    )
    return [line.text for line in read.read_lines(downloaded.data, source).lines]


def _services(settings: Settings, edition_year: int) -> tuple[str, ...]:
    """Once an edition came from a service, only that one is asked: others render the same document anew."""
    before = recorded_fetches(_record(settings)).get(str(edition_year), [])
    used = [service for service in SERVICES if before and service == before[-1].get("service")]
    return tuple(used or SERVICES)


@contextmanager
def _downloads(settings: Settings, edition_year: int, *, dry_run: bool, say: Say) -> Iterator[Path]:
    """The folder of downloads, for one fetch of an edition at a time; that of a dry run is removed."""
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


def _preview(settings: Settings, found: Acquisition) -> Fetched:
    """What `_add_to_raw` would do."""
    year, document = found.edition_year, found.document
    for file in raw.survey(settings.raw)[0].get(year, ()):
        if file.sha256 == document.sha256:
            return Fetched(found, file, new=False)
    return Fetched(found, raw.describe(document.data, year, f"raw/{year}/{_name(found)}"), new=True)


def _add_to_raw(settings: Settings, found: Acquisition) -> Fetched:
    """The file, then the lock, then the record; each is made good if an earlier fetch died before it."""
    year = found.edition_year
    before = {file.sha256 for file in raw.survey(settings.raw)[0].get(year, ())}
    file = raw.add(settings.raw, year, _name(found), found.document.data)
    raw.lock(settings.raw, raw.survey(settings.raw)[0][year])
    hint = "make raw/ writable; the document itself is there"
    with files.writable(f"raw/{RECORD}", hint), raw.exclusively(settings.raw):
        record = _record_with(_record(settings), found, file)
        if record is not None:
            files.put(settings.raw / RECORD, record.encode())
    return Fetched(found, file, new=file.sha256 not in before)


def _name(found: Acquisition) -> str:
    """The service's own name for the document, with the ending of its format."""
    return f"{found.chosen.candidate.identifier}.{'pdf' if found.document.format == 'pdf' else 'txt'}"


def _record(settings: Settings) -> str:
    path = settings.raw / RECORD
    return path.read_text(encoding="utf-8") if path.exists() else ""


def recorded_fetches(text: str) -> dict[str, list[dict[str, Any]]]:
    """Every fetch on record, by year. Raises SourceError if the text is not a record."""
    try:
        years = json.loads(text or "{}")
        if isinstance(years, dict) and all(isinstance(of_year, list) for of_year in years.values()):
            return years
    except ValueError:
        pass
    raise SourceError("is not a record of fetches", file=f"raw/{RECORD}", hint="take the file from git")


def _record_with(text: str, found: Acquisition, file: SourceFile) -> str | None:
    """The record with one more fetch; None if it has these bytes already. Raises SourceError."""
    years = recorded_fetches(text)
    of_year = years.setdefault(str(found.edition_year), [])
    if any(entry.get("sha256") == file.sha256 for entry in of_year):
        return None
    of = found.chosen.candidate
    of_year.append(
        {
            "path": file.path.removeprefix("raw/"),
            "sha256": file.sha256,
            "fetched_at": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
            "service": of.service,
            "document": of.identifier,
            "letter": of.letter,
            "title": of.title,
            "sent": of.sent.isoformat(),
            "address": of.address,
            "chosen": found.reason,
            "considered": [judged.summary() for judged in found.considered],
        }
    )
    return json.dumps(dict(sorted(years.items())), ensure_ascii=False, indent=2) + "\n"
