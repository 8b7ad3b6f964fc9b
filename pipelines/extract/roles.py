"""What the words of an annex can be, by its layout and the registry: the roles of columns and rows.

A column's role is the name of the contract's column that the layout gives its printed heading; in annex
2 a row is a `mission`, a `region` or the `total`. Whoever reads a table, from a text or a PDF, asks here
what a text can be; where it is printed belongs to the readers.

Words alone do not settle what a row is: a region's row with figures may sum its missions or be one, and
`Totaal` may sum a region or all missions. `sums` decides that by the figures.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, cached_property
from typing import Literal

from pipelines.extract import numerals
from pipelines.extract.cells import Text
from pipelines.extract.durations import Duration, Grammar
from pipelines.extract.pdf.area import TableHeading
from pipelines.extract.pdf.rows import COUNTED
from schemas.header_words import RowWords
from schemas.registry import Layout, Mission, Registry, comparable
from schemas.registry_layouts import ASIDE
from schemas.vocabulary import TOTAL

DURATIONS = ("international_mandate", "national_frame")
Kind = Literal["mission", "region", "total", "subtotal", "of which", "text"]

_SENTENCE = 6  # words from which a text that ends in a full stop is a sentence
_COUNTED = re.compile(  # a region's row may say how many missions or persons it heads
    r" ?\((?:\d+ (?:missies?|operaties?)|(?:(?:sub)?totaal|samen):? \d[\d. ]*|\d[\d. ]* personen)\)$"
)
_LISTED = re.compile(r"^(?:[ivx]{1,4}|[a-z])[.)] ")  # `II. Afrika`
_BULLET = re.compile(r"^[^\w§(]+ ?")
_GOES_ON = re.compile(r"[ ,–-]+\(?vervolg\)?$")  # or that it does so on the page before
_ENDS_IN_YEAR = re.compile(r"(?:\W{0,5}(?:19|20)\d\d){1,9}$")


class RowNames:
    """The kinds of rows by the words of a report, and how a row that is not a mission is named in `cells`."""

    def __init__(self, words: RowWords) -> None:
        self._totals = set(map(plain, words.totals))
        self._subtotals = tuple(map(plain, words.subtotals))
        self._of_which = tuple(map(plain, words.of_which))
        self._texts = tuple(map(plain, words.texts))
        self._regions = set(map(plain, words.regions))
        self._tight = set(map(_tight, words.regions))

    def kind(self, name: str) -> Kind | None:
        """What a name can be; None of one that may be a mission's."""
        words = plain(name)
        if words in self._totals or _ENDS_IN_YEAR.sub("", words) in self._totals:
            return "total"
        if _tight(_LISTED.sub("", COUNTED.sub("", _COUNTED.sub("", _GOES_ON.sub("", words))))) in self._tight:
            return "region"
        if _opens(words, self._of_which):
            return "of which"
        if words in self._subtotals or self.summed(name) is not None:
            return "subtotal"
        return None

    def summed(self, name: str) -> str | None:
        """What the name of a sum says that it sums; None of a name without such words or without more."""
        words = plain(name)
        for word in sorted({*self._subtotals, *self._totals}, key=len, reverse=True):
            if words.startswith(f"{word} "):
                return plain(words.removeprefix(word))
            if words.endswith(f" {word}") and plain(words.removesuffix(word)) in self._regions:
                return plain(words.removesuffix(word))
        return None

    def heading(self, printed: Text, before: Text | None) -> Text:
        """A region's heading, or the one before where it goes on over the page: `Afrika (vervolg)`."""
        name = _GOES_ON.sub("", plain(printed.printed))
        return before if before and plain(printed.printed) != name == plain(before.printed) else printed

    def is_text(self, line: str) -> bool:
        """Whether a line without figures of its own is a text: by its opening, or as a sentence."""
        sentence = line.rstrip().endswith(".") and len(line.split()) >= _SENTENCE
        return sentence or _opens(plain(line), self._texts)


def plain(name: str) -> str:
    """The name of a row as it is compared: without the signs around it too."""
    return comparable(name).strip(" :.*•-–—")


def _tight(name: str) -> str:
    """A region's name without white space: a narrow column breaks words (`Midden-Oo` above `sten`)."""
    return "".join(plain(name).split())


def _opens(name: str, words: Iterable[str]) -> bool:
    return any(re.match(rf"{re.escape(word)}(?:[ .:]|$)", name) for word in words)


