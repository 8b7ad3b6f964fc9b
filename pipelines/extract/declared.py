"""Declared cells of a document (`[[cell]]` in schemas/readings.toml): which one answers, and where it is.

A declaration answers what the grammar does not. It holds for one document, by the hash of its bytes, and only
where the cell prints what it says; one that fits nothing is refused, so that none is forgotten.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from pipelines.extract import numerals
from pipelines.extract.cells import Text
from pipelines.extract.durations import Duration
from pipelines.extract.numerals import PrintedFigure
from pipelines.extract.pdf.faults import Fault
from pipelines.extract.pdf.rows import PdfCell
from pipelines.extract.pdf.table import Grid, PdfRow, PdfTable
from pipelines.model import Document
from schemas import countries
from schemas.errors import RegistryError
from schemas.registry import DeclaredCell, Mission, Registry, comparable

FILE = "schemas/readings.toml"
_TEXTS = {"country", "remark"}
_HINT = "look at the page, and correct or remove the entry"


class Declared:
    """The declared cells of one table of one document, and which of them have answered."""

    def __init__(self, registry: Registry, table: str, edition_year: int, document: Document) -> None:
        self.find_mission = registry.find
        wanted = (table, edition_year, document.sha256)
        self._cells = [
            one for one in registry.cells if (one.table, one.edition_year, one.source_sha256) == wanted
        ]
        self._answered: set[DeclaredCell] = set()

    def find(self, rows: Iterable[str | None], column: str, printed: str) -> DeclaredCell | None:
        """The declaration of a cell, whose row has one of these names: its mission's id, what it prints.

        Raises RegistryError where the cell prints something else than the declaration says.
        """
        one = next(self._of(rows, column), None)
        if one is not None:
            self._answered.add(one)
            if not one.prints(printed):
                raise _unfit(one, f"prints “{printed}”, and not “{one.printed}”")
        return one

    def match(self, rows: Iterable[str | None], column: str, printed: str) -> DeclaredCell | None:
        """The same, but None where the cell prints something else."""
        return next((one for one in self._of(rows, column) if one.prints(printed)), None)

    def _of(self, rows: Iterable[str | None], column: str) -> Iterator[DeclaredCell]:
        names = {comparable(row) for row in rows if row}
        for one in self._cells:
            declared = {comparable(row) for row in (one.row, *one.shared_rows)}
            if names & declared and column in (one.column, *one.shared_columns):
                yield one

    def answer(
        self, fault: Fault, rows: Sequence[Sequence[str]], columns: Sequence[str]
    ) -> DeclaredCell | None:
        """The declaration of a cell that no one row and column has; `rows` are names of each it may be in."""
        names = {comparable(name) for row in rows for name in row}
        for one in self._cells:
            declared = [comparable(row) for row in (one.row, *one.shared_rows)]
            fits = one.column in columns and (fault.kind == "rows" or not one.is_shared)
            if fault.kind == "rows":
                fits = fits and len(declared) == len(rows)
            elif fault.kind == "columns":
                fits = {one.column, *one.shared_columns} == {*columns}
            if fits and one.prints(fault.cell.text) and names.issuperset(declared):
                return one
        return None

    def unused(self) -> Iterator[RegistryError]:
        """A refusal for each declaration that no cell of the document has."""
        for one in self._cells:
            if one not in self._answered:
                yield _unfit(one, "is not there")


def figure(one: DeclaredCell) -> PrintedFigure:
    """What a declared cell of figures says; of one that is shared, what it may be at most."""
    if one.value is not None:
        return PrintedFigure((one.value,), one.qualifier)
    low, high = (bound if isinstance(bound, int) else None for bound in (one.low, one.high))
    if one.is_shared and low is None and high is None:
        said = numerals.read_figure(one.printed) or PrintedFigure()
        high = sum(said.parts) if said.parts else said.high
    return PrintedFigure((), one.qualifier or ("shared" if one.is_shared else "declared"), low or 0, high)


def with_reason(text: Text, one: DeclaredCell) -> Text:
    """A cell's text, which says that it is declared and why."""
    reason = f"declared: {one.reason}"
    return replace(text, how=(*text.how, "declared"), disputed=(*text.disputed, reason))


