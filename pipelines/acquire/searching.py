"""The search for one edition: ask the services in turn, judge what they list, choose, and say why.

A document is judged by its annexes (`extract.likeness`). Its title says little: it changed five times, and
reports of the same day on single missions have similar ones.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.acquire import parliament, publications
from pipelines.acquire.model import Acquisition, Asked, Candidate, Downloaded, Judged, Window
from pipelines.acquire.transport import Transport, Unusable
from pipelines.extract.likeness import score
from pipelines.settings import Network
from schemas.errors import JvomError, NetworkError, SourceError
from schemas.registry import Layout
from schemas.report_day import DOSSIER, report_day

SERVICES = ("parliament", "publications")
BEFORE, AFTER = datetime.timedelta(days=7), datetime.timedelta(days=14)
UNNUMBERED = datetime.timedelta(days=10)  # after which a paper has its number, and its place in the dossier
LAST = (9, 30)  # month and day: later letters of a year are about something else


@dataclass(frozen=True)
class Search:
    """What is looked for, and how.

    `read` gives the lines of a document of at most `largest` bytes or raises a JvomError; `sent` is the day
    it was sent, if known; `services` are asked in order. `thorough`: look also at what was sent long after
    the edition, for a replacement.
    """

    edition_year: int
    read: Callable[[Downloaded], Sequence[str]]
    layouts: Sequence[Layout]
    largest: int
    today: datetime.date
    sent: datetime.date | None = None
    services: Sequence[str] = SERVICES
    thorough: bool = False

    @property
    def day(self) -> datetime.date:
        return self.sent or report_day(self.edition_year)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The days around the one it was sent on, then until autumn; only the latter if `thorough`."""
        near = Window(self.day - BEFORE, self.day + AFTER)
        wide = Window(near.first, max(near.last, datetime.date(self.edition_year, *LAST)))
        if self.today <= near.last or wide == near:  # nothing was sent later than today
            return (near,)
        return (wide,) if self.thorough else (near, wide)


Way = parliament.Version | publications.Repository


def find(search: Search, transport: Transport) -> Acquisition:
    """The edition's document, downloaded and judged.

    Raises NetworkError if no service could be asked, or gave no document where it should have; SourceError
    if nothing fits, or several documents fit equally well. Both say what was looked at.
    """
    considered: dict[tuple[str, str], Judged] = {}
    asked: list[Asked] = []
    for way in ways(search.services, transport.network):
        if any(
            other.service == way.service and other.listed for other in asked if not other.failed
        ) and not any(judged.faulty for judged in considered.values()):
            continue  # another version of the service has answered for it
        asked.append(_ask(way, search, transport, considered))
        # A Word file is taken if no service has the official one.
        if any(
            judged.fits and judged.document.format != "docx"
            for judged in considered.values()
            if judged.document
        ):
            break
    if any(judged.fits for judged in considered.values()):
        return _chosen(search, list(considered.values()), asked)
    raise _nothing(search, list(considered.values()), asked)


def ways(services: Sequence[str], network: Network) -> list[Way]:
    ways: dict[str, list[Way]] = {
        "parliament": [*parliament.versions(network.parliament)],
        "publications": [publications.Repository(network.publications)],
    }
    return [way for service in services for way in ways[service]]


def _ask(way: Way, search: Search, transport: Transport, considered: dict[tuple[str, str], Judged]) -> Asked:
    """Judge what one service lists, until something fits; what was judged before it failed is kept."""
    listed = 0
    try:
        for candidates in way.search(transport, DOSSIER, search.windows):
            listed += len(candidates)
            _judge_all(search, transport, candidates, considered)
            if not search.thorough and any(judged.fits for judged in considered.values()):
                break
    except NetworkError as error:
        return Asked(way.name, way.service, listed, error)
    return Asked(way.name, way.service, listed)


