"""Annex 2: personnel ceilings and persons sent, each figure in its column or the edition refused.

How the lines become rows stands in `rows`, how figures get their columns in `inference`, when a
reading is relied on in `decisions`, what a refusal says in `refusals`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipelines.extract import decisions, refusals, suggestions
from pipelines.extract import rows as printed_rows
from pipelines.extract.cells import Cell, Span
from pipelines.extract.decisions import Decided
from pipelines.extract.rows import Figure, Row, Table, Text
from pipelines.extract.words import words
from pipelines.model import Document, Line
from schemas.errors import JvomError, Problems
from schemas.registry import Layout, PersonnelLayout, Reading, Registry
from schemas.vocabulary import TOTAL

_MOST_LINES = 20_000  # from the heading of annex 2 to the next annex, blank ones too
_MOST_ROWS = 500  # ten times as many missions as there have been


Decide = Callable[
    [Table, Row, Collection[int], PersonnelLayout, Iterable[Reading], Document, int],
    tuple[list[Decided], list[JvomError]],
]


@dataclass(frozen=True)
class Personnel:
    """Annex 2 as read: rows of `personnel` and `personnel_totals`, their cells, and its marks.

    `markers` are (footnote number, line number) of every mark in the table, header included.
    """

    rows: list[dict[str, object]]
    totals: list[dict[str, object]]
    cells: list[Cell]
    markers: tuple[tuple[int, int], ...]


def read(
    lines: Sequence[Line],
    notes: Collection[int],
    *,
    document: Document,
    edition_year: int,
    layout: Layout,
    registry: Registry,
    readings: Collection[Reading],
) -> Personnel:
    """Read the table of annex 2.

    `lines` follow the annex's heading, footnotes taken out, through the end of the annex; `notes`
    are the footnotes that may be marked in it. Only readings of this edition and document count.

    Raises Problems with a LayoutError for everything that cannot be read or decided, and
    RegistryError where a declared reading is none of its row's.
    """
    if len(lines) > _MOST_LINES:
        raise Problems([refusals.too_long(document, lines[_MOST_LINES], len(lines))])
    table = printed_rows.read(lines, notes, layout.personnel, registry)
    if table is None:
        layouts = registry.layouts or (layout,)
        raise Problems([suggestions.no_header(2, "annex 2", lines, layouts, document.path)])
    first = next(line for line in lines if line.text.strip())
    return settle(
        table,
        first,
        notes,
        decide=decisions.decide,
        document=document,
        edition_year=edition_year,
        layout=layout,
        registry=registry,
        readings=readings,
    )


def settle(
    table: Table,
    first: Line,
    notes: Collection[int],
    *,
    decide: Decide,
    document: Document,
    edition_year: int,
    layout: Layout,
    registry: Registry,
    readings: Collection[Reading],
) -> Personnel:
    """The table's rows, each as `decide` takes it; `first` is a line of it, for errors. Raises as `read`."""
    problems, sound = _problems(table, first, document, layout, registry)
    decided: list[Decided] = []
    if table.totals and sound:
        own = [r for r in readings if (r.edition_year, r.source_sha256) == (edition_year, document.sha256)]
        decided, undecided = decide(table, table.totals, notes, layout.personnel, own, document, edition_year)
        problems.extend(undecided)
    if problems:
        raise Problems(sorted(problems, key=lambda problem: problem.line or 0))
    return _personnel(table, decided, document, edition_year, layout.personnel)


def _problems(
    table: Table, first: Line, document: Document, layout: Layout, registry: Registry
) -> tuple[list[JvomError], bool]:
    """What cannot be read as a row, and whether the rows there are can still be placed."""
    if table.totals is None:
        return [refusals.no_totals(document, first, layout.personnel.total)], False
    if len(table.rows) > _MOST_ROWS:
        return [refusals.too_many_rows(document, table.rows[_MOST_ROWS].lines[0], len(table.rows))], False
    columns = len(layout.personnel.columns)
    broken: list[JvomError] = [refusals.leftover(document, left, layout) for left in table.leftovers]
    broken += [refusals.late_row(document, late) for late in table.late]
    broken += [
        refusals.too_many_figures(document, row.lines, columns)
        for row in (*table.rows, table.totals)
        if not row.wordings
    ]
    if not table.rows:
        broken.append(refusals.no_rows(document, table.totals.lines[0]))
    return broken + list(_names(table.rows, document, registry)), not broken


def _names(rows: Iterable[Row], document: Document, registry: Registry) -> Iterator[JvomError]:
    """Rows of missions that are unknown, or that have a row already."""
    first: dict[str, Line] = {}
    for row in rows:
        ids = {wording.mission_id for wording in row.wordings}
        mission_id = ids.pop() if len(ids) == 1 else ""
        if mission_id is None:
            region = row.region.printed if row.region else None
            yield refusals.unknown_mission(document, row.lines[0], row.wordings[0].plain, region, registry)
        elif mission_id in first:
            yield refusals.second_row(document, row.lines[0], mission_id, first[mission_id])
        elif mission_id:
            first[mission_id] = row.lines[0]


def _personnel(
    table: Table,
    decided: Sequence[Decided],
    document: Document,
    edition_year: int,
    layout: PersonnelLayout,
) -> Personnel:
    *rows, totals = decided
    marks = [*table.marks, *(mark for one in decided for mark in one.wording.marks)]
    return Personnel(
        rows=[_row(one, document, edition_year, layout) for one in rows],
        totals=[
            {"edition_year": edition_year, **_figures(totals, layout), **_place(totals.row, document)},
        ],
        cells=[cell for one in decided for cell in _cells(one, layout)],
        markers=tuple(sorted((mark.note, mark.line) for mark in marks)),
    )