def duration(one: DeclaredCell) -> Duration | None:
    """What a declared cell of a duration says; None where it says no more than that it is shared."""
    low, high = (bound if isinstance(bound, datetime.date) else one.date for bound in (one.low, one.high))
    if low is None and one.status is None:
        return None
    return Duration(one.status or "until", low, high, "day" if low else None)


def _unfit(one: DeclaredCell, why: str) -> RegistryError:
    return RegistryError(
        f"{one.cell} is declared for this document, but the cell {why}", file=FILE, hint=_HINT
    )


def place(table: PdfTable, declared: Declared, names: Callable[[str], Sequence[str]]) -> PdfTable:
    """The table with each cell that no one row and column has where a declaration says.

    A text that is printed once for several rows, such as their country, is each one's.
    `names` gives what the row of a printed name may be called.
    """
    columns = table.heading.roles
    for fault in table.grid.faults:
        rows = [names(row) for row in fault.rows]
        printed_in = [columns[at] for at in fault.columns]
        if fault.kind == "rows" and {*printed_in} <= _TEXTS:
            keys = {comparable(name) for row in rows for name in row}
            table = replace(table, grid=_placed(table.grid, fault, keys, {*fault.columns}, names))
        if fault.kind != "cut" and (one := declared.answer(fault, rows, printed_in)):
            targets = {columns.index(column) for column in (one.column, *one.shared_columns)}
            keys = {comparable(row) for row in (one.row, *one.shared_rows)}
            table = replace(table, grid=_placed(table.grid, fault, keys, targets, names))
    return _below(table, columns.index("country"), declared.find_mission) if "country" in columns else table


def _below(table: PdfTable, at: int, find: Callable[[str], Mission | None]) -> PdfTable:
    """The table with a country that is printed once for several missions in the blank cells below it too.

    A fifth of the rows have none then, no cell repeats the one above, and the registry has some of the
    missions in such rows in that country, and none elsewhere alone.
    """
    rows, above, there, blank = list[PdfRow](), None, set[bool](), 0
    for row in table.grid.rows:
        name, own = row.cells[table.heading.naming], row.cells[at]
        mission = find(name.text) if name else None
        if own and above and comparable(own.text) == comparable(above.text):
            return table
        above = own or (above if mission else None)
        rows.append(replace(row, cells=(*row.cells[:at], above, *row.cells[at + 1 :])))
        if mission and above and not own:
            blank += 1
            codes = {*countries.named(above.text)}
            there |= {not codes.isdisjoint(mission.countries)} if codes and mission.countries else set()
    certain = there == {True} and 5 * blank >= len(rows)
    return replace(table, grid=replace(table.grid, rows=tuple(rows))) if certain else table


def _placed(
    grid: Grid, fault: Fault, rows: set[str], columns: set[int], names: Callable[[str], Sequence[str]]
) -> Grid:
    """The table's rows with the cell of a fault in these rows and columns, and nowhere else."""
    taken = _spans(fault.cell)

    def of(row: PdfRow) -> PdfRow:
        cells = [None if cell and _spans(cell) <= taken else cell for cell in row.cells]
        name = next((cell.text for cell in cells if cell), "")
        if rows & {*map(comparable, names(name))}:
            cells = [fault.cell if at in columns else cell for at, cell in enumerate(cells)]
        return replace(row, cells=tuple(cells))

    kept = tuple(row for row in map(of, grid.rows) if any(row.cells))
    faults = tuple(other for other in grid.faults if other.cell.spans[0] != fault.cell.spans[0])
    return replace(grid, rows=kept, faults=faults)


def _spans(cell: PdfCell) -> set[tuple[int, int]]:
    return {(span.line, span.char_start) for span in cell.spans}
