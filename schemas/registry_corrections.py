"""Declared corrections (`schemas/corrections.toml`): what a cell prints, and what it ought to say."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from schemas.registry_toml import Entry

TABLES = ("personnel", "personnel_totals", "mandates", "footnotes")
_FIGURES = ("personnel", "personnel_totals")
_FOOTNOTE = re.compile(r"footnote:[1-9][0-9]*")


@dataclass(frozen=True)
class Correction:
    """One declared correction of a cell; `printed_value` None says that the cell is blank.

    `entry` is its number in the file, from 1.
    """

    edition_year: int
    table_name: str
    row_key: str
    column_name: str
    printed_value: str | None
    corrected_value: str
    reason: str
    source: str
    entry: int

    @property
    def cell(self) -> str:
        """The cell in words, such as `personnel, untso, deployed_military`."""
        return f"{self.table_name}, {self.row_key}, {self.column_name}"


def read(file: Entry, mission_ids: Collection[str], total: str) -> tuple[Correction, ...]:
    """The corrections of a file; RegistryError for the first thing that is wrong."""
    found: dict[tuple[int, str, str, str], Correction] = {}
    for number, entry in enumerate(file.tables("correction"), start=1):
        correction = _correction(entry, mission_ids, total, number)
        key = (correction.edition_year, correction.table_name, correction.row_key, correction.column_name)
        if key in found:
            raise entry.error(f"a correction of {correction.cell} in {correction.edition_year} stands twice")
        found[key] = correction
    file.done()
    return tuple(found.values())


def _correction(entry: Entry, mission_ids: Collection[str], total: str, number: int) -> Correction:
    table = entry.one_of("table_name", TABLES)
    correction = Correction(
        edition_year=entry.integer("edition_year"),
        table_name=table,
        row_key=_row_key(entry, table, mission_ids, total),
        column_name=entry.text("column_name"),
        printed_value=entry.text_or_none("printed_value"),
        corrected_value=entry.text("corrected_value"),
        reason=entry.text("reason"),
        source=entry.text("source"),
        entry=number,
    )
    if table in _FIGURES and correction.column_name != "mission" and not correction.corrected_value.isdigit():
        raise entry.error("must be a whole number, in digits alone", "corrected_value")
    if correction.printed_value == correction.corrected_value:
        raise entry.error("is what the cell prints already", "corrected_value")
    entry.done()
    return correction


def _row_key(entry: Entry, table: str, mission_ids: Collection[str], total: str) -> str:
    if table == "personnel_totals":
        return entry.one_of("row_key", (total,))
    if table != "footnotes":
        return entry.one_of("row_key", mission_ids)
    value = entry.text("row_key")
    if not _FOOTNOTE.fullmatch(value):
        raise entry.error(f"{value!r} names no footnote", "row_key", hint="write it as footnote:13")
    return value