def _judge_all(
    search: Search,
    transport: Transport,
    listed: Sequence[Candidate],
    considered: dict[tuple[str, str], Judged],
) -> None:
    """Judge each new candidate. One that cannot be downloaded is put aside; two in a row are raised."""
    failed = 0
    for candidate in listed:
        key = (candidate.service, candidate.identifier)
        before = considered.get(key)
        if before and not (before.faulty and before.candidate.address != candidate.address):
            continue
        transport.say(f"looking at {candidate.identifier} of {candidate.sent}")
        try:
            considered[key] = _judge(search, transport, candidate)
            failed = 0
        except NetworkError as error:
            considered[key] = Judged(candidate, reasons=(error.message,), faulty=True)
            failed += 1
            if failed == 2:
                raise


def _judge(search: Search, transport: Transport, candidate: Candidate) -> Judged:
    try:
        document = transport.document(candidate.address, search.largest)
        lines = search.read(document)
    except Unusable as error:
        return Judged(candidate, reasons=(error.message,), faulty=error.faulty)
    except NetworkError:
        raise
    except JvomError as error:
        return Judged(candidate, reasons=(f"cannot be read: {error.message}",))
    found = score(lines, search.layouts, search.edition_year)
    return Judged(candidate, found.value, found.fits, found.reasons, document)


def _chosen(search: Search, considered: list[Judged], asked: Sequence[Asked]) -> Acquisition:
    """The newest that fits, and of several of one day the one that fits best; a PDF before a Word file."""
    fitting = [judged for judged in considered if judged.fits and judged.document]
    newest = max(judged.candidate.sent for judged in fitting)
    of_day = [judged for judged in fitting if judged.candidate.sent == newest]
    official = [judged for judged in of_day if judged.document and judged.document.format != "docx"]
    best = max(judged.score for judged in official or of_day)
    equals = [judged for judged in official or of_day if judged.score == best]
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
    return Acquisition(search.edition_year, chosen, chosen.document, reason, tuple(considered), tuple(asked))


def _nothing(search: Search, considered: list[Judged], asked: Sequence[Asked]) -> JvomError:
    """Why there is nothing: the service's fault, if it may be that, else nothing fits."""
    year = search.edition_year
    failed = [one.failed for one in asked if one.failed]
    if len(failed) == len(asked) and not considered:
        reasons = "; ".join(dict.fromkeys(error.message for error in failed))
        return NetworkError(f"edition {year} cannot be looked for: {reasons}", hint=_hint(failed))
    listed = "\n".join(f"  - {judged}" for judged in considered)
    none = "nothing is listed" if failed else "nothing was sent then"
    looked = f"looked at {len(considered)} documents\n{listed}" if considered else none
    days = f"{search.windows[-1].first} to {search.windows[-1].last}"
    message = f"no report found for edition {year} in dossier {DOSSIER}, {days}: {looked}"
    if failed or any(judged.faulty for judged in considered):
        message += "".join(f"\n  - {one}" for one in asked)
        return NetworkError(message, hint=_hint(failed) or "try again later; some of it could not be had now")
    by_hand = f"a file from elsewhere comes in with: jvom ingest FILE --year {year} --keep"
    if search.today < search.day:
        hint = f"edition {year} is due on {search.day}; {by_hand}"
    elif search.today <= search.day + UNNUMBERED:
        hint = (
            "it may not be numbered yet, and is then in no dossier: try again tomorrow, until "
            f"{search.day + UNNUMBERED}; {by_hand}"
        )
    elif considered:
        new = "if one of them is the report, its layout is not known yet (docs/how-to/add-an-edition.md)"
        hint = f"{new}; {by_hand}"
    else:
        hint = f"if it was sent on a day that is known, put date_sent into raw/sources.toml; {by_hand}"
    return SourceError(message, hint=hint)


def _hint(failed: Sequence[NetworkError]) -> str | None:
    """The one that says most."""
    return max((error.hint for error in failed if error.hint), key=len, default=None)
