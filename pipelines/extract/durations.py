"""Dates, durations and periods as the report prints them, by a grammar of its own.

Only what is printed is read: a month without a day gets no day, `eind 2023` is the year and no more, and a
date that is not in the calendar is an error. A layout may add words for a status or an extension.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipelines.extract import numerals
from schemas.dates import MONTH, PrintedDate
from schemas.vocabulary import PRECISIONS

_ONE = ("een", "één")
_STATUSES = {  # words that are a whole duration in any layout
    "onbepaald": "indefinite",
    "onbepaalde tijd": "indefinite",
    "onbepaalde duur": "indefinite",
    "voor onbepaalde duur": "indefinite",
    "permanent": "indefinite",
    "voor onbepaalde tijd": "indefinite",
    "zolang nodig": "indefinite",
    "zonder einddatum": "indefinite",
    "geen einddatum": "indefinite",
    "doorlopend": "continuous",
    "lopend": "continuous",
    "tot nader order": "until further notice",
    "tot nader bericht": "until further notice",
    "n.v.t.": "not applicable",
    "nvt": "not applicable",
    "niet van toepassing": "not applicable",
    "n.t.b.": "to be decided",
    "ntb": "to be decided",
    "nader te bepalen": "to be decided",
    "nog te bepalen": "to be decided",
    "niet vastgesteld": "to be decided",
    "nog niet vastgesteld": "to be decided",
}
_MOST_DAYS = 31  # of a month; a date that opens with more opens with its year
SEVERAL = "several"  # the status of a cell with several durations

_SHORT = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
_ENGLISH = "january|february|march|may|june|july|august|october"
_MONTHS = rf"(?:{MONTH}|{_ENGLISH}|(?:{'|'.join(_SHORT)}|sept)\b\.?)"
_NUMERIC = r"(?:\d{1,2}(?:-\d{1,2}-|/\d{1,2}/|\.\d{1,2}\.)\d{4}|\d{4}-\d{2}-\d{2}|\d{2}[-/]\d{4})"
_QUARTERS = ("eerste", "tweede", "derde", "vierde")
_QUARTER = rf"(?:Q[1-4]|(?:[1-4]e|{'|'.join(_QUARTERS)}) kwartaal) \d{{4}}"
_PART = (  # of a month or a year: no day of it
    r"(?:begin|medio|half|einde?|voorjaar|zomer|najaar|herfst|(?:[12]e|eerste|tweede) helft(?: van)?)"
)
_DATE = re.compile(
    rf"(?:(?:(?P<day>\d{{1,2}}) )?(?P<month>{_MONTHS}) )?(?P<year>\d{{4}})|(?P<numeric>{_NUMERIC})",
    re.IGNORECASE,
)
_WHOLE = rf"(?:{_NUMERIC}|(?:(?:\d{{1,2}} )?{_MONTHS} )?\d{{4}})"
_FIRST = rf"(?:{_WHOLE}|(?:\d{{1,2}} )?{_MONTHS})"  # the year may be said once, at the end
PERIOD = re.compile(
    rf"(?<!\S)(?:(?P<first>{_FIRST}) ?(?:t/m|tot en met|(?P<until>tot)|through|to|-|–) ?)?"
    rf"(?P<last>{_WHOLE})(?!\S)",
    re.IGNORECASE,
)
_DAY = rf"(?:\d{{1,2}} {_MONTHS} \d{{4}}|{_NUMERIC})"
_END = rf"(?:{_QUARTER}|(?:{_PART} )?(?:{_MONTHS}) \d{{4}}|{_PART} \d{{4}}|{_DAY})"
_ENDS = r"(?:beëindigd|geëindigd|eindigt|verlopen)(?: in| op| per)?"
_UP_TO = rf"(?P<up_to>(?:(?:verlengd|loopt) )?(?:(?P<until>tot)|t/m|tot en met)|(?:tot )?uiterlijk|{_ENDS})"
_LABEL = r"(?:\([^()\d]{1,40}\))"  # says whose date it is
_AFTER = re.compile(rf"(?: ?{_LABEL})?")
_GAP = re.compile(rf"(?: ?{_LABEL})? ?(?P<sign>[/;,–-]|en|of|(?<= )) ?")
_IN_BRACKET = re.compile(r"([^()]+) \(([^()]+)\)")
_YEAR_ONCE = re.compile(
    rf"(\d{{1,2}} {_MONTHS})( ?(?:en|of|[/,]) ?)(\d{{1,2}} {_MONTHS} (\d{{4}}))", re.IGNORECASE
)


@dataclass(frozen=True)
class Duration:
    """How long something lasts. Where `status` is `until`, it ends on a day from `low` to `high`.

    Where both are one day, it ends on that; else `precision` says whether a month, a quarter, a year or,
    after a `tot` that may include its date, a day is printed. Of several durations they are the first and
    the last end, as far as each has one. `extension` is in ISO 8601, `status` None for a cell that is empty;
    `marker` is the number whose digits are glued to its end, such as a footnote's.
    """

    status: str | None
    low: datetime.date | None = None
    high: datetime.date | None = None
    precision: str | None = None
    extension: str | None = None
    marker: int | None = None

    @property
    def end(self) -> datetime.date | None:
        """The last day, where one is printed."""
        return self.low if self.status == "until" and self.low == self.high else None


def date(text: str) -> PrintedDate:
    """`31 juli 2025`, `31-07-2025`, `2025-07-31`, `augustus 2023`, `08-2023`, `Q3 2023` or `2019`.

    Raises ValueError for anything else, and for a day that is not in the calendar.
    """
    match = _DATE.fullmatch(text)
    if re.fullmatch(_QUARTER, text, re.IGNORECASE):
        return PrintedDate(int(text[-4:]), quarter=_quarter(text.split(maxsplit=1)[0].lower()))
    if match is None:
        raise ValueError(f"“{text}” is not a date")
    if match["numeric"]:
        parts = [int(part) for part in re.split(r"[-/.]", text)]
        printed = PrintedDate(*(parts if parts[0] > _MOST_DAYS else parts[::-1]))
    else:
        named = _month(match["month"]) if match["month"] else None
        printed = PrintedDate(int(match["year"]), named, int(match["day"]) if match["day"] else None)
    try:
        assert printed.first
    except ValueError:
        raise ValueError(f"“{text}” is not in the calendar") from None
    return printed


def _quarter(name: str) -> int:
    return _QUARTERS.index(name) + 1 if name in _QUARTERS else int(name.strip("qe"))


def _month(name: str) -> int:
    """The number of a month by its name, or by the name's first three letters."""
    short = name.lower()[:3]
    return _SHORT.index({"maa": "mrt", "mar": "mrt", "may": "mei", "oct": "okt"}.get(short, short)) + 1


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
    if not first[-4:].isdecimal():
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

    `statuses` maps more words that are a whole duration to their meaning (Lopend: continuous). An extension
    is `+`, an opening word, a count, a unit and perhaps a closing word: + optie 1 jaar verlening.
    """

    def __init__(
        self,
        statuses: Mapping[str, str],
        opening: Sequence[str],
        closing: Sequence[str],
        units: Mapping[str, str],
    ) -> None:
        self._statuses = _STATUSES | {word.lower(): status for word, status in statuses.items()}
        self._units = {word.lower(): unit for word, unit in units.items()}
        extension = (
            rf"(?: (?:\+ ?|(?P<bracket>\()){_any(opening)} "
            rf"(?:(?P<count>\d{{1,2}}|{'|'.join(_ONE)}) (?P<unit>{_any(units)})(?: {_any(closing)})?"
            rf"|(?:tot|t/m|tot en met) (?:{_END}|\d{{4}}))(?(bracket)\))(?P<late>(?<=\D)\d{{1,2}})?)?"
        )
        one = (
            rf"(?:(?:{_UP_TO} )?(?P<date>{_END})(?P<marker>\d{{1,2}})?{extension}"
            rf"|(?P<word>{_any(self._statuses)})(?P<word_marker>\d{{1,2}})?)"
        )
        # In words parted by single spaces; the digits of a footnote's marker may be glued to the end.
        self.pattern = re.compile(rf"(?<!\S){one}(?!\S)", re.IGNORECASE)
        self._piece = re.compile(rf"(?<![^\s/;,–-]){one}(?![^\s/;,–-])", re.IGNORECASE)

    def duration(self, text: str) -> Duration:
        """`Onbepaald`, or a date with or without an extension, or several such durations.

        Raises ValueError for anything else, and for a date not in the calendar.
        """
        if match := self.pattern.fullmatch(text):
            return self._of(match)
        if numerals.empty(text):
            return Duration(None)
        if alone := re.fullmatch(r"\(([^()]+)\)", text):
            return self.duration(alone[1])
        if (both := _IN_BRACKET.fullmatch(text)) and all(map(self.pattern.fullmatch, both.groups())):
            text = " / ".join(both.groups())
        elif once := _YEAR_ONCE.fullmatch(text):
            first = f"{once[1]} {once[4]}"  # `30 juni en 31 december 2019` has its year once
            if date(first).first < date(once[3]).first:
                text = f"{first}{once[2]}{once[3]}"
        if found := self._several(text):
            return found
        raise ValueError(f"“{text}” is not a duration")

    def _of(self, match: re.Match[str]) -> Duration:
        if match["word"]:
            return Duration(self._statuses[match["word"].lower()], marker=_number(match["word_marker"]))
        part = re.match(rf"{_PART} ", match["date"], re.IGNORECASE)
        printed = date(match["date"][part.end() if part else 0 :])
        low, high = printed.first, printed.last
        if match["until"] and not part:
            low -= datetime.timedelta(days=1)
            # Before the first of a month; whether `tot 31 december` includes that day is open.
            high = low if printed.day == 1 else high
        extension = None
        if match["unit"]:
            count = 1 if match["count"].lower() in _ONE else int(match["count"])
            extension = f"P{count}{self._units[match['unit'].lower()]}"
        marker = _number(match["late"] or match["marker"])
        return Duration("until", low, high, printed.precision, extension, marker)

    def _several(self, text: str) -> Duration | None:
        """What a cell with a period, with several durations, or with one and whose it is, says."""
        found = list(self._piece.finditer(text))
        if not found or not _AFTER.fullmatch(text[found[-1].end() :]):
            return None
        gaps = [_GAP.fullmatch(text[one.end() : two.start()]) for one, two in pairwise(found)]
        opening, pieces = text[: found[0].start()], [self._of(match) for match in found]
        if _is_period(opening, pieces, found, gaps):
            return pieces[-1]
        alike = all(gap and gap["sign"] not in ("-", "–") for gap in gaps)
        if opening or not alike or any(piece.marker for piece in pieces[:-1]):
            return None
        if len(pieces) == 1:
            return pieces[0]
        dated = [piece for piece in pieces if piece.low and piece.high and piece.precision]
        if not dated or any(piece.extension for piece in pieces):
            return None
        return Duration(
            SEVERAL,
            min(piece.low for piece in dated if piece.low),
            max(piece.high for piece in dated if piece.high) if len(dated) == len(pieces) else None,
            max((piece.precision or "day" for piece in dated), key=PRECISIONS.index),
            marker=pieces[-1].marker,
        )


def _is_period(
    opening: str,
    pieces: Sequence[Duration],
    found: Sequence[re.Match[str]],
    gaps: Sequence[re.Match[str] | None],
) -> bool:
    """Whether two durations are the first and the last day of one."""
    if len(pieces) != 2 or not (gap := gaps[0]) or opening.lower() not in ("", "van "):
        return False
    (start, end), (first, last) = pieces, found
    if not (start.low and end.high and start.low <= end.high) or start.marker or start.extension:
        return False
    joined = gap["sign"] in ("-", "–") or (gap[0] == " " and last["up_to"])
    return bool(joined) and not first["up_to"]


def _any(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; for no words one that never matches."""
    listed = sorted((re.escape(word) for word in words), key=len, reverse=True)
    return f"(?:{'|'.join(listed)})" if listed else r"(?!)"


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None
