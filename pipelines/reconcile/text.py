"""How Dutch text says what the rules compare: phrases, numbers and dates.

Numbers are één … negenhonderdnegenennegentig duizend, joined or apart, `1.790` and `3483`; not ordinals,
decimals, percentages, digits behind a letter, or words that only contain a number word (vijftal, eenmaal).
The bare article "een" is not a number either, unless it is counted beside other numbers.

Dates are no more precise than they are printed: "augustus 2023" and "eind juni 2024" have no day; "7 oktober"
has no year and is not read. A date of a letter or a council (d.d., van, between brackets
beside a Kamerstuk) is not a date of the mission: `Dated.attributive`.
"""

import datetime
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.dates import MONTH, MONTHS, PrintedDate
from schemas.number_words import HUNDRED, SIMPLE, THOUSAND, spelt

ARTICLE = "een"
_DIGITS = re.compile(r"(?:0|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,5})")
_OFTEN = "|".join(sorted(SIMPLE, key=len, reverse=True))
# A candidate: `number` may still refuse it.
NUMBER = (
    r"(?<![\w.,-])(?:[1-9]\d{0,2}(?:\.\d{3})+|0|[1-9]\d{0,5}|"
    rf"(?:[a-zéë]*(?:{THOUSAND}|{HUNDRED})[a-zéë]*|[a-zé]+[eë]n(?:twintig|[a-z]+tig)|{_OFTEN}))"
    r"(?![\w-]|[.,]\d|\s?%)"
)
NUMBERS = re.compile(NUMBER, re.IGNORECASE)
# Cheap to ask: every number word contains one of these, so a text without any needs no closer look.
MAYBE_NUMBER = re.compile(
    rf"\d|één|elf|{HUNDRED}|{THOUSAND}|tien|twaalf|tig\b|twee|drie|vier|vijf|zes|zeven|acht|negen",
    re.IGNORECASE,
)

PHRASES = Path(__file__).parent / "phrases.toml"
_FORMS = {"anywhere": "(?:{})", "words": r"\b(?:{})\b", "before": r"\b(?:{}) $", "regex": "{}", "cased": "{}"}
_PHRASES = {
    name: (form, re.sub(r"\n\s*", "", "|".join(listed)))
    for form, by_name in tomllib.loads(PHRASES.read_text(encoding="utf-8")).items()
    for name, listed in by_name.items()
}
_WORDS = {"NUMBER": NUMBER, "MONTH": MONTH}


def _alternatives(name: str) -> str:
    """The phrases of that name in `phrases.toml`, as a regular expression to be part of another."""
    form, joined = _PHRASES[name]
    named = re.compile("«(.+?)»")
    return named.sub(lambda of: _WORDS.get(of[1]) or _alternatives(of[1]), _FORMS[form].format(joined))


def phrase(name: str) -> re.Pattern[str]:
    """The phrases of that name in `phrases.toml`; upper and lower case are alike if not said otherwise."""
    return re.compile(_alternatives(name), 0 if _PHRASES[name][0] == "cased" else re.IGNORECASE)


_DATE, _OF_DOCUMENT, _YEAR_ONLY = map(phrase, ("printed_date", "document_before", "year_before"))


def number(word: str) -> int | None:
    """The whole number that a word or figure means, or None.

    `een` without accents is the article and gives None, but counts within a compound (eenentwintig).
    """
    text = word.lower()
    if text[:1].isdecimal():
        return int(text.replace(".", "")) if _DIGITS.fullmatch(text) else None
    if text == ARTICLE:
        return None
    return spelt(text)


@dataclass(frozen=True)
class Dated:
    """A printed date: the days it can mean (`low` to `high`), its precision, and its characters."""

    low: datetime.date
    high: datetime.date
    precision: str
    as_printed: str
    start: int
    end: int
    attributive: bool

    @property
    def date(self) -> datetime.date | None:
        """The day, where one is printed."""
        return self.low if self.precision == "day" else None


def find_dates(text: str) -> Iterator[Dated]:
    """The dates in a sentence, in order. A day that the calendar does not have is not a date."""
    for match in _DATE.finditer(text):
        before = text[: match.start()]
        month = MONTHS.index(match["month"].lower()) + 1 if match["month"] else None
        printed = PrintedDate(int(match["year"]), month, int(match["day"]) if match["day"] else None)
        if printed.month is None and not match["part"] and not _YEAR_ONLY.search(before):
            continue
        try:
            low, high = printed.first, printed.last
        except ValueError:
            continue
        attributive = bool(_OF_DOCUMENT.search(before)) or _beside_document(text, match.start())
        yield Dated(low, high, printed.precision, match[0], match.start(), match.end(), attributive)


def _beside_document(text: str, position: int) -> bool:
    """Whether brackets around the position have the number of a parliamentary paper."""
    opened = text.rfind("(", 0, position)
    if opened < 0 or text.find(")", opened, position) >= 0:
        return False
    closed = text.find(")", position)
    inside = text[opened : closed if closed >= 0 else len(text)]
    return re.search(r"\bkamerstuk|\bnr\.", inside, re.IGNORECASE) is not None
