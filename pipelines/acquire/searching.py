"""The search for one edition: ask the services in turn, judge what they list, choose, and say why.

A document is judged by the headings and column headers of an edition's annexes. Its title says little: it
changed five times, and reports of the same day on single missions have similar ones.
"""

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.acquire import parliament, publications
from pipelines.acquire.model import Acquisition, Candidate, Downloaded, Judged, Window
from pipelines.acquire.transport import Transport, Unusable, download
from schemas.errors import JvomError, NetworkError, SourceError
from schemas.registry import Heading, Layout
from schemas.report_day import DOSSIER, report_day

SERVICES = {parliament.SERVICE: parliament.search, publications.SERVICE: publications.search}
BEFORE, AFTER = datetime.timedelta(days=7), datetime.timedelta(days=14)
LAST = (9, 30)  # month and day: later letters of a year are about something else

FITS = 3.5  # of 4: both annexes have their heading, and all but a few words of their headers
SPREAD = 40  # filled lines under a heading in which the words of its header are looked for
HEADING_LINES = 3  # a heading may be printed over so many lines
NAMED = 3  # other annexes that are named where one is missing

_ANNEX = re.compile(r"bijlage\s+\w{1,3}\b.{0,80}", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True)
class Search:
    """What is looked for, and how.

    `read` gives the lines of a document or raises a JvomError; `folder` keeps downloads, each of at most
    `largest` bytes; `sent` is the day it was sent, if known; `services` are asked in order. `thorough`: look
    also at what was sent long after the edition, for a replacement.
    """

    edition_year: int
    read: Callable[[Downloaded], Sequence[str]]
    layouts: Sequence[Layout]
    folder: Path
    largest: int
    sent: datetime.date | None = None
    services: Sequence[str] = tuple(SERVICES)
    thorough: bool = False

    @property
    def windows(self) -> tuple[Window, ...]:
        """The days around the one it was sent on, then until autumn; only the latter if `thorough`."""
        day = self.sent or report_day(self.edition_year)
        near = Window(day - BEFORE, day + AFTER)
        wide = Window(near.first, max(near.last, datetime.date(self.edition_year, *LAST)))
        return (wide,) if self.thorough else (near, wide)


def find(search: Search, transport: Transport) -> Acquisition:
    """The edition's document, downloaded and judged.

    Raises NetworkError if no service could be asked, or gave no document where it should have; SourceError
    if nothing fits, or several documents fit equally well. Both say what was looked at.
    """
    considered: dict[str, Judged] = {}
    unanswered: list[NetworkError] = []
    for service in search.services:
        try:
            for window in search.windows:
                listed = SERVICES[service](transport, DOSSIER, window)
                _judge_all(search, transport, listed, considered)
                if any(judged.fits for judged in considered.values()):
                    return _chosen(search, list(considered.values()))
        except NetworkError as error:
            unanswered.append(error)
    raise _nothing(search, list(considered.values()), unanswered)


def _judge_all(
    search: Search, transport: Transport, listed: Sequence[Candidate], considered: dict[str, Judged]
) -> None:
    """Judge each new candidate. One that cannot be downloaded is put aside; two in a row are raised."""
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


def _chosen(search: Search, considered: list[Judged]) -> Acquisition:
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
    return Acquisition(search.edition_year, chosen, chosen.document, reason, tuple(considered))


def _nothing(search: Search, considered: list[Judged], unanswered: list[NetworkError]) -> JvomError:
    """Why there is nothing: the service's fault, if it may be that, else nothing fits."""
    year = search.edition_year
    if unanswered and not considered:
        reasons = "; ".join(dict.fromkeys(error.message for error in unanswered))
        return NetworkError(f"edition {year} cannot be looked for: {reasons}", hint=unanswered[0].hint)
    listed = "\n".join(f"  - {judged}" for judged in considered)
    looked = f"looked at {len(considered)} documents\n{listed}" if considered else "nothing was sent then"
    days = f"{search.windows[-1].first} to {search.windows[-1].last}"
    message = f"no report found for edition {year} in dossier {DOSSIER}, {days}: {looked}"
    if unanswered or any(judged.faulty for judged in considered):
        message += "".join(f"\n  - {error.message}" for error in unanswered)
        return NetworkError(message, hint="try again later; some of it could not be had now")
    hint = (
        "if one of them is the report, its layout is not known yet (docs/how-to/add-an-edition.md); "
        f"a file from elsewhere comes in with: jvom ingest FILE --year {year} --keep"
    )
    return SourceError(message, hint=hint)


