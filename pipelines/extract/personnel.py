"""Annex 2: personnel ceilings and persons sent, each figure in its column or the edition refused.

How lines and cells become rows is said in `rows`, how figures get their columns in `columns`, what a
refusal says in `refusals`. Here a table that was read becomes rows of the contracts, and their cells.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from pipelines.extract import (
    answers,
    columns,
    durations,
    joined,
    numerals,
    pdf_rows,
    refusals,
    sums,
    text,
    text_rows,
)
from pipelines.extract.annexes import AnnexInput
from pipelines.extract.cells import Cell, Mark, as_printed, words
from pipelines.extract.columns import Chosen
from pipelines.extract.pdf import PdfDocument
from pipelines.extract.pdf.rows import Span
from pipelines.extract.roles import PersonnelRoles, RowNames
from pipelines.extract.rows import Figure, Row, Table
from pipelines.extract.sums import Structure
from pipelines.model import PAGE_NUMBER, Document, Line
from schemas.errors import JvomError, Problems, UndecidedError
from schemas.registry import DeclaredReading, PersonnelLayout
from schemas.vocabulary import PARTS, TOTAL, part_of, summing

_FOOT = 0.82  # share of a page's height below which a row may be the last that it had room for
_THOUSANDS = re.compile(r"[1-9][0-9]? 0[0-9]{2}")  # a number with a space in it
_MOST_ROWS = 500  # ten times as many missions as there have been
_MANY = 3  # times as many rows undecided as have a cause of their own: they follow from that


@dataclass(frozen=True)
class Personnel:
    """Annex 2 as read: rows of `personnel` and `personnel_totals`, their cells, and every mark in it."""

    rows: list[dict[str, object]]
    totals: list[dict[str, object]]
    cells: list[Cell]
    markers: tuple[Mark, ...]


def read(given: AnnexInput, readings: Collection[DeclaredReading]) -> Personnel:
    """Read the table of annex 2. Only `readings` of this edition and document count.

    Raises Problems with a LayoutError for everything that cannot be read or relied on, and
    RegistryError where a declared reading is none of its row's.
    """
    document, layout = given.document, given.layout
    roles = PersonnelRoles(layout, given.registry)
    table = _table(given, roles)
    if table is None:
        opening = [line for line in given.lines if line.text.strip()]
        header = {"layout": layout.id, "header": layout.personnel.header}
        raise Problems([refusals.of_row(opening, "no header", **header)])
    wanted = (given.edition_year, document.sha256)
    declared = [one for one in readings if (one.edition_year, one.source_sha256) == wanted]
    table.rows = sums.joined(table.rows, declared)
    problems = _problems(table, given)
    structure = Structure([at for at, row in enumerate(table.rows) if row.kind == "mission"])
    if not problems:
        chosen, structure, refused = columns.choose(
            table, given.notes, layout.personnel, roles.names, declared
        )
        undecided = sum(isinstance(one, UndecidedError) for one in refused)
        # A row or two that nothing decides are their own cause; of most rows the totals would have said it.
        if structure.total is None and undecided * 2 > len(table.rows):
            said = {"label": layout.personnel.total, "rows": len(refused)}
            refused = [refusals.of_row([given.first], "no totals", **said)]
        whole = given.registry.is_absent("totals", document.sha256)
        if structure.total is None and not (refused or whole) and (last := _open_end(table, given)):
            refused = [refusals.open_end(document, last)]
        problems.extend(refused)
    problems.extend(_names(table, structure, given))
    if problems and given.table is None:
        zeros = {
            row.lines[0].number
            for row in table.rows
            if any(refusals.LEADING_ZERO.search(line.text) for line in row.lines)
        }
        causes = [problem for problem in problems if problem.line in zeros]
        own = [one for one in problems if not (isinstance(one, UndecidedError) and one.shared)]
        if _MANY * len(own) < len(problems):  # one row leaves the others undecided
            causes = causes or own
        problems = list(_odd(table, roles, given)) or causes or problems  # what else is wrong may follow
    if problems:
        raise Problems(sorted(problems, key=lambda problem: problem.line or 0))
    return _Written(table, chosen, structure, given, roles.names).personnel()


def _table(given: AnnexInput, roles: PersonnelRoles) -> Table | None:
    if given.parts:
        return joined.read(given)
    return pdf_rows.read(given, given.table, roles) if given.table else text_rows.read(given, roles)


def _open_end(table: Table, given: AnnexInput) -> Line | None:
    """The last line of a table without totals that may go on, where a page or text may be missing."""
    document = given.document
    last = max((line for row in table.rows for line in row.lines), key=lambda line: line.number)
    numbered = [found for line in document.lines if (found := PAGE_NUMBER.fullmatch(line.text))]
    if numbered and int(numbered[-1]["page"]) < int(numbered[-1]["pages"]):
        return last
    if isinstance(document, PdfDocument) and document.format == "pdf":
        page = next(page for page in document.pages if page.number == last.page)
        low = next(line.box.bottom for line in page.lines if line.number == last.number)
        return last if low > _FOOT * page.height else None
    after = (line.text for line in document.lines if line.number > last.number)
    return None if any(text.strip() and not PAGE_NUMBER.fullmatch(text) for text in after) else last


def _problems(table: Table, given: AnnexInput) -> list[JvomError]:
    """What cannot be read as a row. Raises Problems where the rows cannot even be told from each other."""
    document, layout = given.document, given.layout
    missions = [row for row in table.rows if row.kind in ("mission", "region")]
    if not missions:
        raise Problems([refusals.of_row([row.lines[0] for row in table.rows] or [given.first], "no rows")])
    if len(table.rows) > _MOST_ROWS:
        last = table.rows[_MOST_ROWS].lines
        raise Problems([refusals.of_row(last, "too many rows", rows=len(table.rows))])
    printed = [line for lines in (*table.leftovers, *(row.lines for row in table.rows)) for line in lines]
    if strange := [(line, why) for line in printed if (why := text.strange(line.text))]:
        raise Problems([refusals.of_row([line], "strange", why=why) for line, why in strange])
    top = min((row.lines[0].number for row in table.rows), default=0)
    broken: list[JvomError] = [
        refusals.leftover(
            left,
            given.registry,
            among_rows=left[0].number in table.names or 0 < top < left[0].number,
            sentence=left[0].number in table.names,
        )
        for left in table.leftovers
    ]
    unclosed = given.table is None and not any(row.kind == "total" for row in table.rows)
    if unclosed and len(table.late) == 1:
        broken.append(refusals.unknown_total(table.late[0][0], given.registry))
    else:
        broken += [refusals.late_row(document, late) for late in table.late]
    broken += [
        refusals.of_row(row.lines, "too many figures", columns=len(layout.personnel.columns))
        for row in table.rows
        if not row.wordings
    ]
    return broken


def _odd(table: Table, roles: PersonnelRoles, given: AnnexInput) -> Iterator[JvomError]:
    """Rows of a text in which a word behind a known name says a figure, but is not a whole number."""
    named = [[len(way.name.words) for way in row.wordings if way.mission_id] for row in table.rows]
    printed = [(words(row.lines), max(of, default=0)) for row, of in zip(table.rows, named, strict=True)]
    printed += [(words(lines), 0) for lines in table.leftovers]
    most = max((numerals.whole(word.text) or 0 for found, _ in printed for word in found), default=0)
    for found, known in printed:
        ends = (end for end in range(1, len(found)) if roles.row_id(roles.plain(as_printed(found[:end]))))
        behind = [word.text for word in found[max(known, max(ends, default=len(found))) :]]
        strange = [
            word
            for before, word in pairwise(["", *behind])
            if not (numerals.addends(word) or numerals.empty(word))
            and not (_THOUSANDS.fullmatch(f"{before} {word}") and int(before + word) <= most)
            and not any(numerals.addends(body) for body, _ in numerals.marked(word, given.notes))
        ]
        if strange and all(map(numerals.looks_like, strange)):
            lines = list(dict.fromkeys(word.line for word in found))
            if not any(text.strange(line.text) for line in lines):
                what = "lost digit" if refusals.LEADING_ZERO.fullmatch(strange[0]) else "odd figure"
                yield refusals.of_row(lines, what, word=strange[0])


def _names(table: Table, structure: Structure, given: AnnexInput) -> Iterator[JvomError]:
    """Rows of missions that are unknown, or that have a row already."""
    registry = given.registry
    first: dict[str, Row] = {}
    for at in structure.missions:
        row = table.rows[at]
        ids = {wording.mission_id for wording in row.wordings}
        mission_id = ids.pop() if len(ids) == 1 else ""
        if mission_id is None and at in structure.unnamed:
            role = structure.unnamed[at]
            yield refusals.unnamed_sum(row.lines[0], row.wordings[0].plain, role, registry)
        elif mission_id is None:
            region = row.region.printed if row.region else None
            beside = dict(row.texts).get("country")
            country = beside.printed if beside else ""
            yield refusals.unknown_mission(row.lines[0], row.wordings[0].plain, region, registry, country)
        elif mission_id in first:
            both = first[mission_id], row
            made = sums.together(both, given.layout.personnel.columns)
            entry = made and answers.joint_rows(mission_id, made, len(both))
            line = first[mission_id].lines[0]
            yield refusals.second_row(row.lines[0], mission_id, line, entry or None)
        elif mission_id:
            first[mission_id] = row


class _Written:
    """A table that was read, as rows of the contracts and their cells."""

    def __init__(
        self, table: Table, chosen: Sequence[Chosen], structure: Structure, given: AnnexInput, names: RowNames
    ) -> None:
        self._table, self._structure, self._given, self._names = table, structure, given, names
        self._layout = given.layout.personnel
        self._keys: dict[int, str] = {}
        for at, one in enumerate(chosen):
            self._keys[at] = answers.distinct(self._key(at, one), self._keys.values())
        self._chosen = [replace(one, key=self._keys[at]) for at, one in enumerate(chosen)]

    def personnel(self) -> Personnel:
        year = {"edition_year": self._given.edition_year}
        document, total = self._given.document, self._structure.total
        marks = [*self._table.marks, *(mark for one in self._chosen for mark in one.wording.marks)]
        totals = [] if total is None else [self._chosen[total]]
        missions = [self._chosen[at] for at in self._structure.missions]
        return Personnel(
            rows=[year | _row(one, document, self._layout) for one in missions],
            totals=[year | _figures(one, self._layout) | _place(one.row, document) for one in totals],
            cells=[*self._cells(), *self._texts()],
            markers=tuple(sorted(marks)),
        )

    def _key(self, at: int, one: Chosen) -> str:
        """The row_key of a row: its mission's id, or what kind of row it is, and of what."""
        if at in self._structure.missions or at == self._structure.total:
            return one.wording.mission_id or TOTAL
        if at in self._structure.parts:
            above = self._keys[self._structure.parts[at]]
            return f"of_which:{above}:{answers.slug(one.wording.plain)}"
        parts = next(group.parts for group in self._structure.subtotals if group.total == at)
        over = len({self._table.rows[part].region for part in parts}) > 1
        region = one.row.region.printed if one.row.region and not over else ""
        named = one.wording.plain if one.row.kind == "region" else self._names.summed(one.wording.plain)
        return f"subtotal:{answers.slug(named or region or one.wording.plain)}"

    def _cells(self) -> Iterator[Cell]:
        """The cells of every row; a row that is not a mission says of which rows it is the sum or a part."""
        said = {
            group.total: summing(self._keys[part] for part in group.parts)
            for group in self._structure.subtotals
        }
        said |= {at: part_of(self._keys[above]) for at, above in self._structure.parts.items()}
        for at, one in enumerate(self._chosen):
            for cell in _cells(one, self._layout):
                yield replace(cell, equalities=(*cell.equalities, said[at])) if at in said else cell

    def _texts(self) -> Iterator[Cell]:
        """The lines of text inside the table."""
        for number, line in enumerate(self._table.texts, start=1):
            yield line.as_cell("personnel", f"text:{number}", "text")


