"""Fetching one edition: found, put into `raw/`, locked, and put on record in `raw/fetched.json`.

Knows other stages (raw, extract), but no Dagster. Nothing in `raw/` is overwritten. What was exchanged is
kept as a cassette, whatever became of the fetch.
"""

import datetime
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines import files, raw
from pipelines.acquire import cassette, searching
from pipelines.acquire.model import Acquisition, Downloaded
from pipelines.acquire.searching import SERVICES, Search
from pipelines.acquire.transport import Transport
from pipelines.extract import likeness
from pipelines.model import SourceFile
from pipelines.settings import Network, Settings
from schemas import registry
from schemas.errors import JvomError, NetworkError, SourceError
from schemas.report_day import latest, report_day

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
    sent = raw.edition_of(raw.catalogue(settings.raw), edition_year).date_sent
    services = (service,) if service else SERVICES
    about = {"edition_year": edition_year, "today": datetime.date.today(), "sent": sent}
    about |= {"services": services, "thorough": thorough}
    transport = Transport(network, say)
    if dry_run:
        return _add_to_raw(settings, _find(about, transport), dry_run=True)
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
    return _add_to_raw(settings, found, dry_run=False)


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
    transport = Transport(network, say, player.pause, clock=player.clock, through=player.answer)
    return _add_to_raw(settings, _find(run | days, transport), dry_run=True)


def check(network: Network, say: Say) -> list[dict[str, Any]]:
    """Which assumptions about the services hold today."""
    with Transport(network, say) as transport:
        return searching.check(transport, report_day(latest(datetime.date.today())))


def _find(about: dict[str, Any], transport: Transport) -> Acquisition:
    year, known = about["edition_year"], registry.load()

    def judge(downloaded: Downloaded) -> likeness.Score:
        source = raw.describe(downloaded.data, year, "the document")
        return likeness.judge(downloaded.data, source, known)

    given = {name: about[name] for name in ("today", "sent", "services", "thorough")}
    with transport:
        return searching.find(Search(year, judge, **given), transport)


def _add_to_raw(settings: Settings, found: Acquisition, *, dry_run: bool) -> Fetched:
    """The file, then the lock, then the record; each is made good if an earlier fetch died before it."""
    year, document = found.edition_year, found.document
    there = {file.sha256: file for file in raw.survey(settings.raw)[0].get(year, ())}
    file, new = there.get(document.sha256), document.sha256 not in there
    if dry_run:
        named = raw.describe(document.data, year, f"raw/{year}/{found.file_name}")
        return Fetched(found, file or named, new)
    file = raw.add(settings.raw, year, found.file_name, document.data)
    raw.lock_year(settings.raw, year)
    fetched_at = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
    of_file = {"path": file.path.removeprefix("raw/"), "sha256": file.sha256, "fetched_at": fetched_at}
    raw.record_fetch(settings.raw, year, of_file | found.summary())
    return Fetched(found, file, new)
