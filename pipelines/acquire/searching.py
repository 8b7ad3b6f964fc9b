"""The search for one edition: ask the services in turn, judge what they list, choose, and say why.

A document is judged by its annexes (`extract.likeness`). Its title says little: it changed five times, and
reports of the same day on single missions have similar ones. Also checks what is assumed of the services.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipelines import files
from pipelines.acquire import parliament, publications
from pipelines.acquire.model import Acquisition, Asked, Candidate, Downloaded, Judged, Window
from pipelines.acquire.transport import Transport, Unusable
from pipelines.extract.likeness import Score
from pipelines.settings import Network
from schemas.errors import JvomError, NetworkError, SourceError
from schemas.report_day import DOSSIER, report_day

SERVICES = ("parliament", "publications")
BEFORE, AFTER = datetime.timedelta(days=7), datetime.timedelta(days=14)
UNNUMBERED = datetime.timedelta(days=10)  # after which a paper has its number, and its place in the dossier
LAST = (9, 30)  # month and day: later letters of a year are about something else


Way = parliament.Version | publications.Repository
Seen = dict[tuple[str, str], Judged]  # by service and the service's name for it


@dataclass(frozen=True)
class Search:
    """What is looked for, and how.

    `judge` scores a document or raises a JvomError; `sent` is the day it was sent, if known; `services` are
    asked in order. `thorough`: look until autumn, for a replacement.
    """

    edition_year: int
    judge: Callable[[Downloaded], Score]
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


def find(search: Search, transport: Transport) -> Acquisition:
    """The edition's document, downloaded and judged.

    Raises NetworkError if no service could be asked, or gave no document where it should have; SourceError
    if nothing fits, or several documents fit equally well. Both say what was looked at.
    """
    seen: Seen = {}
    asked: list[Asked] = []
    for way in ways(search.services, transport.network):
        answered = any(one.service == way.service and one.listed and not one.failed for one in asked)
        if answered and not any(judged.faulty for judged in seen.values()):
            continue  # another version of the service has answered for it
        asked.append(_ask(way, search, transport, seen))
        if any(judged.fits and judged.is_official for judged in seen.values()):
            break  # a Word file is taken if no service has the official one
    considered = list(seen.values())
    if any(judged.fits for judged in considered):
        return _chosen(search, considered, asked)
    raise _nothing(search, considered, asked)


def ways(services: Sequence[str], network: Network) -> list[Way]:
    """How each service can be asked, in order."""
    found: dict[str, list[Way]] = {
        "parliament": [*parliament.versions(network.parliament)],
        "publications": [publications.Repository(network.publications)],
    }
    return [way for service in services for way in found[service]]


def _ask(way: Way, search: Search, transport: Transport, seen: Seen) -> Asked:
    """Judge what one service lists, until something fits; what was judged before it failed is kept."""
    listed, failed = 0, None
    try:
        for candidates in way.search(transport, DOSSIER, search.windows):
            listed += len(candidates)
            _judge_all(search, transport, candidates, seen)
            if not search.thorough and any(judged.fits for judged in seen.values()):
                break
    except NetworkError as error:
        failed = error
    return Asked(way.name, way.service, listed, failed)


def _judge_all(search: Search, transport: Transport, listed: Sequence[Candidate], seen: Seen) -> None:
    """Judge each new candidate. One that cannot be downloaded is put aside; two in a row are raised."""
    failed = 0
    for candidate in listed:
        key = (candidate.service, candidate.identifier)
        if (before := seen.get(key)) and not (
            before.faulty and before.candidate.address != candidate.address
        ):
            continue
        transport.say(f"looking at {candidate.identifier} of {candidate.sent}")
        try:
            document = transport.document(candidate.address, files.LARGEST)
            found = search.judge(document)
            seen[key] = Judged(candidate, found.value, found.fits, found.reasons, document)
        except NetworkError as error:
            seen[key] = Judged(candidate, reasons=(error.message,), faulty=True)
            failed += 1
            if failed == 2:
                raise
            continue
        except Unusable as error:
            seen[key] = Judged(candidate, reasons=(error.message,), faulty=error.faulty)
        except JvomError as error:
            seen[key] = Judged(candidate, reasons=(f"cannot be read: {error.message}",))
        failed = 0


def _chosen(search: Search, considered: list[Judged], asked: Sequence[Asked]) -> Acquisition:
    """The newest that fits, and of several of one day the one that fits best; a PDF before a Word file."""
    year, fitting = search.edition_year, [judged for judged in considered if judged.fits]
    newest = max(judged.candidate.sent for judged in fitting)
    of_day = [judged for judged in fitting if judged.candidate.sent == newest]
    of_day = [judged for judged in of_day if judged.is_official] or of_day
    best = max(judged.score for judged in of_day)
    equals = [judged for judged in of_day if judged.score == best]
    if len({judged.document.sha256 for judged in equals if judged.document}) > 1:
        listed = "\n".join(f"  - {judged}" for judged in equals)
        raise SourceError(
            f"{len(equals)} documents of {newest} fit edition {year} equally well\n{listed}",
            hint=f"download the right one, then: jvom ingest FILE --year {year} --keep",
        )
    chosen = equals[0]
    assert chosen.document is not None, "what fits was read"
    reason = f"of {len(considered)} documents the only one with an edition's annexes"
    if len(fitting) > 1:
        reason = f"the newest of {len(fitting)} documents with an edition's annexes"
    return Acquisition(year, chosen, chosen.document, reason, tuple(considered), tuple(asked))


def _nothing(search: Search, considered: list[Judged], asked: Sequence[Asked]) -> JvomError:
    """Why there is nothing: the service's fault, if it may be that, else nothing fits."""
    year, until = search.edition_year, search.day + UNNUMBERED
    failed = [one.failed for one in asked if one.failed]
    most_said = max((error.hint for error in failed if error.hint), key=len, default=None)
    if len(failed) == len(asked) and not considered:
        reasons = "; ".join(dict.fromkeys(error.message for error in failed))
        return NetworkError(f"edition {year} cannot be looked for: {reasons}", hint=most_said)
    looked = "nothing is listed" if failed else "nothing was sent then"
    if considered:
        listed = "\n".join(f"  - {judged}" for judged in considered)
        looked = f"looked at {len(considered)} documents\n{listed}"
    days = f"{search.windows[-1].first} to {search.windows[-1].last}"
    message = f"no report found for edition {year} in dossier {DOSSIER}, {days}: {looked}"
    if failed or any(judged.faulty for judged in considered):
        message += "".join(f"\n  - {one}" for one in asked)
        return NetworkError(message, hint=most_said or "try again later; some of it could not be had now")
    if search.today < search.day:
        hint = f"edition {year} is due on {search.day}"
    elif search.today <= until:
        hint = f"it may not be numbered yet, and is then in no dossier: try again tomorrow, until {until}"
    elif considered:
        hint = "if one of them is the report, its layout is not known yet (docs/how-to/add-an-edition.md)"
    else:
        hint = "if it was sent on a day that is known, put date_sent into raw/sources.toml"
    by_hand = f"a file from elsewhere comes in with: jvom ingest FILE --year {year} --keep"
    return SourceError(message, hint=f"{hint}; {by_hand}")