def _row(one: Chosen, document: Document, layout: PersonnelLayout) -> dict[str, object]:
    return {
        "mission_id": one.wording.mission_id,
        "mission_as_printed": one.wording.name.printed,
        "region_as_printed": one.row.region.printed if one.row.region else None,
        **_figures(one, layout),
        "exact": all(figure is None or figure.exact for figure in one.figures),
        **_aside(one, layout),
        "separate_report": one.wording.separate_report or _remarked(one.row, layout.separate_report),
        "inferred": one.inferred,
        "footnotes": sorted({mark.note for mark in one.wording.marks}),
        **_place(one.row, document),
        "source_line_end": one.row.lines[-1].number,
    }


def _remarked(row: Row, phrase: str) -> bool:
    """Whether a remark at the row says that the mission has a progress report of its own."""
    said = r"\s+".join(map(re.escape, phrase.split()))
    remarks = [text.printed for role, text in row.texts if role == "remark"]
    return bool(said) and any(re.search(rf"(?:^|[;,.(]|\bzie)\s*{said}\b", each, re.I) for each in remarks)


def _figures(one: Chosen, layout: PersonnelLayout) -> dict[str, object]:
    """Figures by the contract's columns; one that is printed in several exact ones is their sum."""
    found: dict[str, object] = {}
    for column, places in layout.figures:
        printed = [figure for place in places if (figure := one.figures[place])]
        given = [figure.value for figure in printed if figure.value is not None]
        exact = all(figure.exact for figure in printed)
        found[column] = sum(given) if given and exact else None
    parts = set(PARTS) & set(layout.columns)
    printed_apart = {name: one.figures[layout.columns.index(name)] for name in parts}
    return found | {name: figure.value if figure else None for name, figure in printed_apart.items()}


