"""Dates in prose, no more precise than they are printed.

"augustus 2023" has no day, "eind juni 2024" no day but a part of the month, "7 oktober" no year: such a date
is not read at all. A date that says when a letter was sent or a council met (d.d., van, between
brackets beside a Kamerstuk) is not a date of the mission; `Dated.attributive` says so.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

MONTHS = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)
_EARLY, _LATE = 10, 21  # "begin" is the first ten days of a month, "eind" what follows the twentieth
DATE = (
    r"(?:(?P<part>begin|medio|half|eind|einde|ultimo)\s)?"
    rf"(?:(?:(?P<day>\d{{1,2}})\s)?(?P<month>{'|'.join(MONTHS)})\s)?(?P<year>(?:19|20)\d{{2}})(?!\d|-\d)"
)
_DATE = re.compile(rf"(?<![\w.,/-]){DATE}", re.IGNORECASE)
_DOCUMENT = re.compile(r"(?:\bd\.d\.|\bgedateerd|\bvan|\bbrief)\s$", re.IGNORECASE)
_YEAR_ONLY = re.compile(
    r"(?:\bin|\bsinds|\bvanaf|\btot|\bper|\b(?:begin|medio|eind|einde|ultimo))\s$", re.IGNORECASE
)


@dataclass(frozen=True)
class Dated:
    """A printed date: the days it can mean (`low` to `high`), its precision, and where it stands."""

    low: datetime.date
    high: datetime.date
    precision: str
    as_printed: str
    start: int
    end: int
    attributive: bool

    @property
    def date(self) -> datetime.date:
        """The day; the first of the month or year where no day is printed."""
        if self.precision == "day":
            return self.low
        return datetime.date(self.low.year, self.low.month if self.precision == "month" else 1, 1)


def find(text: str) -> Iterator[Dated]:
    """The dates in a sentence, in order. A day that the calendar does not have is no date."""
    for match in _DATE.finditer(text):
        found = _dated(match, text)
        if found is not None:
            yield found


def _dated(match: re.Match[str], text: str) -> Dated | None:
    year = int(match["year"])
    before = text[: match.start()]
    attributive = bool(_DOCUMENT.search(before)) or _beside_document(text, match.start())
    month = MONTHS.index(match["month"].lower()) + 1 if match["month"] else None
    if month is None:
        if not match["part"] and not _YEAR_ONLY.search(before):
            return None
        low, high = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
        return Dated(low, high, "year", match[0], match.start(), match.end(), attributive)
    last = calendar.monthrange(year, month)[1]
    if match["day"]:
        day = int(match["day"])
        if not 1 <= day <= last:
            return None
        exact = datetime.date(year, month, day)
        return Dated(exact, exact, "day", match[0], match.start(), match.end(), attributive)
    part = (match["part"] or "").lower()
    first_day = _LATE if part in ("eind", "einde", "ultimo") else 1
    last_day = _EARLY if part == "begin" else last
    return Dated(
        datetime.date(year, month, first_day),
        datetime.date(year, month, last_day),
        "month",
        match[0],
        match.start(),
        match.end(),
        attributive,
    )


def _beside_document(text: str, position: int) -> bool:
    """Whether brackets around the position hold the number of a parliamentary paper."""
    opened = text.rfind("(", 0, position)
    if opened < 0 or text.find(")", opened, position) >= 0:
        return False
    closed = text.find(")", position)
    inside = text[opened : closed if closed >= 0 else len(text)]
    return re.search(r"\bkamerstuk|\bnr\.", inside, re.IGNORECASE) is not None
