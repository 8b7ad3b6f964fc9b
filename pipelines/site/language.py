"""The pages' words in one language: numbers, dates and findings as a reader of it would write them."""

import datetime
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipelines.harmless import visible
from pipelines.site.world import World
from pipelines.sql import Row
from schemas import dataset, labels
from schemas.labels import LANGUAGES

_FIGURES = re.compile(r"\d+( ?\+ ?\d+)*")
# Words of mission names that are the same in every language.
_PROPER = {
    *("Althea", "Aspides", "Atalanta", "Congo", "Early", "Forward", "Guardian", "Interflex", "Irini"),
    *("Kinshasa", "Med", "Nestor", "Ocean", "Patriot", "Presence/SOLE", "Prosperity", "Rafah", "Resolute"),
    *("Sahel", "Shield", "Sophia", "Support"),
}
_OF_DAYS = ("mandate_date", "frame_after_end")  # rules whose sides are days
_OTHER_PERIOD = "which may not be the reporting period"  # of the message of a finding
_WORDS = Path(__file__).parent / "words.toml"
# Shares that have a word of their own, in percent: the least and the most that it stands for.
_SHARES = (
    ("all", 97, 100),
    ("half", 50, 55),
    ("almost_half", 45, 50),
    ("third", 33.3, 36),
    ("quarter", 25, 27),
)


