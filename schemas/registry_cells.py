"""Declared cells: what one cell of one document says, where the grammar of cells does not."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.registry_toml import Entry, comparable
from schemas.vocabulary import QUALIFIERS, STATUSES

TABLES = ("personnel", "mandates")
MANDATES = ("mission", "region", "legal_basis", "international_mandate", "national_frame")


@dataclass(frozen=True)
class DeclaredCell:
    """What one cell of one document says; it holds only for the document with `source_sha256`.

    `table` is `personnel` (annex 2) or `mandates` (annex 1), `row` a mission's id, `total`, or a name as
    printed, `column` the role of the column. `printed` is what the cell prints, empty for a blank; where it
    prints something else the declaration does not fit. A figure has a `value`, or what it is at least and
    at most (`low`, `high`), or none of these where it is not known. A duration has a `date`, or a first and
    a last day (`low`, `high`), or a `status`. `shared_rows` and `shared_columns` name the other rows or
    columns that one printed cell covers.
    """

    edition_year: int
    source_sha256: str
    table: str
    row: str
    column: str
    printed: str
    reason: str
    value: int | None = None
    low: int | datetime.date | None = None
    high: int | datetime.date | None = None
    qualifier: str | None = None
    date: datetime.date | None = None
    status: str | None = None
    shared_rows: tuple[str, ...] = ()
    shared_columns: tuple[str, ...] = ()

    @property
    def cell(self) -> str:
        """The cell in words, such as `personnel, untso, frame_military`."""
        return f"{self.table}, {self.row}, {self.column}"

    @property
    def is_shared(self) -> bool:
        return bool(self.shared_rows or self.shared_columns)

    def prints(self, text: str) -> bool:
        """Whether `text` is what the cell prints, white space and the form of dashes and quotes aside."""
        return comparable(text) == comparable(self.printed)


def read(entries: Iterable[Entry], columns: Collection[str]) -> tuple[DeclaredCell, ...]:
    """The `[[cell]]` tables; `columns` are those of annex 2 that layouts know.

    Raises RegistryError where one contradicts itself or another.
    """
    found: dict[tuple[int, str, str, str, str], DeclaredCell] = {}
    for entry in entries:
        one = _cell(entry, {"personnel": columns, "mandates": MANDATES})
        for row in (one.row, *one.shared_rows):
            for column in (one.column, *one.shared_columns):
                key = (one.edition_year, one.source_sha256, one.table, comparable(row), column)
                if key in found:
                    raise entry.error(f"the cell {one.table}, {row}, {column} of this document occurs twice")
                found[key] = one
    return tuple(dict.fromkeys(found.values()))


def _cell(entry: Entry, columns: Mapping[str, Collection[str]]) -> DeclaredCell:
    table = entry.one_of("table", TABLES)
    one = DeclaredCell(
        edition_year=entry.integer("edition_year"),
        source_sha256=entry.sha256(),
        table=table,
        row=entry.text("row"),
        column=entry.one_of("column", columns[table]),
        printed=entry.text_or_empty("printed"),
        reason=entry.text("reason"),
        shared_rows=_others(entry, "shared_rows"),
        shared_columns=_others(entry, "shared_columns"),
        **(_figure(entry) if table == "personnel" else _duration(entry)),
    )
    entry.named(f"cell {one.cell}")
    for other in one.shared_columns:
        if other not in columns[table]:
            raise entry.error(f"{other!r} is not a column of {table}", "shared_columns")
    if one.row in one.shared_rows or one.column in one.shared_columns:
        raise entry.error("is shared with the others only: leave out the row and column of the entry itself")
    entry.done()
    return one


def _others(entry: Entry, key: str) -> tuple[str, ...]:
    others = entry.texts(key) if key in entry.values else None
    if others == ():
        raise entry.error("needs at least one", key)
    return others or ()


def _figure(entry: Entry) -> dict[str, Any]:
    found = {name: entry.integer_or_none(name) for name in ("value", "low", "high")}
    for name, number in found.items():
        if number is not None and number < 0:
            raise entry.error("is negative", name)
    low, high = found["low"], found["high"]
    if found["value"] is not None and (low is not None or high is not None):
        raise entry.error("has a value and bounds: give the one or the other", "value")
    if low is not None and high is not None and low >= high:
        raise entry.error("must be more than low", "high")
    qualifier = entry.one_of("qualifier", QUALIFIERS) if "qualifier" in entry.values else None
    shared = "shared_rows" in entry.values or "shared_columns" in entry.values
    if not (shared or qualifier or any(number is not None for number in found.values())):
        hint = 'or write qualifier = "unknown" where the document does not say how many'
        raise entry.error("needs a value, low and high, or the rows or columns that share it", hint=hint)
    return {**found, "qualifier": qualifier}


def _duration(entry: Entry) -> dict[str, Any]:
    found = {name: entry.day_or_none(name) for name in ("date", "low", "high")}
    status = entry.one_of("status", STATUSES) if "status" in entry.values else None
    low, high = found["low"], found["high"]
    if (low is None) != (high is None) or (low and high and low >= high):
        raise entry.error("low and high are a first and a later last day", "low")
    if sum([found["date"] is not None, low is not None, status is not None]) > 1:
        raise entry.error("has more than one of date, low and high, and status")
    return {**found, "status": status}