def _aside(one: Chosen, layout: PersonnelLayout) -> dict[str, object]:
    """What is printed beside the figures: where, remarks, and how many there were on one day."""
    texts = {role: text.printed for role, text in one.row.texts}
    strength = texts.get("strength_on_day")
    counted = any(role.startswith("strength_") for role in texts)
    printed = numerals.read_figure(strength) if strength else None
    return {
        "country_as_printed": texts.get("country"),
        "remark": texts.get("remark"),
        "strength_on_day": sum(printed.parts) if printed and printed.parts else None,
        "strength_date": _day(layout.strength_date or "") if counted else None,
    }


def _day(text: str) -> datetime.date | None:
    """The day in a header; None of a month or a year."""
    with suppress(ValueError):
        printed = durations.date(" ".join(text.split()))
        return printed.first if printed.day else None
    return None


def _place(row: Row, document: Document) -> dict[str, object]:
    first = row.lines[0]
    return {
        "source_page": first.page,
        "page_label": document.label(first.page),
        "source_line": first.number,
    }


def _cells(one: Chosen, layout: PersonnelLayout) -> Iterator[Cell]:
    """The cells of one row: every column, and but for the totals row its name, a mission's region too."""
    table_name = "personnel" if one.key == one.wording.mission_id != TOTAL else "personnel_totals"
    if one.key != TOTAL:
        yield one.wording.name.as_cell(table_name, one.key, "mission")
    if table_name == "personnel" and one.row.region:
        yield one.row.region.as_cell(table_name, one.key, "region")
    for role, aside in one.row.texts:
        cell = aside.as_cell(table_name, one.key, role)
        yield cell if role in ("country", "remark") else _beside(cell, aside.printed)
    for column, places in layout.figures:
        printed = [_cell(one, place, table_name, layout.columns[place]) for place in places]
        yield from (cell for cell in printed if cell.column_name != column)
        yield _merged(column, printed)


