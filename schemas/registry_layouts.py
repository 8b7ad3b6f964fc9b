"""What a layout says: the headings and words by which an edition's annexes are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from schemas.header_words import HeaderWords
from schemas.registry_toml import Entry, comparable
from schemas.vocabulary import FIGURES

_ANNEX_NUMBER = re.compile(
    r"^(?:vervolg (?:van )?)?((?:bijlage|annex) (?:\d{1,2}|[ivx]{1,4}|[a-z]))(?:(?:\s*[-–—.:)])+\s*|\s+|$)",
    re.IGNORECASE,
)


def plain_heading(text: str) -> str:
    """A heading with single spaces, without `Vervolg`, and nothing but a space behind an annex's number."""
    return _ANNEX_NUMBER.sub(r"\1 ", " ".join(text.split()), count=1).rstrip()


@dataclass(frozen=True)
class Heading:
    """A heading as printed, in which `<name>` matches any text.

    White space and case do not count, nor does a dash, colon or full stop after the number of an annex.
    """

    printed: str

    def match(self, text: str) -> dict[str, str] | None:
        """The text that each `<name>` matches in `text`, or None where `text` is another heading."""
        found = self._pattern.fullmatch(plain_heading(text))
        return found.groupdict() if found else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pieces = re.split(r"<(\w+)>", plain_heading(self.printed))
        pattern = "".join(
            f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
        )
        return re.compile(pattern, re.IGNORECASE)


@dataclass(frozen=True)
class PrintedColumn:
    """One column: its heading as printed, and the contract's column (or another role) that it means.

    `above` is the text above it and others, if there is one; in annex 2 below that of its group.
    """

    printed: str
    column: str
    above: str | None = None

    @property
    def path(self) -> tuple[str, ...]:
        return (self.above, self.printed) if self.above else (self.printed,)


@dataclass(frozen=True)
class Group:
    """Columns from left to right, under one common heading or (None) under none."""

    printed: str | None
    columns: tuple[PrintedColumn, ...]


ASIDE = (
    *(
        "region",
        "country",
        "remark",
        "ignore",
        "strength_on_day",
        *("strength_military", "strength_civil", "strength_police", "strength_civil_police"),
        *("strength_women", "strength_men"),
        *("deployed_women", "frame_women", "deployed_men", "frame_men"),
        "frame_total",
    ),
    *("legal_basis", "international_mandate", "national_frame"),
)
"""Roles of columns beside the figures that make a mission's row: texts, and figures that no sum has."""


