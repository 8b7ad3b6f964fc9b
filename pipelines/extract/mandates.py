"""Annex 1: legal basis, international mandate and national frame, per mission.

The cells of a row arrive in reading order, several on a line or one over several lines, so rows are
cut by what the cells say (see `mandate_rows`). Every word between the header and the footnotes is
part of a cell, a region label (see `labels`) or a problem.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.extract import labels
from pipelines.extract.annexes import find_header, header_words
from pipelines.extract.cells import Cell, Span
from pipelines.extract.labels import Label, Listed
from pipelines.extract.mandate_rows import Reader, Row, Text
from pipelines.extract.words import spans, words
from pipelines.model import Document, Line
from schemas.errors import Problems
from schemas.registry import Layout, Registry

TABLE = "mandates"
_BELOW = "the region that the registry gives the mission is that of the label below the row"


@dataclass(frozen=True)
class Mandates:
    """Annex 1 as rows of its contract, its cells, and the footnote markers in it: number and line."""

    rows: list[dict[str, object]]
    cells: list[Cell]
    markers: list[tuple[int, int]]


def read(
    lines: Sequence[Line],
    notes: Collection[int],
    *,
    document: Document,
    edition_year: int,
    layout: Layout,
    registry: Registry,
) -> Mandates:
    """Read the table of annex 1.

    `lines` follow the annex's heading, footnotes taken out, through the end of the annex; `notes` are
    the numbers of the footnotes that may be marked in it.

    Raises LayoutError, or Problems with everything that is wrong in the table.
    """
    reader = Reader(notes, document, layout, registry)
    body, markers = _body(lines, layout, reader)
    found, unknown = labels.find(body, layout.mandates.regions)
    taken = {word.line.number for label in (*found, *unknown) for word in label.pieces}
    rows = reader.rows([word for word in words(body) if word.line.number not in taken])
    for label in unknown:
        reader.unknown_label(label.name, label.pieces[0])
    if reader.problems:
        raise reader.problems[0] if len(reader.problems) == 1 else Problems(reader.problems)
    index = {line.number: position for position, line in enumerate(body)}
    places = [Listed(index[row.first.number], index[row.last.number], row.mission.region) for row in rows]
    regions = labels.assign(places, found, body, {mission.region for mission in registry.missions})
    listed = [
        (row, Region(region.name, spans(region.pieces), _why(place, region)) if region else None)
        for row, place, region in zip(rows, places, regions, strict=True)
    ]
    return as_tables(listed, markers, document, edition_year)


@dataclass(frozen=True)
class Region:
    """The label that a row stands beside; `why` says what decided that, if anything had to."""

    printed: str
    spans: tuple[Span, ...]
    why: tuple[str, ...] = ()
    derivation: tuple[str, ...] = ("printed",)


def as_tables(
    listed: Iterable[tuple[Row, Region | None]],
    markers: Iterable[tuple[int, int]],
    document: Document,
    edition_year: int,
) -> Mandates:
    """Rows and the regions that they stand beside, as annex 1; `markers` are those outside the rows."""
    table = Mandates([], [], list(markers))
    for row, region in listed:
        cells = list(_cells(row, region))
        table.markers.extend(mark for cell in row.cells for mark in cell.markers)
        table.cells.extend(cells)
        table.rows.append(_as_row(row, {cell.column_name: cell for cell in cells}, document, edition_year))
    return table


def _why(place: Listed, region: Label) -> tuple[str, ...]:
    return (_BELOW,) if region.first > place.first else ()


def _body(lines: Sequence[Line], layout: Layout, reader: Reader) -> tuple[list[Line], list[tuple[int, int]]]:
    """The lines under the header, without the repeated ones of other pages, and the markers in them."""
    expected = header_words(1, layout)
    left = list(lines)
    markers: list[tuple[int, int]] = []
    while header := find_header(words(left), expected):
        if len(left) == len(lines):
            reader.above_header(words(line for line in left if line.number < header.first))
            left = [line for line in left if line.number >= header.first]
        markers.extend(header.markers)
        left = [line for line in left if not header.first <= line.number <= header.last]
    return left, markers


def _cells(row: Row, region: Region | None) -> Iterator[Cell]:
    """The printed cells of a row."""
    key = row.mission.id
    yield _cell(row, "mission", row.name)
    if region:
        name = region.printed
        yield Cell(TABLE, key, "region", name, name, region.spans, region.derivation, region.why)
    yield _cell(row, "legal_basis", row.legal_basis)
    for column, (text, duration) in row.durations.items():
        yield _cell(row, column, text, duration.end)


def _cell(row: Row, column: str, text: Text, value: datetime.date | None = None) -> Cell:
    disputed = text.drawn.disputed if text.drawn else ()
    return Cell(
        TABLE,
        row.mission.id,
        column,
        text.printed,
        value or text.printed,
        text.spans,
        text.derivation,
        disputed,
    )


def _as_row(row: Row, cells: Mapping[str, Cell], document: Document, edition_year: int) -> dict[str, object]:
    found: dict[str, object] = {
        "edition_year": edition_year,
        "mission_id": row.mission.id,
        "mission_as_printed": cells["mission"].as_printed,
        "region_as_printed": cells["region"].as_printed if "region" in cells else None,
        "legal_basis": cells["legal_basis"].as_printed,
        "source_page": row.first.page,
        "page_label": document.label(row.first.page),
        "source_line": row.first.number,
        "source_line_end": row.last.number,
    }
    for column, (_, duration) in row.durations.items():
        found[f"{column}_as_printed"] = cells[column].as_printed
        found[f"{column}_status"] = duration.status
        found[f"{column}_end"] = duration.end
        if column == "international_mandate":
            found[f"{column}_extension"] = duration.extension
    return found