def _cell(one: Chosen, place: int, table_name: str, column: str) -> Cell:
    """One printed cell, or the blank where it would be."""
    key, figure, reasons = one.key, one.figures[place], _reasons(one, place)
    if figure is not None:
        text, value, how = figure.text, figure.value, _derivation(one, figure)
        parts = figure.parts if len(figure.parts) > 1 else ()
        said = (figure.qualifier, figure.low, figure.high)
        return Cell(table_name, key, column, text.printed, value, text.spans, how, reasons, parts, *said)
    if one.wording.cells:  # a blank that a PDF shows
        blank = one.wording.cells[place]
        return Cell(table_name, key, column, None, None, blank.spans, blank.derivation, reasons)
    how = ("declared" if one.declared else "empty by inference",)
    return Cell(table_name, key, column, None, None, (_gap(one, place),), how, reasons)


def _merged(column: str, cells: Sequence[Cell]) -> Cell:
    """The cell of a figure that is printed in several: `1 2`, with the spans of both.

    Its value is not certain where one of theirs is not.
    """
    given = [cell for cell in cells if cell.value is not None or cell.qualifier]
    if len(cells) == 1 or not given:
        return replace(cells[0], column_name=column)
    hows = [how for cell in given for how in cell.derivation] + ["sum of parts"] * (len(given) > 1)
    derivation = tuple(dict.fromkeys(how for how in hows if how != "printed" or set(hows) == {"printed"}))
    parts = tuple(part for cell in given for part in cell.parts or (cell.value,) if isinstance(part, int))
    exact = all(cell.value is not None for cell in given)
    lows, highs = ([_bound(cell, side) for cell in given] for side in ("low", "high"))
    return replace(
        given[0],
        column_name=column,
        as_printed=" ".join(cell.as_printed or "" for cell in given),
        value=sum(parts) if exact else None,
        spans=tuple(span for cell in given for span in cell.spans),
        derivation=derivation,
        equalities=tuple(dict.fromkeys(reason for cell in cells for reason in cell.equalities)),
        parts=parts if len(parts) > 1 and exact else (),
        qualifier=next((cell.qualifier for cell in given if exact or cell.value is None), None),
        low=None if exact else sum(low or 0 for low in lows),
        high=None if exact or None in highs else sum(high or 0 for high in highs),
    )