@dataclass(frozen=True)
class PersonnelLayout:
    """How annex 2 is laid out.

    `mission` heads the column of names, which is the first unless `mission_at` says otherwise; `sums` gives,
    for a column that is a total, the columns that add up to it; `merged` gives, for a figure of the contract
    that is printed in several columns, these columns, whose names are the layout's own; `separate_report` is
    printed in brackets after the name of a mission that has a progress report of its own. `groups` hold the
    columns beside the figures too, such as remarks, by their roles (`ASIDE`); `strength_date` is the date in
    the heading of `strength_on_day`, as printed. `parts` are the tables that the annex is printed in, where
    its columns are in several.
    """

    heading: Heading
    mission: str
    groups: tuple[Group, ...]
    sums: tuple[tuple[str, tuple[str, ...]], ...]
    merged: tuple[tuple[str, tuple[str, ...]], ...]
    total: str = ""
    separate_report: str = ""
    regions: tuple[str, ...] = ()
    mission_at: int = 0
    strength_date: str | None = None
    parts: tuple[PersonnelLayout, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The printed columns of figures from left to right: the contract's, and parts of merged ones."""
        return tuple(role for _, role in self.printed if role not in ASIDE and role != "mission")

    @property
    def printed(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """All columns from left to right: each with the texts that head it and its role."""
        found = [
            ((group.printed, *column.path) if group.printed else column.path, column.column)
            for group in self.groups
            for column in group.columns
        ]
        return (*found[: self.mission_at], ((self.mission,), "mission"), *found[self.mission_at :])

    @property
    def figures(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The contract's columns from left to right, each with the places of its printed columns."""
        whole = {part: name for name, parts in self.merged for part in parts}
        places: dict[str, list[int]] = {}
        for place, column in enumerate(self.columns):
            places.setdefault(whole.get(column, column), []).append(place)
        return tuple((name, tuple(of_name)) for name, of_name in places.items() if name in FIGURES)

    @property
    def header(self) -> str:
        """The words of the table's header in reading order, its rows joined by ` / `."""
        return " / ".join(row for row in (self.mission, *self._rows) if row)

    @property
    def headers(self) -> tuple[tuple[str, ...], ...]:
        """Its words in every order that text gives: set low, the missions' heading comes after the groups."""
        groups, names = self._rows
        orders = ((self.mission, groups, names), (groups, self.mission, names))
        return tuple(dict.fromkeys(tuple(" ".join(rows).split()) for rows in orders))

    @property
    def _rows(self) -> tuple[str, str]:
        """Headings of the groups, and of the columns."""
        groups = " ".join(group.printed for group in self.groups if group.printed)
        return groups, " ".join(column.printed for group in self.groups for column in group.columns)


@dataclass(frozen=True)
class Extension:
    """Words around an optional extension of a mandate: `optie 1 jaar verlening`.

    `units` gives the ISO 8601 letter for each word of length.
    """

    opening: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    units: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class MandatesLayout:
    """How annex 1 is laid out.

    `legal_basis` holds the words that a legal basis opens with; `statuses` those that are
    printed instead of a date or duration.
    """

    heading: Heading
    columns: tuple[PrintedColumn, ...]
    regions: tuple[str, ...] = ()
    legal_basis: tuple[str, ...] = ()
    statuses: tuple[tuple[str, str], ...] = ()
    extension: Extension = Extension()


@dataclass(frozen=True)
class Layout:
    id: str
    personnel: PersonnelLayout
    mandates: MandatesLayout


def read(entry: Entry, before: Sequence[Layout] = ()) -> Layout:
    """One `[[layout]]`; raises RegistryError where it contradicts itself.

    In place of an annex of its own it may name one of the layouts `before` it, whose annex it shares.
    """
    identifier = entry.text("id")
    entry.named(f"layout {identifier}")
    known = {layout.id: layout for layout in before}
    other = _shared(entry, "personnel", known)
    personnel = other.personnel if other else _personnel(entry.table("personnel"))
    other = _shared(entry, "mandates", known)
    mandates = other.mandates if other else _mandates(entry.table("mandates"))
    entry.done()
    return Layout(identifier, personnel, mandates)


def filled(layout: Layout, words: HeaderWords) -> Layout:
    """The layout; what it does not say of its own is said by the words that reports have in common."""
    rows, said, mandates = words.rows, words.mandates, layout.mandates

    def whole(personnel: PersonnelLayout) -> PersonnelLayout:
        return replace(
            personnel,
            total=personnel.total or next(iter(rows.totals), ""),
            separate_report=personnel.separate_report or rows.separate_report,
            regions=personnel.regions or rows.regions,
            parts=tuple(map(whole, personnel.parts)),
        )

    return replace(
        layout,
        personnel=whole(layout.personnel),
        mandates=replace(
            mandates,
            regions=mandates.regions or rows.regions,
            legal_basis=mandates.legal_basis or said.legal_basis,
            statuses=mandates.statuses or said.statuses,
            extension=mandates.extension
            if mandates.extension.opening
            else Extension(said.opening, said.closing, said.units),
        ),
    )


def absent(file: Entry) -> Iterator[tuple[str, str]]:
    """The entries `[[absent]]`: what a document, by the hash of its bytes, does not have."""
    for entry in file.tables("absent"):
        found = entry.one_of("annex", ("mandates", "totals")), entry.sha256()
        entry.text_or_none("reason")
        entry.done()
        yield found


def _shared(entry: Entry, key: str, known: Mapping[str, Layout]) -> Layout | None:
    if not isinstance(entry.values.get(key), str):
        return None
    if not known:
        raise entry.error("names another layout, but is the first", key)
    return known[entry.one_of(key, known)]


def _personnel(entry: Entry) -> PersonnelLayout:
    groups = []
    for part in entry.tables("groups"):
        part.named(f"{entry.where}, {part.where}")
        groups.append(Group(part.text_or_none("printed"), _columns(part)))
        part.done()
    names = [column.column for group in groups for column in group.columns]
    _different(entry, "groups", names)
    sums = entry.table("sums")
    merged = entry.table("merged") if "merged" in entry.values else None
    layout = PersonnelLayout(
        heading=Heading(entry.text("heading")),
        mission=entry.text("mission"),
        groups=tuple(groups),
        sums=tuple((total, sums.texts(total)) for total in sums.values),
        merged=tuple((name, merged.texts(name)) for name in merged.values) if merged else (),
        total=entry.text_or_none("total") or "",
        separate_report=entry.text_or_none("separate_report") or "",
        regions=entry.texts_or_none("regions"),
    )
    for total, parts in layout.sums:
        for name in (total, *parts):
            if name not in names:
                raise sums.error(f"{name!r} is not a column of this layout", total)
    _merged(entry, layout)
    _different(entry, "regions", [comparable(region) for region in layout.regions])
    entry.done()
    return layout


def _merged(entry: Entry, layout: PersonnelLayout) -> None:
    """Raises RegistryError where the columns, merged ones put together, are not the contract's."""
    parts = [part for _, columns in layout.merged for part in columns]
    _different(entry, "merged", parts)
    for part in parts:
        if part not in layout.columns or part in FIGURES:
            raise entry.error(f"{part!r} is not a column of this layout with its own name", "merged")
    for name in (column for column in layout.columns if column not in parts):
        if name not in FIGURES:
            hint = f"use one of: {', '.join(FIGURES)}; or merge it into one of them"
            raise entry.error(f"{name!r} is not a figure of the contract", "groups", hint=hint)
    _different(entry, "merged", [*(name for name, _ in layout.merged), *set(layout.columns) & set(FIGURES)])


def _mandates(entry: Entry) -> MandatesLayout:
    layout = MandatesLayout(
        heading=Heading(entry.text("heading")),
        columns=_columns(entry),
        regions=entry.texts_or_none("regions"),
        legal_basis=entry.texts_or_none("legal_basis"),
        statuses=entry.pairs("statuses") if "statuses" in entry.values else (),
        extension=_extension(entry.table("extension")) if "extension" in entry.values else Extension(),
    )
    entry.done()
    return layout


def _extension(entry: Entry) -> Extension:
    found = Extension(entry.texts("opening"), entry.texts("closing"), entry.pairs("units"))
    entry.done()
    return found


def _columns(entry: Entry) -> tuple[PrintedColumn, ...]:
    return tuple(PrintedColumn(printed, column) for printed, column in entry.pairs("columns"))


def _different(entry: Entry, key: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise entry.error(f"{value!r} occurs twice", key)
        seen.add(value)
