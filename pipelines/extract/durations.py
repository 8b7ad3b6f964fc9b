"""Dates, durations and periods as the report prints them, by a grammar of its own.

Only what is printed is read: a month without a day gets no day, and a date that is not in the
calendar is an error. The layout says which words mean a status or an extension.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.dates import MONTH, MONTHS, PrintedDate

_ONE = ("een", "één")

_DATE = re.compile(rf"(?:(?:(?P<day>\d{{1,2}}) )?(?P<month>{MONTH}) )?(?P<year>\d{{4}})", re.IGNORECASE)
_WHOLE = rf"(?:(?:\d{{1,2}} )?(?:{MONTH}) )?\d{{4}}"
_FIRST = rf"(?:{_WHOLE}|(?:\d{{1,2}} )?(?:{MONTH}))"  # the year may be said once, at the end
PERIOD = re.compile(
    rf"(?<!\S)(?:(?P<first>{_FIRST}) ?(?:t/m|tot en met|(?P<until>tot)|-|–) ?)?(?P<last>{_WHOLE})(?!\S)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Duration:
    """How long something lasts: `end` (a day) where `status` is `until`; `extension` in ISO 8601.

    `marker` is the number whose digits are glued to its end, such as a footnote's.
    """

    status: str
    end: datetime.date | None = None
    extension: str | None = None
    marker: int | None = None


def date(text: str) -> PrintedDate:
    """`31 juli 2025`, `augustus 2023` or `2019`.

    Raises ValueError for anything else, and for a day that is not in the calendar.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text}” is not a date")
    month = MONTHS.index(match["month"].lower()) + 1 if match["month"] else None
    printed = PrintedDate(int(match["year"]), month, int(match["day"]) if match["day"] else None)
    try:
        assert printed.first
    except ValueError:
        raise ValueError(f"“{text}” is not in the calendar") from None
    return printed


def period(text: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of `mei 2023 t/m april 2024`, `1 mei 2023 tot 1 mei 2024`, `2019`.

    What a period runs to with `tot` alone is not a part of it.
    Raises ValueError for anything else, and where the period ends before it starts.
    """
    match = PERIOD.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text}” is not a period")
    last = date(match["last"])
    first = match["first"] or match["last"]
    if not first[-4:].isdigit():
        first = f"{first} {last.year}"
    start = date(first).first
    end = last.first - datetime.timedelta(days=1) if match["until"] else last.last
    if start > end:
        raise ValueError(f"“{text}” ends before it starts")
    return start, end


def find_period(text: str) -> tuple[datetime.date, datetime.date] | None:
    """The one period that the text names; None where it names none or several.

    Raises ValueError for one that is not in the calendar or ends before it starts.
    """
    named = [match.group() for match in PERIOD.finditer(text)]
    return period(named[0]) if len(named) == 1 else None


def ends_in_period(text: str) -> bool:
    """Whether the last words of `text` are a period."""
    return any(match.end() == len(text) for match in PERIOD.finditer(text))


class Grammar:
    """Durations in the words of one layout.

    `statuses` maps words that are a whole duration to their meaning (Onbepaald: indefinite). An extension
    is `+`, an opening word, a count, a unit and perhaps a closing word: + optie 1 jaar verlening.
    """

    def __init__(
        self,
        statuses: Mapping[str, str],
        opening: Sequence[str],
        closing: Sequence[str],
        units: Mapping[str, str],
    ) -> None:
        self._statuses = {word.lower(): status for word, status in statuses.items()}
        self._units = {word.lower(): unit for word, unit in units.items()}
        extension = (
            rf"(?: \+ ?{_any(opening)} (?P<count>\d{{1,2}}|{'|'.join(_ONE)}) (?P<unit>{_any(units)})"
            rf"(?: {_any(closing)})?(?P<late>(?<=\D)\d{{1,2}})?)?"
        )
        # In words parted by single spaces; the digits of a footnote's marker may be glued to the end.
        self.pattern = re.compile(
            rf"(?<!\S)(?:(?P<date>(?:\d{{1,2}} )?(?:{MONTH}) \d{{4}})(?P<marker>\d{{1,2}})?{extension}"
            rf"|(?P<word>{_any(statuses)})(?P<word_marker>\d{{1,2}})?)(?!\S)",
            re.IGNORECASE,
        )

    def duration(self, text: str) -> Duration:
        """`Onbepaald`, `Doorlopend`, or a day with or without an extension.

        Raises ValueError for anything else, and for a date without a day or not in the calendar.
        """
        match = self.pattern.fullmatch(text)
        if match is None:
            raise ValueError(f"“{text}” is not a duration")
        if match["word"]:
            return Duration(self._statuses[match["word"].lower()], marker=_number(match["word_marker"]))
        printed = date(match["date"])
        if printed.day is None:
            raise ValueError(f"“{printed}” names no day")
        extension = None
        if match["unit"]:
            count = 1 if match["count"].lower() in _ONE else int(match["count"])
            extension = f"P{count}{self._units[match['unit'].lower()]}"
        return Duration("until", printed.first, extension, _number(match["late"] or match["marker"]))


def _any(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; for no words one that never matches."""
    listed = sorted((re.escape(word) for word in words), key=len, reverse=True)
    return f"(?:{'|'.join(listed)})" if listed else r"(?!)"


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None
