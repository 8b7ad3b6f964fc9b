"""The rule on what a PDF's two readings gave: structure tags, and the places of glyphs."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.model import DISAGREEMENT
from pipelines.reconcile.edition import Edition
from pipelines.reconcile.findings import INFO, Finding


def tag_geometry_disagreement(edition: Edition) -> Iterator[Finding]:
    """Compares what a PDF's structure tags give for a cell with what the places of its glyphs give.

    One of the two was taken, for the reason that the cell's `equalities` name; the cell as recorded is the
    one side. Which of them its makers meant cannot be known. A figure that nothing decided is refused before.
    """
    for (table, row_key, column), cell in edition.cells.items():
        told = cell["equalities"]
        for words in told if isinstance(told, list) else ():
            if not str(words).startswith(f"{DISAGREEMENT}: "):
                continue
            side = edition.cell(table, row_key, column)
            yield Finding(
                DISAGREEMENT,
                INFO,
                row_key if row_key in edition.staffed or row_key in edition.mandated else None,
                side,
                None,
                f"Two readings of this cell differ: {str(words).removeprefix(f'{DISAGREEMENT}: ')}; "
                f"{side.value or 'a blank'} is recorded.",
            )
