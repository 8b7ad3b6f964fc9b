"""What a search is about: the documents listed, the verdict on each, and the one that was chosen."""

import datetime
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["attachment", "letter"]
Format = Literal["pdf", "text"]


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


@dataclass(frozen=True)
class Downloaded:
    """A whole document; `fresh` is False where the service said that it is unchanged."""

    data: bytes
    sha256: str
    format: Format
    fresh: bool


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

    def __str__(self) -> str:
        of = self.candidate
        reasons = "; ".join(self.reasons)
        return f"{of.identifier} ({of.kind}, {of.sent}) {of.title!r}: score {self.score:.1f}; {reasons}"

    def summary(self) -> dict[str, Any]:
        of = self.candidate
        return {
            "document": of.identifier,
            "kind": of.kind,
            "title": of.title,
            "sent": of.sent.isoformat(),
            "score": self.score,
            "fits": self.fits,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class Acquisition:
    """The document chosen, the reason, and every document that was looked at."""

    edition_year: int
    chosen: Judged
    document: Downloaded
    reason: str
    considered: tuple[Judged, ...]
