"""How much of a rendition a reading got right: cells by text and markers, empty ones included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from pipelines.extract.pdf.cells import GridCell
from pipelines.extract.pdf.grid import Grid
from pipelines.extract.pdf.heading import TableHeading
from tests.renditions import Rendition
from tests.renditions.content import MANDATE_COLUMNS, REGIONS, Printed

PERSONNEL_REGIONS = (*REGIONS, REGIONS[0].upper())
Said = tuple[str, tuple[int, ...]] | None


@dataclass
class Score:
    """Cells right out of cells, markers right out of markers, and what went wrong in words."""

    cells: int = 0
    right: int = 0
    markers: int = 0
    markers_right: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Adds another table's."""
        self.cells += other.cells
        self.right += other.right
        self.markers += other.markers
        self.markers_right += other.markers_right
        self.wrong += other.wrong


def headings(rendition: Rendition) -> tuple[TableHeading, TableHeading]:
    """What a layout would say of the two tables: mandates, personnel."""
    return (
        TableHeading(MANDATE_COLUMNS, REGIONS, figures=False),
        TableHeading(rendition.content.columns, PERSONNEL_REGIONS, "Totaal"),
    )


def expected_mandates(rendition: Rendition) -> list[tuple[Said, ...]]:
    """Region and cells of each row."""
    return [((row.region, ()), *map(_said, row.cells)) for row in rendition.content.mandates]


def expected_personnel(rendition: Rendition) -> list[tuple[Said, ...]]:
    """Name and figures of each row; regions have the one cell."""
    dash = rendition.style.dash
    rows: list[tuple[Said, ...]] = []
    for row in rendition.content.personnel:
        figures = tuple(_said(figure) if figure else ((dash, ()) if dash else None) for figure in row.figures)
        rows.append((_said(row.name), *(figures or [None] * (len(rendition.content.columns) - 1))))
    return rows


def found_mandates(grid: Grid) -> list[tuple[Said, ...]]:
    """The same of a reading."""
    return [(_text(row.region, markers=False), *map(_text, row.cells[1:])) for row in grid.rows]


def found_personnel(grid: Grid) -> list[tuple[Said, ...]]:
    """The same of a reading; what is no region but should be, or the reverse, shows in its name."""
    rows = []
    for row in grid.rows:
        name = _text(row.cells[0])
        regions = {region.casefold() for region in PERSONNEL_REGIONS}
        if row.is_region != (name is not None and name[0].casefold() in regions):
            name = (f"{'region' if row.is_region else 'mission'} {name}", ())
        rows.append((name, *map(_text, row.cells[1:])))
    return rows


def score(expected: list[tuple[Said, ...]], found: list[tuple[Said, ...]]) -> Score:
    """Rows are matched in order, by what they have in common; a row too many counts as one wrong."""
    result = Score()
    matcher = SequenceMatcher(
        a=[_key(row) for row in expected], b=[_key(row) for row in found], autojunk=False
    )
    pairs: list[tuple[int | None, int | None]] = []
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        span = max(a2 - a1, b2 - b1)
        pairs += [(a1 + n if a1 + n < a2 else None, b1 + n if b1 + n < b2 else None) for n in range(span)]
        del kind
    for a, b in pairs:
        if a is None:
            result.cells += 1
            result.wrong.append(f"row too many: {found[b or 0]}")
            continue
        _compare(expected[a], found[b] if b is not None else (None,) * len(expected[a]), result)
    return result


def _compare(wanted: tuple[Said, ...], got: tuple[Said, ...], result: Score) -> None:
    for want, have in zip(wanted, got, strict=True):
        result.cells += 1
        numbers = want[1] if want else ()
        result.markers += len(numbers)
        result.markers_right += len(numbers) if have and have[1] == numbers else 0
        if want == have:
            result.right += 1
        else:
            result.wrong.append(f"{want} read as {have} in {wanted[0]}")


def _key(row: tuple[Said, ...]) -> str:
    first, second = row[0], row[1]
    return (
        f"{first[0] if first else ''} {second[0] if second else ''}"
        if len(row) == 5
        else str(first and first[0])
    )


def _said(printed: Printed) -> Said:
    return (printed.text, printed.markers)


def _text(cell: GridCell | None, *, markers: bool = True) -> Said:
    if cell is None:
        return None
    return (cell.text, cell.markers if markers else ())


def listed(scores: Iterable[Score]) -> Score:
    """One score of several."""
    total = Score()
    for one in scores:
        total.add(one)
    return total
