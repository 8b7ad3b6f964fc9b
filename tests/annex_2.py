"""The table of annex 2 of the 2024 edition for tests, and what it says; and reading such a table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from pipelines.extract import personnel
from pipelines.extract.annexes import AnnexInput
from pipelines.extract.cells import Cell
from pipelines.extract.personnel import Personnel
from pipelines.model import Document, Line
from schemas.errors import JvomError, Problems
from schemas.registry import Reading
from tests.rendering import COLUMNS, LAYOUT, REGISTRY
from tests.rendering_report import read_document

SHA = "5a" * 32
HEADER = LAYOUT.personnel.header.split(" / ")
REAL = {
    "nato-oostflank": (561, None, 1790, None, 1790),
    "eufor-althea": (167, None, 437, None, 437),
    "anti-isis-irak": (388, 17, 730, 14, 734),
    "unifil": (1, None, 2, None, 2),
    "undof": (2, None, 1, None, 1),
    "untso": (12, None, 32, None, 32),
    "ussc": (4, 3, 8, 2, 10),
    "emasoh": (8, None, 21, None, 21),
    "eunavfor-aspides": (5, 1, 3, 1, 4),
    "cmf": (5, None, 16, None, 16),
    "reis-indo-pacific": (212, None, 212, None, 212),
    "minusma": (5, 10, 10, 11, 21),
    "eutm-mali": (5, None, 10, None, 10),
    "eulpc-libie": (1, None, 1, None, 1),
    "eunavfor-atalanta": (3, 1, 6, 1, 7),
    "gpoi": (4, None, 6, None, 6),
    "sole": (6, None, 6, None, 6),
    "vpd": (121, None, 163, None, 163),
}
NOTES = (12, 13, 14)
# Annex 2 of the 2024 edition from its header to its totals row.
TABLE = [
    *HEADER,
    "EUROPA",
    "NAVO oostflank (separate VGR) 561 1790 1790",
    "EUFOR Althea (separate VGR) 167 437 437",
    "Midden-Oosten",
    "Anti-ISIS coalitie en de brede",  # a name over two lines
    "veiligheidsinzet in Irak (separate VGR) 388 17 730  14 734",
    "Midden-Oosten overige missies",
    "UNIFIL 1 2 2",
    "UNDOF12 2 1 1",
    "UNTSO 12 32 32",
    "USSC 4 313 8 2 10",
    "EMASOH 8 21 21",
    "EUNAVFOR Aspides 5 1 3 1 4",
    "CMF (incl OP ‘Prosperity Guardian’) 3 + 2 16 16",
    "Reis Indo-Pacific (onder Operatie",
    "Prosperity Guardian) 212 212 212",
    "Afrika",
    "MINUSMA 5 10 10 11 21",
    "EUTM Mali 5 10 10",
    "EULPC Libië 1 1 1",
    "EUNAVFOR ATALANTA 3 1 6 1 7",
    "GPOI 4 6 6",
    "Diversen",
    "Early Forward Presence/SOLE 6 6 6",
    "VPD14 121 163 163",
    "Totaal 1510 22 3454 29 3473",
]


def read(
    lines: Sequence[str], notes: Collection[int] = NOTES, readings: Collection[Reading] = ()
) -> Personnel:
    """Annex 2 from these lines."""
    numbered = tuple(Line(number, 1, text) for number, text in enumerate(lines, start=1))
    return read_lines(numbered, Document("report.txt", SHA, "text", numbered, ("20",)), notes, readings)


def read_lines(
    lines: Sequence[Line], document: Document, notes: Collection[int], readings: Collection[Reading] = ()
) -> Personnel:
    given = AnnexInput(lines, tuple(notes), document, 2024, LAYOUT, REGISTRY)
    return personnel.read(given, readings)


def read_file(path: Path) -> tuple[Personnel, Document]:
    """Annex 2 of a file; its footnotes are the lines between its heading and its header."""
    document = read_document(path.read_bytes())
    heading = max(line.number for line in document.lines if LAYOUT.personnel.heading.match(line.text))
    header = next(
        line.number for line in document.lines[heading:] if line.text.strip() == LAYOUT.personnel.mission
    )
    return read_lines(document.lines[header - 1 :], document, NOTES), document


def changed(old: str, new: str, lines: Sequence[str] = TABLE) -> list[str]:
    """The table with one line changed."""
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


def reading_of(mission_id: str, *values: int | None, sha: str = SHA, year: int = 2024) -> Reading:
    return Reading(year, sha, mission_id, dict(zip(COLUMNS, values, strict=True)), "seen")