@dataclass(frozen=True)
class Score:
    """How much of a layout's annexes a document has (0 to 4), whether that makes it an edition, and why."""

    value: float
    fits: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Annex:
    """An annex of a layout in a document: its heading as printed, and the share of its header's words."""

    heading: Heading
    found: str | None
    share: float

    @property
    def score(self) -> float:
        return (1.0 if self.found else 0.0) + self.share


def score(lines: Sequence[str], layouts: Iterable[Layout], edition_year: int) -> Score:
    """The best score under any known layout; both annexes count for two points each.

    A document that speaks of another period than an edition of that year can is none of that year.
    """
    filled = [" ".join(line.split()) for line in lines if line.strip()]
    best: list[_Annex] = []
    value = 0.0
    for layout in layouts:
        printed = [column.printed for column in layout.mandates.columns]
        found = [
            _annex(filled, layout.mandates.heading, printed),
            _annex(filled, layout.personnel.heading, [layout.personnel.header]),
        ]
        if (total := sum(annex.score for annex in found)) > value or not best:
            best, value = found, total
    wrong = [reason for annex in best for reason in _wrong_period(annex, edition_year)]
    fits = value >= FITS and all(annex.found for annex in best) and not wrong
    reasons = [reason for annex in best for reason in _reasons(annex)] + wrong
    if any(annex.found is None for annex in best):
        others = list(dict.fromkeys(line for line in filled if _ANNEX.fullmatch(line)))[:NAMED]
        reasons += [f"has instead: {', '.join(map(repr, others))}"] if others else []
    return Score(round(value, 2), fits, tuple(reasons))


def _annex(filled: Sequence[str], heading: Heading, header: Sequence[str]) -> _Annex:
    """The place where the heading has most of its header under it; a table of contents has none."""
    words = {word for text in header for word in _words(text)}
    found, share = None, 0.0
    for place, text in _places(filled, heading):
        under = {word for text in filled[place : place + SPREAD] for word in _words(text)}
        here = len(words & under) / len(words)
        if found is None or here > share:
            found, share = text, here
    return _Annex(heading, found, share)


def _words(text: str) -> set[str]:
    """The words, without the footnote markers that are glued to them."""
    return {word.rstrip("0123456789") for word in re.findall(r"[\w/.-]*\w", text.casefold())} - {""}


def _places(filled: Sequence[str], heading: Heading) -> Iterator[tuple[int, str]]:
    """After which line the heading ends, and how it reads there, over as few lines as possible."""
    opening = heading.printed.split()[0].casefold()
    for start, line in enumerate(filled):
        if not line.casefold().startswith(opening):
            continue
        for length in range(1, HEADING_LINES + 1):
            text = " ".join(filled[start : start + length])
            if heading.match(text) is not None:
                yield start + length, text
                break


def _reasons(annex: _Annex) -> list[str]:
    if annex.found is None:
        return [f"no line reads {annex.heading.printed!r}"]
    words = "all" if annex.share == 1 else f"{annex.share:.0%}"
    return [f"has {annex.found!r} with {words} of the words of its table's header"]


def _wrong_period(annex: _Annex, edition_year: int) -> list[str]:
    """A period belongs to an edition of the year in which it ends, or of the next."""
    names = (annex.heading.match(annex.found) or {}) if annex.found else {}
    years = [int(year) for year in _YEAR.findall(names.get("period", ""))]
    if not years or max(years) in (edition_year, edition_year - 1):
        return []
    return [f"speaks of {names['period']}, which an edition of {edition_year} does not"]