def _row(one: Decided, document: Document, edition_year: int, layout: PersonnelLayout) -> dict[str, object]:
    return {
        "edition_year": edition_year,
        "mission_id": one.wording.mission_id,
        "mission_as_printed": one.wording.name.printed,
        "region_as_printed": one.row.region.printed if one.row.region else None,
        **_figures(one, layout),
        "separate_report": one.wording.separate_report,
        "inferred": one.inferred,
        "footnotes": sorted({mark.note for mark in one.wording.marks}),
        **_place(one.row, document),
        "source_line_end": one.row.lines[-1].number,
    }


def _figures(one: Decided, layout: PersonnelLayout) -> dict[str, int | None]:
    """Figures by the contract's columns; one that is printed in several is what they add up to."""
    figures: dict[str, int | None] = {}
    for column, places in layout.figures:
        printed = [figure.value for place in places if (figure := one.figures[place])]
        given = [value for value in printed if value is not None]
        figures[column] = sum(given) if given else None
    return figures


def _place(row: Row, document: Document) -> dict[str, object]:
    first = row.lines[0]
    return {
        "source_page": first.page,
        "page_label": document.label(first.page),
        "source_line": first.number,
    }


def _cells(one: Decided, layout: PersonnelLayout) -> Iterator[Cell]:
    """The cells of one row: name and region, unless it is the totals row, and every column."""
    key = one.wording.mission_id or ""
    if key != TOTAL:
        yield _text(key, "mission", one.wording.name)
        if one.row.region:
            yield _text(key, "region", one.row.region)
    table_name = "personnel_totals" if key == TOTAL else "personnel"
    for column, places in layout.figures:
        yield _merged([_cell(one, place, table_name, column) for place in places])


def _cell(one: Decided, place: int, table_name: str, column: str) -> Cell:
    """One printed cell, or the blank where it would stand."""
    key, figure, reasons = one.wording.mission_id or "", one.figures[place], _reasons(one, place)
    if figure is None and one.wording.placed:  # a blank that a PDF shows
        blank = one.wording.placed[place].text
        read = blank.derivation or ("printed",)
        return Cell(table_name, key, column, None, None, blank.spans, read, reasons)
    if figure is None:
        how = "declared" if one.declared else "empty by inference"
        return Cell(table_name, key, column, None, None, (_gap(one, place),), (how,), reasons)
    return Cell(
        table_name,
        key,
        column,
        figure.text.printed,
        figure.value,
        figure.text.spans,
        _derivation(one, figure),
        reasons,
        figure.parts if len(figure.parts) > 1 else (),
    )


def _merged(cells: Sequence[Cell]) -> Cell:
    """The cell of a figure that is printed in several: `1 + 2`, with the spans of both."""
    given = [cell for cell in cells if cell.value is not None]
    if len(cells) == 1 or not given:
        return cells[0]
    hows = [*(how for cell in given for how in cell.derivation), *["sum of parts"] * (len(given) > 1)]
    derivation = tuple(dict.fromkeys(how for how in hows if how != "printed" or set(hows) == {"printed"}))
    parts = tuple(part for cell in given for part in cell.parts or (cell.value,) if isinstance(part, int))
    return replace(
        given[0],
        as_printed=" + ".join(cell.as_printed or "" for cell in given),
        value=sum(cell.value for cell in given if isinstance(cell.value, int)),
        spans=tuple(span for cell in given for span in cell.spans),
        derivation=derivation,
        equalities=tuple(dict.fromkeys(reason for cell in cells for reason in cell.equalities)),
        parts=parts if len(parts) > 1 else (),
    )


def _text(key: str, column: str, text: Text) -> Cell:
    how = text.derivation or ("printed",)
    return Cell("personnel", key, column, text.printed, text.printed, text.spans, how, text.disputed)


def _derivation(one: Decided, figure: Figure) -> tuple[str, ...]:
    how = {
        "marker split": bool(figure.text.marks),
        "column inferred": one.inferred,
        "sum of parts": len(figure.parts) > 1,
        "declared": one.declared is not None,
    }
    drawn = figure.text.drawn.derivation if figure.text.drawn else ()
    return (*(name for name, applies in how.items() if applies), *drawn) or ("printed",)


def _reasons(one: Decided, place: int) -> tuple[str, ...]:
    """What decided a cell: sums where its column was inferred, the note where a mark was taken off.

    In a PDF marks and columns are seen; there sums decide only between two readings that differ.
    """
    figure = one.figures[place]
    if one.wording.placed:
        disputed = (figure or one.wording.placed[place]).text.disputed
        return (*disputed, *one.sums[place]) if disputed else ()
    marks = figure.text.marks if figure else ()
    sums = one.sums[place] if one.inferred or marks else ()
    return (*sums, *(f"note {mark.note} is marked once" for mark in marks))


def _gap(one: Decided, place: int) -> Span:
    """Where an empty cell would stand: before the next figure, else at the end of the row."""
    following = next((figure for figure in one.figures[place:] if figure), None)
    if following:
        word = following.text.words[0]
        return Span(word.line.page, word.line.number, word.start, word.start)
    last = words(one.row.lines)[-1]
    return Span(last.line.page, last.line.number, last.end, last.end)
