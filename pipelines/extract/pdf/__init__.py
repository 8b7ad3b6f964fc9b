"""PDF of a report → lines with places, and its tables, each read in two ways.

`read` takes the bytes apart in a process of its own (see `sandbox`); `tables` finds a table under
the heading that a layout gives, by the geometry of words and drawn lines, and where the file is
tagged by its structure as well. Where the two differ both are told: neither is chosen here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.extract.pdf import grid, tagged
from pipelines.extract.pdf.cells import GridCell, Span
from pipelines.extract.pdf.compare import paired, same
from pipelines.extract.pdf.grid import Grid, GridRow
from pipelines.extract.pdf.heading import TableHeading
from pipelines.extract.pdf.model import Box, PdfDocument, PdfLine, PdfPage, Word
from pipelines.extract.pdf.reading import read
from pipelines.extract.sandbox import Limits

__all__ = [
    "Box",
    "Grid",
    "GridCell",
    "GridRow",
    "Limits",
    "PdfDocument",
    "PdfLine",
    "PdfPage",
    "Span",
    "TableHeading",
    "TableReading",
    "Word",
    "read",
    "same",
    "tables",
]


@dataclass(frozen=True, slots=True)
class TableReading:
    """A table as its geometry and as its tags give it; `tags` is None where no tagged one has the heading."""

    geometry: Grid | None
    tags: Grid | None

    @property
    def grid(self) -> Grid:
        """The reading by geometry, or that by tags where there is no other."""
        found = self.geometry or self.tags
        assert found is not None, "a table is read in at least one way"
        return found

    @property
    def rows(self) -> list[tuple[GridRow | None, GridRow | None]]:
        """Rows by tags and by geometry side by side; all None by tags where the file has none."""
        if self.tags is None:
            return [(None, row) for row in self.grid.rows]
        return list(paired(self.tags, self.geometry or Grid(self.tags.columns, ())))


def tables(
    document: PdfDocument, heading: TableHeading, others: Sequence[TableHeading] = ()
) -> TableReading | None:
    """Both readings of the first table under `heading`, or None where neither finds one.

    `others` are the headings of other tables: where one stands, this table has ended.
    """
    by_geometry = grid.read(document, heading, others)
    by_tags = tagged.read(document, heading)
    return TableReading(by_geometry, by_tags) if by_geometry or by_tags else None
