"""The search for one edition: ask the services in turn, judge what they list, choose, and say why."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.acquire import parliament, publications
from pipelines.acquire.download import Unusable, download
from pipelines.acquire.model import Candidate, Downloaded, Found, Judged, Window
from pipelines.acquire.scoring import score
from pipelines.acquire.transport import Transport
from schemas.errors import JvomError, NetworkError, SourceError
from schemas.registry import Layout
from schemas.report_day import DOSSIER, report_day

WAYS = {parliament.SERVICE: parliament.search, publications.SERVICE: publications.search}
BEFORE, AFTER = datetime.timedelta(days=7), datetime.timedelta(days=14)
LAST = (9, 30)  # month and day: later letters of a year are about something else


@dataclass(frozen=True)
class Search:
    """What is looked for, and how.

    `sent` is the day it was sent, where that is known; `read` gives the lines of a document or raises a
    JvomError; `folder` keeps downloads; `largest` is the limit of one in bytes. `ways` are the services to
    ask, in order. `thorough`: look also at what was sent long after the edition, for a replacement.
    """

    edition_year: int
    read: Callable[[Downloaded], Sequence[str]]
    layouts: Sequence[Layout]
    folder: Path
    largest: int
    sent: datetime.date | None = None
    ways: Sequence[str] = tuple(WAYS)
    thorough: bool = False

    @property
    def windows(self) -> tuple[Window, ...]:
        """The days around which it was sent, then until autumn; to be thorough the latter alone."""
        day = self.sent or report_day(self.edition_year)
        near = Window(day - BEFORE, day + AFTER)
        wide = Window(near.first, max(near.last, datetime.date(self.edition_year, *LAST)))
        return (wide,) if self.thorough else (near, wide)


def find(search: Search, transport: Transport) -> Found:
    """The edition's document, downloaded and judged.

    Raises NetworkError where no service could be asked, or gave no document where it should have;
    SourceError where nothing fits, or several documents fit equally well. Both say what was looked at.
    """
    considered: dict[str, Judged] = {}
    silent: list[NetworkError] = []
    for way in search.ways:
        try:
            for window in search.windows:
                listed = WAYS[way](transport, DOSSIER, window)
                _judge_all(search, transport, listed, considered)
                if any(judged.fits for judged in considered.values()):
                    return _chosen(search, list(considered.values()))
        except NetworkError as error:
            silent.append(error)
    raise _nothing(search, list(considered.values()), silent)


def _judge_all(
    search: Search, transport: Transport, listed: Sequence[Candidate], considered: dict[str, Judged]
) -> None:
    """Judge what was not yet; one that cannot be had is put aside, two in a row end the way."""
    failed = 0
    for candidate in listed:
        if candidate.address in considered:
            continue
        transport.say(f"looking at {candidate.identifier} of {candidate.sent}")
        try:
            considered[candidate.address] = _judge(search, transport, candidate)
            failed = 0
        except NetworkError as error:
            considered[candidate.address] = Judged(candidate, reasons=(error.message,), faulty=True)
            failed += 1
            if failed == 2:
                raise


def _judge(search: Search, transport: Transport, candidate: Candidate) -> Judged:
    try:
        document = download(transport, candidate.address, search.folder, search.largest)
        lines = search.read(document)
    except Unusable as error:
        return Judged(candidate, reasons=(error.message,), faulty=error.faulty)
    except NetworkError:
        raise
    except JvomError as error:
        return Judged(candidate, reasons=(f"cannot be read: {error.message}",))
    found = score(lines, search.layouts, search.edition_year)
    return Judged(candidate, found.value, found.fits, found.reasons, document)


def _chosen(search: Search, considered: list[Judged]) -> Found:
    """The newest that fits, and of several of one day the one that fits best."""
    fitting = [judged for judged in considered if judged.fits]
    newest = max(judged.candidate.sent for judged in fitting)
    best = max(judged.score for judged in fitting if judged.candidate.sent == newest)
    equals = [j for j in fitting if j.candidate.sent == newest and j.score == best]
    if len({judged.document.sha256 for judged in equals if judged.document}) > 1:
        listed = "\n".join(f"  - {judged}" for judged in equals)
        raise SourceError(
            f"{len(equals)} documents of {newest} fit edition {search.edition_year} equally well\n{listed}",
            hint=f"download the right one, then: jvom ingest FILE --year {search.edition_year} --keep",
        )
    chosen = equals[0]
    assert chosen.document is not None, "what fits was read"
    reason = f"of {len(considered)} documents the only one with an edition's annexes"
    if len(fitting) > 1:
        reason = f"the newest of {len(fitting)} documents with an edition's annexes"
    return Found(search.edition_year, chosen, chosen.document, reason, tuple(considered))


def _nothing(search: Search, considered: list[Judged], silent: list[NetworkError]) -> JvomError:
    """Why there is nothing: the service's fault, if it may be that, else nothing fits."""
    year = search.edition_year
    if silent and not considered:
        reasons = "; ".join(dict.fromkeys(error.message for error in silent))
        return NetworkError(f"edition {year} cannot be looked for: {reasons}", hint=silent[0].hint)
    listed = "\n".join(f"  - {judged}" for judged in considered)
    looked = f"looked at {len(considered)} documents\n{listed}" if considered else "nothing was sent then"
    days = f"{search.windows[-1].first} to {search.windows[-1].last}"
    told = f"no report found for edition {year} in dossier {DOSSIER}, {days}: {looked}"
    if silent or any(judged.faulty for judged in considered):
        told += "".join(f"\n  - {error.message}" for error in silent)
        return NetworkError(told, hint="try again later; some of it could not be had now")
    hint = (
        "if one of them is the report, its layout is not known yet (docs/how-to/add-an-edition.md); "
        f"a file from elsewhere comes in with: jvom ingest FILE --year {year} --keep"
    )
    return SourceError(told, hint=hint)
