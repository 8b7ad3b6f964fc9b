"""Declared corrections against what a document prints: the guards, and nothing else.

Not a stage: it changes no row. A correction whose guard fails has expired, or was never right; the
edition is refused until somebody has looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from schemas.errors import JvomError, Problems, RegistryError
from schemas.registry_toml import nearest

if TYPE_CHECKING:
    import pyarrow as pa

    from schemas.registry import Correction

FILE = "schemas/corrections.toml"


def check(
    tables: Mapping[str, pa.Table], corrections: Iterable[Correction], edition_year: int, *, path: str
) -> None:
    """Raise Problems, one for each correction of the edition whose guard fails.

    `tables` are those of `schemas.TABLES` as they are read, `path` the document for messages.
    """
    own = [correction for correction in corrections if correction.edition_year == edition_year]
    if not own:
        return
    cells = {
        (row["table_name"], row["row_key"], row["column_name"]): row for row in tables["cells"].to_pylist()
    }
    problems = [problem for correction in own if (problem := _problem(correction, cells, path))]
    if problems:
        raise Problems(problems)


def _problem(
    correction: Correction, cells: Mapping[tuple[str, str, str], Mapping[str, Any]], path: str
) -> JvomError | None:
    """What is wrong with one correction; None where the cell prints what it says."""
    entry = f"{FILE}, correction {correction.entry} ({correction.cell})"
    cell = cells.get((correction.table_name, correction.row_key, correction.column_name))
    if cell is None:
        known = [", ".join(key) for key in cells]
        near = nearest(correction.cell, known, 1)
        return RegistryError(
            f"{entry}: the document has no such cell" + (f"; the nearest is {near[0]}" if near else ""),
            file=path,
            hint=f"correct the entry in {FILE}, or remove it",
        )
    if (correction.printed_value or "") == (cell["as_printed"] or ""):
        return None
    return RegistryError(
        f"{entry}: the cell prints {_shown(cell['as_printed'])}, not {_shown(correction.printed_value)}",
        file=path,
        page=cell["source_page"],
        line=cell["source_line"],
        hint=f"if the document has been mended, remove the entry from {FILE}; else correct its printed_value",
    )


def _shown(value: str | None) -> str:
    return repr(value) if value else "nothing"
