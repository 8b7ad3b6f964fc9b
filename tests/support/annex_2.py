"""The table of annex 2 of the 2024 edition for tests, and what it says; and reading such a table."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from pipelines.extract import personnel, refusals
from pipelines.extract.annexes import AnnexInput
from pipelines.extract.cells import Cell
from pipelines.extract.personnel import Personnel
from pipelines.model import Document, Line
from schemas.errors import JvomError, Problems
from schemas.registry import DeclaredReading
from tests.support.rendering import COLUMNS, LAYOUT, REGISTRY
from tests.support.reports import ABRIDGED, golden, read_document

SHA = "5a" * 32
HEADER = LAYOUT.personnel.header.split(" / ")
REAL = {row.pop("mission_id"): tuple(row.values()) for row in golden("personnel")}
NOTES = (12, 13, 14)
# Annex 2 of the 2024 edition from its header to its totals row.
TABLE = [line.strip() for line in ABRIDGED.read_text(encoding="utf-8").split("\n")[1585:1642] if line.strip()]


def read(
    lines: Sequence[str], notes: Collection[int] = NOTES, readings: Collection[DeclaredReading] = ()
) -> Personnel:
    """Annex 2 from these lines."""
    numbered = tuple(Line(number, 1, text) for number, text in enumerate(lines, start=1))
    return read_lines(numbered, Document("report.txt", SHA, "text", numbered, ("20",)), notes, readings)


def read_lines(
    lines: Sequence[Line],
    document: Document,
    notes: Collection[int],
    readings: Collection[DeclaredReading] = (),
) -> Personnel:
    given = AnnexInput(lines, tuple(notes), document, 2024, LAYOUT, REGISTRY)
    try:
        return personnel.read(given, readings)
    except JvomError as error:
        refusals.settle(error, document, 2024)
        raise


def read_file(path: Path) -> tuple[Personnel, Document]:
    """Annex 2 of a file; its footnotes are the lines between its heading and its header."""
    document = read_document(path.read_bytes())
    heading = max(line.number for line in document.lines if LAYOUT.personnel.heading.match(line.text))
    header = next(
        line.number for line in document.lines[heading:] if line.text.strip() == LAYOUT.personnel.mission
    )
    return read_lines(document.lines[header - 1 :], document, NOTES), document


def changed(old: str, new: str, lines: Sequence[str] = TABLE) -> list[str]:
    assert sum(old in line for line in lines) == 1
    return [line.replace(old, new) for line in lines]


def line_of(text: str, lines: Sequence[str] = TABLE) -> int:
    """Number of the line that opens with these words."""
    (number,) = [number for number, line in enumerate(lines, start=1) if line.startswith(text)]
    return number


def figures(annex: Personnel) -> dict[object, tuple[object, ...]]:
    return {row["mission_id"]: tuple(row[column] for column in COLUMNS) for row in annex.rows}


def cell(annex: Personnel, row_key: str, column: str) -> Cell:
    (found,) = [c for c in annex.cells if (c.row_key, c.column_name) == (row_key, column)]
    return found


def refused(lines: Sequence[str], notes: Collection[int] = NOTES) -> list[JvomError]:
    with pytest.raises(Problems) as caught:
        read(lines, notes)
    return caught.value.problems


def reading_of(mission_id: str, *values: int | None, sha: str = SHA, year: int = 2024) -> DeclaredReading:
    return DeclaredReading(year, sha, mission_id, dict(zip(COLUMNS, values, strict=True)), "seen")
