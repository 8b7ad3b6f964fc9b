"""Fetching one edition: found, put into `raw/`, locked, and put on record in `raw/fetched.json`.

Knows other stages (raw, extract), but no Dagster. Nothing in `raw/` is overwritten. What was exchanged is
kept as a cassette, whatever became of the fetch.
"""

import datetime
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines import files, raw, versions
from pipelines.acquire import cassette, checking
from pipelines.acquire.model import Acquisition, Downloaded, Window
from pipelines.acquire.searching import AFTER, BEFORE, SERVICES, Search, find
from pipelines.acquire.transport import Transport
from pipelines.extract import read
from pipelines.model import SourceFile
from pipelines.settings import Network, Settings
from schemas import registry
from schemas.errors import JvomError, NetworkError, SourceError
from schemas.report_day import latest, report_day

RECORD = "fetched.json"
AGENT = f"jvom/{versions.jvom()} (yearly reports on Dutch mission contributions as data)"

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
    service: str | None = None,
    say: Say,
) -> Fetched:
    """Find the edition, download it, and put it into `raw/` if its bytes are new.

    Of two fetches at the same time the second to write finds nothing new. Only `service` is asked, if one is
    named. Raises NetworkError, SourceError (nothing fits, or several documents do) and LakeError (raw/ or
    the warehouse cannot be written).
    """
    about = {
        "edition_year": edition_year,
        "today": datetime.date.today(),
        "sent": raw.edition_of(raw.catalogue(settings.raw), edition_year).date_sent,
        "services": (service,) if service else SERVICES,
        "thorough": thorough,
    }
    transport = Transport(network, AGENT, say=say)
    if dry_run:
        return _preview(settings, _find(about, transport))
    kept = settings.downloads / f"{edition_year}.cassette.zip"
    outcome = "an error that is not ours"
    try:
        found = _find(about, transport)
        outcome = found.reason
    except JvomError as error:
        outcome = str(error)
        if isinstance(error, NetworkError):
            error.hint = f"{error.hint}; to report it, attach {kept}"
        raise
    finally:
        with files.writable(str(kept), "make the warehouse writable, or free some space"):
            cassette.save(kept, about | {"network": asdict(network), "outcome": outcome}, transport.exchanges)
    return _add_to_raw(settings, found)


def replay(settings: Settings, path: Path, say: Say) -> Fetched:
    """The fetch of a cassette once more, by today's code; writes nothing. Raises as `fetch` does."""
    run, exchanges = cassette.load(path)
    player = cassette.Player(exchanges)
    try:
        network = Network(**run["network"])
        days = {name: run[name] and datetime.date.fromisoformat(run[name]) for name in ("today", "sent")}
    except (KeyError, TypeError, ValueError) as error:
        hint = f"play it back by version {run.get('jvom')}"
        raise SourceError("is a cassette of another version", file=str(path), hint=hint) from error
    say(f"{path}: edition {run['edition_year']} on {run['today']}, {len(exchanges)} answers")
    transport = Transport(network, AGENT, say, player.pause, clock=player.clock, through=player.transport())
    return _preview(settings, _find(run | days, transport))


def check(network: Network, say: Say) -> list[checking.Probe]:
    """Which assumptions about the services hold today."""
    day = report_day(latest(datetime.date.today()))
    with Transport(network, AGENT, say) as transport:
        return checking.check(transport, Window(day - BEFORE, day + AFTER))


def _find(about: dict[str, Any], transport: Transport) -> Acquisition:
    year = about["edition_year"]

    def lines(downloaded: Downloaded) -> list[str]:
        source = raw.describe(downloaded.data, year, "the document")
        return [line.text for line in read.read_lines(downloaded.data, source).lines]

    given = {name: about[name] for name in ("today", "sent", "services", "thorough")}
    with transport:
        return find(Search(year, lines, registry.load().layouts, files.LARGEST, **given), transport)


def _preview(settings: Settings, found: Acquisition) -> Fetched:
    """What `_add_to_raw` would do."""
    year, document = found.edition_year, found.document
    for file in raw.survey(settings.raw)[0].get(year, ()):
        if file.sha256 == document.sha256:
            return Fetched(found, file, new=False)
    return Fetched(found, raw.describe(document.data, year, f"raw/{year}/{found.file_name}"), new=True)


def _add_to_raw(settings: Settings, found: Acquisition) -> Fetched:
    """The file, then the lock, then the record; each is made good if an earlier fetch died before it."""
    year = found.edition_year
    before = {file.sha256 for file in raw.survey(settings.raw)[0].get(year, ())}
    file = raw.add(settings.raw, year, found.file_name, found.document.data)
    raw.lock(settings.raw, raw.survey(settings.raw)[0][year])
    hint = "make raw/ writable; the document itself is there"
    with files.writable(f"raw/{RECORD}", hint), raw.exclusively(settings.raw):
        path = settings.raw / RECORD
        record = _record_with(path.read_text(encoding="utf-8") if path.exists() else "{}", found, file)
        if record is not None:
            files.put(path, record.encode())
    return Fetched(found, file, new=file.sha256 not in before)


def _record_with(text: str, found: Acquisition, file: SourceFile) -> str | None:
    """The record with one more fetch; None if it has these bytes already. Raises SourceError."""
    try:
        years = json.loads(text)
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
                "asked": [str(one) for one in found.asked],
                "considered": [judged.summary() for judged in found.considered],
            }
        )
        return json.dumps(dict(sorted(years.items())), ensure_ascii=False, indent=2) + "\n"
    except (ValueError, AttributeError, TypeError) as error:
        hint = "take the file from git"
        raise SourceError("is not a record of fetches", file=f"raw/{RECORD}", hint=hint) from error
