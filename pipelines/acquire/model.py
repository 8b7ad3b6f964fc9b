"""What a search deals in: documents found, what was thought of each, and the one that was chosen."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

Kind = Literal["attachment", "letter"]
Format = Literal["pdf", "text"]


@dataclass(frozen=True)
class Candidate:
    """A document that a service lists: what it calls it, when it was sent, and where its file is.

    `letter` is the Kamerstuk (`kst-29521-495`) of the letter that it came with, where that is known.
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
    """A whole document and what its bytes are; `fresh` is False where the service said it is unchanged."""

    data: bytes
    sha256: str
    format: Format
    fresh: bool


@dataclass(frozen=True)
class Judged:
    """A candidate, how much of an edition's annexes it has (0 to 4), whether it is one, and why.

    `faulty`: the service gave no document where it should have; then trying again may help.
    """

    candidate: Candidate
    score: float = 0.0
    fits: bool = False
    reasons: tuple[str, ...] = ()
    document: Downloaded | None = None
    faulty: bool = False

    def __str__(self) -> str:
        """One line for people: which document, when, and what was thought of it."""
        of = self.candidate
        return f"{of.identifier} ({of.kind}, {of.sent}) {of.title!r}: score {self.score:.1f}; " + "; ".join(
            self.reasons
        )


@dataclass(frozen=True)
class Found:
    """The document chosen, why it and no other, and everything that was looked at."""

    edition_year: int
    chosen: Judged
    document: Downloaded
    reason: str
    considered: tuple[Judged, ...]


@dataclass(frozen=True)
class Window:
    """Days from first to last, both included."""

    first: datetime.date
    last: datetime.date