def _bound(cell: Cell, side: Literal["low", "high"]) -> int | None:
    """The least or the most that a cell can be; its value where it has one."""
    return cell.value if isinstance(cell.value, int) else getattr(cell, side)


def _beside(cell: Cell, printed: str) -> Cell:
    """A figure that is in no sum of its row."""
    said = numerals.read_figure(printed) or numerals.PrintedFigure(qualifier="unknown")
    value = sum(said.parts) if said.parts else None
    return replace(cell, value=value, qualifier=said.qualifier, low=said.low, high=said.high)


def _derivation(one: Chosen, figure: Figure) -> tuple[str, ...]:
    how = {
        "marker split": bool(figure.text.marks),
        "column inferred": one.inferred,
        "sum of parts": len(figure.parts) > 1,
        "declared": one.declared is not None,
    }
    return (*(name for name, applies in how.items() if applies), *figure.text.how) or ("printed",)


def _reasons(one: Chosen, place: int) -> tuple[str, ...]:
    """What decided a cell: sums where its column was inferred, the note where a mark was taken off.

    In a PDF marks and columns are seen; there a declaration is the only reason.
    """
    figure = one.figures[place]
    if one.wording.cells:
        disputed = (figure.text if figure else one.wording.cells[place]).disputed
        return (*disputed, *one.sums[place]) if disputed else ()
    marks = figure.text.marks if figure else ()
    sums = one.sums[place] if one.inferred or marks else ()
    return (*sums, *(f"note {mark.note} is marked once" for mark in marks))


def _gap(one: Chosen, place: int) -> Span:
    """Where an empty cell would be: before the next figure, else at the end of the row."""
    following = next((figure.text.words[0] for figure in one.figures[place:] if figure), None)
    word = following or words(one.row.lines)[-1]
    at = following.start if following else word.end
    return Span(word.line.page, word.line.number, at, at)
