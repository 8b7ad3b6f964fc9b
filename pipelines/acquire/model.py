"""What a search is about: documents listed, the verdict on each, the one chosen, and what was exchanged."""

import datetime
import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.model import SourceFormat
from schemas.errors import NetworkError
from schemas.report_day import TIMEZONE

Kind = Literal["attachment", "letter"]


@dataclass(frozen=True)
class Window:
    """Days from first to last, both included."""

    first: datetime.date
    last: datetime.date


@dataclass(frozen=True)
class Candidate:
    """A document that a service lists.

    `identifier` is the service's name for it, `letter` the Kamerstuk (`kst-29521-495`) of the letter that it
    came with, if known.
    """

    service: str
    identifier: str
    kind: Kind
    title: str
    sent: datetime.date
    address: str
    letter: str | None = None


Listed = Iterator[list[Candidate]]


@dataclass(frozen=True)
class Downloaded:
    """A whole document."""

    data: bytes
    sha256: str
    format: SourceFormat


@dataclass(frozen=True)
class Judged:
    """A candidate, how much of an edition's annexes it has (0 to 4), whether it is an edition, and why.

    `faulty`: the service gave no document where it should have, so another attempt may help.
    """

    candidate: Candidate
    score: float = 0.0
    fits: bool = False
    reasons: tuple[str, ...] = ()
    document: Downloaded | None = None
    faulty: bool = False

    @property
    def is_official(self) -> bool:
        """Whether it is not a Word file, which a PDF takes the place of."""
        return self.document is not None and self.document.format != "docx"

    def __str__(self) -> str:
        of, reasons = self.candidate, "; ".join(self.reasons)
        return f"{of.identifier} ({of.kind}, {of.sent}) {of.title!r}: score {self.score:.1f}; {reasons}"

    def summary(self) -> dict[str, Any]:
        of = self.candidate
        listed = {"document": of.identifier, "kind": of.kind, "title": of.title, "sent": str(of.sent)}
        return listed | {"score": self.score, "fits": self.fits, "reasons": list(self.reasons)}


@dataclass(frozen=True)
class Asked:
    """A service that was asked, and what came of it; `failed` is why it could not be asked to the end."""

    name: str
    service: str
    listed: int
    failed: NetworkError | None = None

    def __str__(self) -> str:
        listed = f"listed {self.listed} documents"
        return f"{self.name} {listed}" + (f", then: {self.failed.message}" if self.failed else "")


@dataclass(frozen=True)
class Acquisition:
    """The document chosen, the reason, every document that was looked at, and every service asked."""

    edition_year: int
    chosen: Judged
    document: Downloaded
    reason: str
    considered: tuple[Judged, ...]
    asked: tuple[Asked, ...]

    def summary(self) -> dict[str, Any]:
        """What was chosen, and out of what."""
        of, asked = self.chosen.candidate, [str(one) for one in self.asked]
        listed = {"document": of.identifier, "service": of.service, "letter": of.letter, "title": of.title}
        listed |= {"address": of.address, "sent": str(of.sent), "chosen": self.reason}
        return listed | {"asked": asked, "considered": [judged.summary() for judged in self.considered]}

    @property
    def file_name(self) -> str:
        """The service's own name for the document, with the ending of its format."""
        return f"{self.chosen.candidate.identifier}.{self.document.format.replace('text', 'txt')}"


@dataclass
class Exchange:
    """A request and its answer. Seconds to the first byte and in all; `error` is httpx's, by its name."""

    address: str
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    first: float = 0.0
    seconds: float = 0.0
    error: str = ""
    words: str = ""


def dutch_day(text: str) -> datetime.date:
    """The day in the Netherlands of a date or a moment in ISO 8601. Raises ValueError."""
    moment = datetime.datetime.fromisoformat(text)
    return (moment.astimezone(zoneinfo.ZoneInfo(TIMEZONE)) if moment.tzinfo else moment).date()


def gathered(pages: Iterable[list[Candidate]]) -> Iterator[list[Candidate]]:
    """All pages as one list; where a later page fails, what was listed until then, and then the error."""
    found: list[Candidate] = []
    failure = None
    try:
        for page in pages:
            found += page
    except NetworkError as error:
        failure = error
    yield found
    if failure is not None:
        raise failure
