"""Two readings of one table side by side. Neither is taken for the right one."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from pipelines.extract.pdf.cells import GridCell
from pipelines.extract.pdf.grid import Grid, GridRow
from pipelines.extract.pdf.heading import folded


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


def _compared(cell: GridCell | None) -> tuple[str, tuple[int, ...]]:
    return (folded(cell.text), cell.markers) if cell else ("", ())


def _key(row: GridRow) -> str:
    first = next((cell for cell in row.cells if cell), None)
    return folded(first.text) if first else ""