class Language:
    """`t` are the words of `words.toml` and `labels.toml` in this language; any other is a KeyError."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.other = next(other for other in LANGUAGES if other != code)
        whole = dataset.load()
        self.t: dict[str, Any] = _of(_words(), LANGUAGES.index(code))
        self.t |= {"title": whole.title[code], "described": whole.description[code]}

    def number(self, value: object, *, signed: bool = False) -> str:
        """A count with its thousands apart, a share of a number with one decimal; others as they are."""
        if isinstance(value, bool):
            return str(self.t["yes" if value else "no"])
        if isinstance(value, int | float):
            text = f"{value:{'+' if signed else ''},{'' if isinstance(value, int) else '.1f'}}"
            swap = str.maketrans({",": self.t["thousands"], ".": self.t["decimal"], "-": "−"})
            return text.translate(swap)
        return str(value)

    def date(self, value: datetime.date | None) -> str:
        return f"{value.day} {self.t['months'][value.month - 1]} {value.year}" if value else ""

    def months(self, start: datetime.date, end: datetime.date) -> str:
        """A period of whole months: May 2023 to April 2024."""
        first, last = (f"{self.t['months'][day.month - 1]} {day.year}" for day in (start, end))
        return first if first == last else f"{first} {self.t['period_to']} {last}"

    def moment(self, first: datetime.date, last: datetime.date | None) -> str:
        """When something was: on a day, in a month or year, between two days, or not before the first."""
        if last is None:
            return str(self.t["not_before"].format(day=self.date(first)))
        after = last + datetime.timedelta(1)
        if first == last:
            return str(self.t["on_day"].format(day=self.date(first)))
        if first.day == after.day == 1 and (after.year - first.year) * 12 + after.month - first.month == 1:
            return str(self.t["in_period"].format(period=self.months(first, first)))
        if (first.day, first.month, after.day, after.month, after.year - first.year) == (1, 1, 1, 1, 1):
            return str(self.t["in_period"].format(period=first.year))
        return str(self.t["between_days"].format(first=self.date(first), last=self.date(last)))

    def at(self, place: Mapping[str, Any]) -> str:
        """Where a line is: the number printed on its page, then its page and line in the file."""
        file = self.t["files"].get(place["format"], self.t["files"]["text"])
        page = f"{self.t['page']} {place['page']}, " if place["page"] else ""
        printed = f"{self.t['printed_page']} {place['label']}; " if place["label"] else ""
        return f"{printed}{file}: {page}{self.t['line']} {place['line']}"

    def either(self, numbers: Iterable[int]) -> str:
        """1, 2 or 3."""
        *others, last = map(self.number, numbers)
        return f"{', '.join(others)} {self.t['or']} {last}" if others else last

    def named(self, name: str, kind: str = "mission_names") -> tuple[str, str]:
        """The name of a mission, and its language if it is another; `in_sentence` with its article.

        The registry has names as Dutch reports give them; one is put into English if all its words are known.
        """
        whole, words = self.t[kind].get(name) or self.t["mission_names"].get(name), name.split()
        if whole or self.code == LANGUAGES[0]:
            return whole or name, ""
        english = self._countries | {"en": self.t["and"]}
        known = all(word in english or word in _PROPER or _is_acronym(word) for word in words)
        return (" ".join(english.get(word, word) for word in words), "") if known else (name, LANGUAGES[0])

    def country(self, code: str) -> str:
        """The name of a country; a code that is not known is its own name."""
        return str(World.load().countries.get(code, {}).get(self.code, code))

    def every_name(self, codes: Iterable[str]) -> str:
        """The names of countries in every language, by which they may be sought."""
        countries = World.load().countries
        return " ".join(countries.get(code, {}).get(language, "") for code in codes for language in LANGUAGES)

    @cached_property
    def _countries(self) -> dict[str, str]:
        """Country in Dutch → in this language."""
        return {country[LANGUAGES[0]]: country[self.code] for country in World.load().countries.values()}

    def names(self, names: Iterable[str]) -> str:
        """Missions, as part of a sentence."""
        return ", ".join(self.named(name)[0] for name in names)

    def countries(self, codes: Iterable[str]) -> list[tuple[str, str]]:
        """Countries by their names: each with its code."""
        return sorted((self.country(code), code) for code in codes)

    def days(self, start: datetime.date | None, end: datetime.date | None) -> str:
        """From the first to the last day, either of which may be unknown."""
        if start == end:
            return self.date(start)
        if end is None:
            return f"{self.t['from_day']} {self.date(start)}"
        return (
            f"{self.date(start)} – {self.date(end)}" if start else f"{self.t['until_day']} {self.date(end)}"
        )

    def share(self, share: float) -> str:
        """A share (0 to 1) in words: more than half, 21 percent."""
        percent = 100 * share
        for name, least, most in _SHARES:
            if least <= percent < most or percent == most == 100:
                return str(self.t["shares"][name])
        return str(self.t["shares"]["percent"]).format(percent=self.number(round(percent) or 1))

    def labelled(self, kind: str, code: object) -> str:
        """A code in words; what has none stays as it is."""
        return str(self.t[kind].get(code, code))

    def finding(self, row: Row, names: Mapping[str, str]) -> Markup:
        """A finding as a sentence: that of its rule, for sides that stand there or say that if it has one."""
        sides = [row["side_a"] or {}, row["side_b"] or {}]
        tables = " ".join(side.get("table_name") or "-" for side in sides)
        phrases, rule = self.t["rules"], row["rule"]
        period = "other period" if _OTHER_PERIOD in (row["message"] or "") else row["severity"]
        keys = (f"{rule} {of}" for of in (period, sides[0].get("column_name"), tables))
        phrase = next((phrases[key] for key in (*keys, rule) if key in phrases), phrases["other"])
        found, about = sides[0].get("text"), sides[0].get("value")  # of several missions, or of none known
        of_none = found if sides[0].get("column_name") == "mission" else about
        name = names.get(row["mission_id"])
        given: dict[str, object] = {"m": self.quoted(*self.named(name)) if name else self.printed(of_none)}
        for letter, side in zip("ab", sides, strict=True):
            value = self._value(side.get("value"))
            text = self.printed(self._text(side.get("text"), side.get("value")))
            day = rule in _OF_DAYS and self.code != LANGUAGES[0] and value != side.get("value")
            given[letter] = value if day else text or value
            given[f"{letter}v"] = value
            given[f"{letter}c"] = self.column(side.get("column_name"))
            given[f"{letter}p"] = self.place(side)
        return Markup(phrase).format(**given)

    def printed(self, text: str | None) -> str:
        """Words of a report, which are Dutch."""
        words = any(map(str.isalpha, text or ""))
        return self.quoted(text or "", LANGUAGES[0] if words and self.code != LANGUAGES[0] else "")

    def quoted(self, text: str, language: str) -> str:
        """A text that may be in another language than the page."""
        text = visible(text)
        return Markup('<span lang="{}">{}</span>').format(language, text) if language else text

    def noted(self, text: str) -> Markup:
        """A note of another source, each part in this language if it is known, else in English as it is."""
        known, parts = self.t["notes"], text.split("; ")
        return Markup("; ").join(known.get(part) or self.quoted(part, "en") for part in parts)

    def reason(self, equality: str, names: Mapping[str, str]) -> tuple[str, str]:
        """Why a figure is read where it is, as `cells.equalities` says it, and the language of that."""
        for opening, phrase in self.t["reasons"].items():
            if equality.startswith(opening):
                rest = equality.removeprefix(opening).strip()
                known = {**names, **self.t["columns"]}
                parts = ", ".join(known.get(part, part) for part in rest.split(", "))
                return str(phrase.format(rest=parts)), self.code
        return equality, "en"

    def column(self, name: str | None) -> str:
        """A column in words; a side of another edition has its year behind it."""
        base, _, year = (name or "").partition(" in ")
        return f"{self.t['columns'].get(base, base.replace('_', ' '))}{f' ({year})' if year else ''}"

    def place(self, side: Row) -> str:
        """Where a side of a finding stands: annex 1, footnote 6."""
        key = str(side.get("row_key") or "")
        if key.startswith("footnote:"):
            return f"{self.t['footnote'].lower()} {key.partition(':')[2]}"
        return str(self.t["places"].get(side.get("table_name"), side.get("table_name") or ""))

    def _text(self, text: str | None, value: str | None) -> str:
        """Printed words; figures alone, or joined by +, as this language writes them."""
        if text and value and re.sub(r"[\s.]", "", text) == value:
            return self._value(value)
        if text and _FIGURES.fullmatch(text):
            return re.sub(r"\d{4,}", lambda digits: self.number(int(digits[0])), text)
        return text or ""

    def listed(self, items: Iterable[object]) -> str:
        """2019, 2021 and 2023."""
        *first, last = map(str, items)
        return f"{', '.join(first)} {self.t['and']} {last}" if first else last

    def _value(self, value: object) -> str:
        text = str(value) if value is not None else self.t["blank"]
        if text.isdecimal():
            return self.number(int(text))
        try:
            if re.fullmatch(r"\d{4}-\d\d", text):
                month = datetime.date.fromisoformat(f"{text}-01")
                return self.months(month, month)
            return self.date(datetime.date.fromisoformat(text))
        except ValueError:
            return text


def _is_acronym(word: str) -> bool:
    return sum(map(str.isupper, word)) > 1 or not any(map(str.isalpha, word))


def slug(name: str) -> str:
    """A name as part of an address: lower case, ASCII, words joined by `-`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())


@cache
def _words() -> dict[str, Any]:
    return {**tomllib.loads(_WORDS.read_text(encoding="utf-8")), **labels.load()}


def _of(words: Mapping[str, Any], at: int) -> dict[str, Any]:
    """The words of one language: of each pair the first or the second."""
    return {key: _of(of, at) if isinstance(of, dict) else of[at] for key, of in words.items()}