def check(transport: Transport, day: datetime.date) -> list[dict[str, Any]]:
    """Whether each way lists what came with letters around a day, and each service has such a document.

    Of each: `assumption`, whether it `holds`, after how many `seconds`, and what was `found`.
    """
    listed: dict[str, Candidate] = {}

    def attachments(way: Way) -> str:
        pages = way.search(transport, DOSSIER, [Window(day - BEFORE, day + AFTER)])
        candidates = next(filter(None, pages), [])  # the first page may be of what came before a failure
        attached = [one for one in candidates if one.kind == "attachment"]
        if not attached:
            raise NetworkError(f"lists {len(candidates)} letters, none with an attachment")
        listed.setdefault(way.service, attached[0])
        return f"{len(attached)}, such as {attached[0].identifier} of {attached[0].sent}"

    def document(one: Candidate) -> str:
        got = transport.document(one.address, files.LARGEST)
        return f"{one.identifier}: {got.format}, {len(got.data)} bytes"

    def ask(assumption: str, question: Callable[[], str]) -> dict[str, Any]:
        begun, holds = transport.clock(), True
        try:
            found = question()
        except JvomError as error:
            holds, found = False, error.message
        seconds = round(transport.clock() - begun, 1)
        return {"assumption": assumption, "holds": holds, "seconds": seconds, "found": found}

    probes = [
        ask(f"{way.name} lists attachments of dossier {DOSSIER}", partial(attachments, way))
        for way in ways(SERVICES, transport.network)
    ]
    return probes + [ask(f"{of} gives what it lists", partial(document, one)) for of, one in listed.items()]
