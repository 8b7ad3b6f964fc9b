"""One vintage that a value rests on: its record, its file, and the cells with their characters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipelines.seams import Document, Evidence, SourceFile
from pipelines.trace.model import Cell, Piece, Reading, Source, Vintage
from pipelines.trace.subject import Subject, concerns
from schemas.errors import JvomError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NOTES = {
    "abridged": "an abridged edition: its annexes are as printed, its running text is in other words; "
    "only the official document proves what was sent to parliament",
    "full text": "the full text, without the official file's layout",
}
OBTAINED = {
    "printed": "printed as it stands",
    "marker split": "printed with a footnote marker against it, which was split off",
    "column inferred": "printed; the text has lost the empty cells of its row, so its column was inferred",
    "empty by inference": "blank: nothing is printed, as the figures of the row belong to other columns",
    "sum of parts": "the sum of its printed parts",
    "structure tag": "its column is what the document's own structure says",
    "ocr": "read from a picture of the page",
    "declared": "its reading is declared in schemas/readings.toml",
}
_SOURCE = "edition_year, source_path, source_sha256, source_bytes, source_format, source_fidelity"
_TOLD = "title, period_start, period_end, kamerstuk, source_url"
_VINTAGE = """
SELECT edition_year, vintage, recorded_at, cause, reason, actor, run_id, code_version, git_commit, snapshot_id
FROM vintages WHERE edition_year = ? AND vintage = ?
"""
_CELLS = """
SELECT table_name, row_key, column_name, value, as_printed, derivation, equalities, parts, page_label, spans
FROM cells_vintages
WHERE edition_year = $1 AND vintage = $2 AND table_name = $3 AND ($4 IS NULL OR row_key = $4)
ORDER BY source_page, source_line, row_key, spans
"""


def rows_of(connection: DuckDBPyConnection, sql: str, *parameters: object) -> list[dict[str, Any]]:
    """Rows of a query, by column name."""
    connection.execute(sql, list(parameters))
    names = [column[0] for column in connection.description or ()]
    return [dict(zip(names, row, strict=True)) for row in connection.fetchall()]


class Printed:
    """The printed lines of documents, each read once; why not, where one cannot be read."""

    def __init__(self, lines: Callable[[SourceFile], Document]) -> None:
        self._lines = lines
        self._texts: dict[str, dict[tuple[int, int], str] | str] = {}

    def text(self, source: SourceFile) -> Mapping[tuple[int, int], str]:
        """(page, line) → the line as printed; empty where the source cannot be read."""
        if source.sha256 not in self._texts:
            try:
                read = self._lines(source).lines
                self._texts[source.sha256] = {(line.page, line.shown): line.text for line in read}
            except JvomError as error:
                self._texts[source.sha256] = str(error)
        found = self._texts[source.sha256]
        return {} if isinstance(found, str) else found

    def unread(self, source: SourceFile) -> str | None:
        """Why the source's text cannot be shown; None where it can, or was not asked for."""
        found = self._texts.get(source.sha256)
        return found if isinstance(found, str) else None


def reading(
    connection: DuckDBPyConnection,
    subject: Subject,
    year: int,
    row_key: str | None,
    vintage: int | None,
    *,
    printed: Printed,
    evidence: Callable[[int], Evidence | None],
) -> Reading:
    """The vintage of an edition that a value rests on: the one asked for, else the one shown.

    Without a `row_key` it rests on every row of the table.
    """
    shown = connection.execute("SELECT vintage FROM editions WHERE edition_year = ?", [year]).fetchone()
    number = shown[0] if vintage is None and shown else vintage
    (edition,) = rows_of(
        connection,
        f"SELECT {_SOURCE}, {_TOLD}, withdrawn FROM editions_vintages WHERE edition_year = ? AND vintage = ?",
        year,
        number,
    )
    (recorded,) = rows_of(connection, _VINTAGE, year, number)
    file = SourceFile(*(edition[name] for name in _SOURCE.split(", ")))
    found = _cells(connection, subject, year, number, row_key)
    cells = tuple(_cell(row, printed.text(file)) for row in found)
    return Reading(
        vintage=Vintage(
            **recorded, withdrawn=edition["withdrawn"], latest=shown is not None and shown[0] == number
        ),
        evidence=_concerned(evidence(recorded["snapshot_id"]), subject.table),
        source=Source(
            path=file.path,
            sha256=file.sha256,
            bytes=file.bytes,
            format=file.format,
            fidelity=file.fidelity,
            **{name: edition[name] for name in _TOLD.split(", ")},
            note=NOTES.get(file.fidelity),
            unread=printed.unread(file),
        ),
        rows=len({cell.row_key for cell in cells}),
        cells=cells,
    )


def _cells(
    connection: DuckDBPyConnection, subject: Subject, year: int, vintage: int | None, row_key: str | None
) -> list[dict[str, Any]]:
    """The cells concerned; for what is said of a row as a whole, every cell of the row."""
    rows = rows_of(connection, _CELLS, year, vintage, subject.table, row_key)
    concerned = [row for row in rows if concerns(subject, row["column_name"])]
    return rows if subject.printed and not concerned else concerned


def _cell(row: Mapping[str, Any], text: Mapping[tuple[int, int], str]) -> Cell:
    spans = row["spans"]
    return Cell(
        table_name=row["table_name"],
        row_key=row["row_key"],
        column_name=row["column_name"],
        value=row["value"],
        as_printed=row["as_printed"],
        derivation=tuple(row["derivation"]),
        equalities=tuple(row["equalities"]),
        parts=tuple(row["parts"]),
        obtained=_obtained(row),
        # The label is that of the cell's first page.
        pieces=tuple(
            _piece(span, row["page_label"] if span["page"] == spans[0]["page"] else None, text)
            for span in spans
        ),
    )


def _piece(span: Mapping[str, Any], label: str | None, text: Mapping[tuple[int, int], str]) -> Piece:
    start, end = span["char_start"], span["char_end"]
    line = text.get((span["page"], span["line"]))
    return Piece(
        page=span["page"],
        page_label=label,
        line=span["line"],
        char_start=start,
        char_end=end,
        box=span["box"],
        before=None if line is None else line[:start],
        marked=None if line is None else line[start:end],
        after=None if line is None else line[end:],
    )


def _obtained(row: Mapping[str, Any]) -> str:
    told = "; ".join(OBTAINED[derivation] for derivation in row["derivation"])
    if row["parts"]:
        told += f" ({' + '.join(map(str, row['parts']))} = {row['value']})"
    if row["equalities"]:
        told += f"; decided by: {', '.join(row['equalities'])}"
    return told


def _concerned(evidence: Evidence | None, table: str) -> Evidence | None:
    """The snapshot's evidence, of its files those of the table and its cells."""
    if evidence is None:
        return None
    folders = {f"{table}_vintages", "cells_vintages"}
    kept = tuple(file for file in evidence.files if folders & set(file.path.split("/")))
    return replace(evidence, files=kept)
