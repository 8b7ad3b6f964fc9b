"""Which lines of a table's body make a row: each page cut at the lowest price."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.extract.pdf.area import Body
from pipelines.extract.pdf.bands import Ends, Row
from pipelines.extract.pdf.cells import Fragment
from pipelines.extract.pdf.figure_rows import FigureRows
from pipelines.extract.pdf.heading import TableHeading
from pipelines.extract.pdf.pricing import SETTINGS, Setting, prices
from pipelines.extract.pdf.text_rows import TextRows


def cut(
    bodies: Sequence[Body],
    found: Sequence[Sequence[Fragment]],
    heading: TableHeading,
    parts: Sequence[float],
) -> tuple[list[list[Row]], Setting]:
    """Rows of each page, and how their cells are set: of the three ways, the one that costs least."""
    priced = prices(bodies, found, heading, parts)
    table = FigureRows(heading) if heading.figures else TextRows(heading)
    ways: list[tuple[float, int, list[list[Row]]]] = []
    for order, setting in enumerate(SETTINGS):
        cost = 0.0
        pages: list[list[Row]] = []
        for index, (body, page, price) in enumerate(zip(bodies, found, priced, strict=True)):
            pending = bool(index and pages[-1] and pages[-1][-1].goes_on)
            ends = Ends(index > 0, index < len(bodies) - 1, pending)
            spent, rows = table.rows(body.page, page, price, setting, ends)
            cost += spent
            pages.append(rows)
        ways.append((cost, order, pages))
    _, order, pages = min(ways, key=lambda way: way[:2])
    return pages, SETTINGS[order]
