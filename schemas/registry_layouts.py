"""What a layout says: the headings and words by which an edition's annexes are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from schemas.registry_toml import Entry, comparable


@dataclass(frozen=True)
class Heading:
    """A heading as printed, in which `<name>` stands for any text."""

    printed: str

    def match(self, text: str) -> dict[str, str] | None:
        """What stands for each `<name>` in `text`, or None where `text` is another heading."""
        found = self._pattern.fullmatch(" ".join(text.split()))
        return found.groupdict() if found else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pieces = re.split(r"<(\w+)>", " ".join(self.printed.split()))
        pattern = "".join(
            f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
        )
        return re.compile(pattern, re.IGNORECASE)


@dataclass(frozen=True)
class PrintedColumn:
    """One column: its heading as printed, and the contract's column that it means."""

    printed: str
    column: str


@dataclass(frozen=True)
class Group:
    """Columns under one common heading, from left to right."""

    printed: str
    columns: tuple[PrintedColumn, ...]


@dataclass(frozen=True)
class PersonnelLayout:
    """How annex 2 is laid out.

    `mission` heads the first column; `sums` gives, for a column that is a total, the columns that
    add up to it; `separate_report` stands in brackets after the name of a mission that has a
    progress report of its own.
    """

    heading: Heading
    mission: str
    groups: tuple[Group, ...]
    sums: tuple[tuple[str, tuple[str, ...]], ...]
    total: str
    separate_report: str
    regions: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The contract's columns from left to right."""
        return tuple(column.column for group in self.groups for column in group.columns)

    @property
    def header(self) -> str:
        """The words of the table's header in reading order, its rows joined by ` / `."""
        names = " ".join(column.printed for group in self.groups for column in group.columns)
        return " / ".join((self.mission, " ".join(group.printed for group in self.groups), names))


@dataclass(frozen=True)
class Extension:
    """Words around an optional extension of a mandate: `optie 1 jaar verlening`.

    `units` gives the ISO 8601 letter for each word of length.
    """

    opening: tuple[str, ...]
    closing: tuple[str, ...]
    units: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MandatesLayout:
    """How annex 1 is laid out.

    `legal_basis` holds the words that a legal basis opens with; `statuses` the words that stand
    for a duration without a date.
    """

    heading: Heading
    columns: tuple[PrintedColumn, ...]
    regions: tuple[str, ...]
    legal_basis: tuple[str, ...]
    statuses: tuple[tuple[str, str], ...]
    extension: Extension


@dataclass(frozen=True)
class Layout:
    """One layout that editions came in."""

    id: str
    personnel: PersonnelLayout
    mandates: MandatesLayout


def read(entry: Entry) -> Layout:
    """One `[[layout]]`; raises RegistryError where it contradicts itself."""
    identifier = entry.text("id")
    entry.named(f"layout {identifier}")
    layout = Layout(identifier, _personnel(entry.table("personnel")), _mandates(entry.table("mandates")))
    entry.done()
    return layout


def _personnel(entry: Entry) -> PersonnelLayout:
    groups = []
    for part in entry.tables("groups"):
        part.named(f"{entry.where}, {part.where}")
        groups.append(Group(part.text("printed"), _columns(part)))
        part.done()
    names = [column.column for group in groups for column in group.columns]
    _different(entry, "groups", names)
    sums = entry.table("sums")
    layout = PersonnelLayout(
        heading=Heading(entry.text("heading")),
        mission=entry.text("mission"),
        groups=tuple(groups),
        sums=tuple((total, sums.texts(total)) for total in sums.values),
        total=entry.text("total"),
        separate_report=entry.text("separate_report"),
        regions=entry.texts("regions"),
    )
    for total, parts in layout.sums:
        for name in (total, *parts):
            if name not in names:
                raise sums.error(f"{name!r} is no column of this layout", total)
    _different(entry, "regions", [comparable(region) for region in layout.regions])
    entry.done()
    return layout


def _mandates(entry: Entry) -> MandatesLayout:
    extension = entry.table("extension")
    layout = MandatesLayout(
        heading=Heading(entry.text("heading")),
        columns=_columns(entry),
        regions=entry.texts("regions"),
        legal_basis=entry.texts("legal_basis"),
        statuses=entry.pairs("statuses"),
        extension=Extension(
            opening=extension.texts("opening"),
            closing=extension.texts("closing"),
            units=extension.pairs("units"),
        ),
    )
    extension.done()
    entry.done()
    return layout


def _columns(entry: Entry) -> tuple[PrintedColumn, ...]:
    return tuple(PrintedColumn(printed, column) for printed, column in entry.pairs("columns"))


def _different(entry: Entry, key: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise entry.error(f"{value!r} stands twice", key)
        seen.add(value)