class Roles(ABC):
    """What both annexes have in common; `names` says what is a sum, a region or a text."""

    def __init__(self, registry: Registry, words: RowWords) -> None:
        self._registry = registry
        self._words = words
        self.names = RowNames(words)

    def plain(self, name: str) -> str:
        """A name without what is printed beside it, such as a bullet."""
        return _BULLET.sub("", name)

    def spelled(self, name: str) -> str:
        plain = self.plain(name)
        return name.replace(plain, self._registry.spelled(plain))

    def mission(self, name: str) -> Mission | None:
        return self._registry.find(self.plain(name))

    def mission_id(self, name: str) -> str | None:
        return mission.id if (mission := self.mission(name)) else None

    def row_id(self, name: str) -> str | None:
        """The row_key of a row that its name alone makes."""
        return self.mission_id(name)

    def row_names(self, printed: str) -> list[str]:
        """What a row may be called, surest first: what its name makes it, then what it prints."""
        known = self.row_id(printed)
        return [*([known] if known else []), printed]

    @abstractmethod
    def is_region(self, text: str) -> bool: ...

    @abstractmethod
    def _says(self, role: str, text: str) -> bool:
        """Whether a text can be what a role says that is neither a mission nor a region."""

    def understands(self, role: str, text: str) -> bool:
        """Whether a text can be what a role says; a mission may be counted by a number before its name."""
        if role == "mission":
            return self.mission(text) is not None or self.mission(COUNTED.sub("", text)) is not None
        return self.is_region(text) if role == "region" else self._says(role, text)


class PersonnelRoles(Roles):
    def __init__(self, layout: Layout, registry: Registry) -> None:
        self.layout = layout.personnel
        words = registry.words.rows
        totals = tuple(dict.fromkeys((self.layout.total, *words.totals)))
        super().__init__(registry, replace(words, regions=self.layout.regions, totals=totals))
        phrase = r"\s+".join(re.escape(word) for word in self.layout.separate_report.split())
        self._separate = re.compile(rf"\s*\(\s*{phrase}\s*\)", re.IGNORECASE)

    @cached_property
    def heading(self) -> TableHeading:
        paths = tuple(path for path, _ in self.layout.printed)
        roles = tuple(role for _, role in self.layout.printed)
        words = self._words
        regions, totals, of_which = self.layout.regions, words.totals, words.of_which
        return TableHeading(paths, regions, totals, of_which, roles, cache(self.understands))

    def plain(self, name: str) -> str:
        """A name without the bracket that speaks of a separate report."""
        return super().plain(self._separate.sub("", name))

    def is_region(self, text: str) -> bool:
        return self.names.kind(text) == "region"

    def kind(self, name: str) -> Kind:
        """What a row is by its name: a mission where that is known, unless a region has the name too."""
        kind = self.names.kind(self.plain(name))
        return "mission" if kind is None or (kind != "region" and self.mission(name)) else kind

    def row_id(self, name: str) -> str | None:
        """That of a mission, or of the totals row."""
        return TOTAL if self.kind(name) == "total" else self.mission_id(name)

    def _says(self, role: str, text: str) -> bool:
        if role in ("total", "subtotal", "of which"):
            return self.kind(text) == role
        if role == "text":
            return self.names.is_text(text)
        if role in ASIDE:
            return True
        return numerals.read_figure(numerals.spelled(text)) is not None


class MandateRoles(Roles):
    def __init__(self, layout: Layout, registry: Registry) -> None:
        super().__init__(registry, registry.words.rows)
        self.layout = layout.mandates
        words = registry.words.mandates
        extension = self.layout.extension
        statuses = dict(words.statuses) | dict(self.layout.statuses)
        self.grammar = Grammar(statuses, extension.opening, extension.closing, dict(extension.units))
        self.openings = tuple(dict.fromkeys((*self.layout.legal_basis, *words.legal_basis)))
        self._keywords = [comparable(keyword) for keyword in self.openings]
        self._regions = {_tight(region) for region in self.layout.regions}

    @cached_property
    def heading(self) -> TableHeading:
        columns = tuple(column.path for column in self.layout.columns)
        roles = tuple(column.column for column in self.layout.columns)
        totals = self._words.totals if "ignore" in roles else ()  # in a table of both annexes
        understood = cache(self.understands)
        return TableHeading(columns, self.layout.regions, totals, roles=roles, understands=understood)

    def is_region(self, text: str) -> bool:
        return _tight(_GOES_ON.sub("", plain(text))) in self._regions

    def legal_basis(self, text: str) -> str | None:
        """The text, if it opens with a word of a legal basis, perhaps behind a bullet."""
        plain = _BULLET.sub("", comparable(text))
        opens = any(
            plain.startswith(keyword) and not plain[len(keyword) : len(keyword) + 1].isalpha()
            for keyword in self._keywords
        )
        return text if opens else None

    def duration(self, text: str) -> Duration | None:
        """The duration that a text prints, None where it prints none."""
        try:
            return self.grammar.duration(text)
        except ValueError:
            return None

    def no_duration(self, text: str) -> str:
        """Why a text prints no duration."""
        try:
            self.grammar.duration(text)
        except ValueError as error:
            return str(error)
        return f"“{text}” ends in digits that mark no footnote"

    def _says(self, role: str, text: str) -> bool:
        if role in ("total", "subtotal"):
            return self.names.kind(text) == role
        if role == "legal_basis":
            return self.legal_basis(text) is not None
        return role not in DURATIONS or self.duration(text) is not None


OF_TABLE: Mapping[str, Callable[[Layout, Registry], Roles]] = {
    "mandates": MandateRoles,
    "personnel": PersonnelRoles,
}
