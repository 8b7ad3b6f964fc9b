"""Two readings of one table → where they differ. Neither is taken for the right one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pipelines.pdf.cells import GridCell
from pipelines.pdf.grid import Grid, GridRow
from pipelines.pdf.heading import folded


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A cell that two readings give differently; markers stand after the text as `[12]`.

    `row` is the row's name and `column` its column's path; None for a text says that the reading
    has no such cell.
    """

    page: int | None
    line: int | None
    row: str
    column: tuple[str, ...]
    tag_text: str | None
    geometry_text: str | None


def differences(tags: Grid, geometry: Grid) -> tuple[Disagreement, ...]:
    """Every cell in which a reading by tags differs from one by geometry, white space apart."""
    pairs = paired(tags, geometry)
    return tuple(found for one, other in pairs for found in _row(one, other, geometry.columns))


def paired(tags: Grid, geometry: Grid) -> Iterator[tuple[GridRow | None, GridRow | None]]:
    """Rows of both readings side by side, in order, by what stands first in them; None where one has none."""
    keys = [[_key(row) for row in grid.rows] for grid in (tags, geometry)]
    matcher = SequenceMatcher(a=keys[0], b=keys[1], autojunk=False)
    for _, a1, a2, b1, b2 in matcher.get_opcodes():
        for step in range(max(a2 - a1, b2 - b1)):
            one = tags.rows[a1 + step] if a1 + step < a2 else None
            other = geometry.rows[b1 + step] if b1 + step < b2 else None
            yield one, other


def same(one: GridCell | None, other: GridCell | None) -> bool:
    """Whether two readings of a cell say the same, white space apart."""
    return _compared(one) == _compared(other)


def _row(
    tags: GridRow | None, geometry: GridRow | None, columns: Sequence[tuple[str, ...]]
) -> Iterator[Disagreement]:
    known = tags or geometry
    if known is None:
        return
    name = _shown(next((cell for cell in known.cells if cell), None)) or ""
    pairs = [
        (column, tags.cells[at] if tags else None, geometry.cells[at] if geometry else None)
        for at, column in enumerate(columns)
    ]
    if tags and geometry and not tags.is_region and not geometry.is_region:
        pairs.append((("region",), _bare(tags.region), _bare(geometry.region)))
    for column, one, other in pairs:
        if not same(one, other):
            cell = other or one
            place = (cell.page, cell.line) if cell else (None, None)
            yield Disagreement(*place, name, column, _shown(one), _shown(other))


def _bare(cell: GridCell | None) -> GridCell | None:
    return GridCell(cell.text, (), cell.spans) if cell else None


def _compared(cell: GridCell | None) -> tuple[str, tuple[int, ...]]:
    return (folded(cell.text), cell.markers) if cell else ("", ())


def _shown(cell: GridCell | None) -> str | None:
    if cell is None:
        return None
    return cell.text + "".join(f"[{number}]" for number in cell.markers)


def _key(row: GridRow) -> str:
    first = next((cell for cell in row.cells if cell), None)
    return folded(first.text) if first else ""
