"""One vintage that a value rests on: its record, its file, and the cells with their characters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipelines import sql
from pipelines.model import Document, Evidence, SourceFile
from pipelines.trace.model import Cell, Piece, Reading, Source, Vintage
from pipelines.trace.needs import Need
from pipelines.trace.subject import SECTION
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
_VINTAGE = "recorded_at, cause, reason, actor, run_id, code_version, git_commit, snapshot_id"
_RECORDED = f"""
WITH newest AS (
    SELECT edition_year, max(vintage) AS vintage FROM editions_vintages
    WHERE list_contains($1, edition_year) GROUP BY edition_year
)
SELECT recorded.*, edition.*, NOT edition.withdrawn AND edition.vintage = newest.vintage AS latest
FROM newest
JOIN (SELECT {_SOURCE}, {_TOLD}, withdrawn, vintage FROM editions_vintages) AS edition
    ON edition.edition_year = newest.edition_year AND edition.vintage = coalesce($2, newest.vintage)
JOIN (SELECT {_VINTAGE}, edition_year AS year, vintage AS number FROM vintages) AS recorded
    ON recorded.year = edition.edition_year AND recorded.number = edition.vintage
"""
_CELLS = """
SELECT table_name, row_key, column_name, value, as_printed, derivation, equalities, parts, page_label, spans
FROM cells_vintages
WHERE edition_year = $1 AND vintage = $2 AND table_name = $3 AND ($4 IS NULL OR list_contains($4, row_key))
ORDER BY source_page, source_line, row_key, spans
"""


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


def recorded_for(
    connection: DuckDBPyConnection, needed: Sequence[Need], vintage: int | None
) -> dict[int, dict[str, Any]]:
    """Edition → the record of the vintage that a value rests on: the one asked for, else the newest."""
    years = sorted({need.year for need in needed})
    return {row["edition_year"]: row for row in sql.rows(connection, _RECORDED, years, vintage)}


def reading(
    connection: DuckDBPyConnection,
    need: Need,
    recorded: Mapping[str, Any],
    *,
    printed: Printed,
    evidence: Callable[[int], Evidence | None],
    interface: str | None = None,
) -> Reading:
    """A vintage that a value rests on, with its cells; `recorded` is its record.

    `interface` is the address of Dagster's interface, where it runs.
    """
    year = need.year
    number = recorded["vintage"]
    file = SourceFile(*(recorded[name] for name in _SOURCE.split(", ")))
    text = printed.text(file)
    if need.table == "sections":
        cells = _section(connection, need, number, text)
    else:
        cells = tuple(_cell(row, text) for row in _cells(connection, need, number))
    return Reading(
        vintage=Vintage(
            edition_year=year,
            vintage=number,
            withdrawn=recorded["withdrawn"],
            latest=recorded["latest"],
            **{name: recorded[name] for name in _VINTAGE.split(", ")},
        ),
        table=need.table,
        run_address=f"{interface}/runs/{recorded['run_id']}" if interface else None,
        asset_address=f"{interface}/assets/tables/{need.table}?view=partitions&partition={year}"
        if interface
        else None,
        evidence=_concerned(evidence(recorded["snapshot_id"]), need.table),
        source=Source(
            path=file.path,
            sha256=file.sha256,
            bytes=file.bytes,
            format=file.format,
            fidelity=file.fidelity,
            **{name: recorded[name] for name in _TOLD.split(", ")},
            note=NOTES.get(file.fidelity),
            unread=printed.unread(file),
        ),
        rows=len({cell.row_key for cell in cells}),
        cells=cells,
    )


def _cells(connection: DuckDBPyConnection, need: Need, vintage: int | None) -> list[dict[str, Any]]:
    """The cells concerned; for what is said of one row as a whole, every cell of the row."""
    keys = None if need.keys is None else list(need.keys)
    rows = sql.rows(connection, _CELLS, need.year, vintage, need.table, keys)
    concerned = [row for row in rows if need.concerns(row["column_name"])]
    return rows if keys is not None and len(keys) == 1 and not concerned else concerned


def _section(
    connection: DuckDBPyConnection, need: Need, vintage: int | None, text: Mapping[tuple[int, int], str]
) -> tuple[Cell, ...]:
    """A section as one cell over its lines; a heading stands on the first of them.

    Without a page the lines are sought on the only page that has the first of them; where several
    have it, as in a document that counts lines by page, they cannot be shown.
    """
    key = (need.keys or ("",))[0]
    (row,) = sql.rows(
        connection,
        "SELECT * FROM sections_vintages WHERE edition_year = ? AND vintage = ? AND section_id = ?",
        need.year,
        vintage,
        key.removeprefix(SECTION),
    )
    (column,) = need.columns
    last = row["source_line"] if column in ("heading", "number") else row["source_line_end"]
    wanted = range(row["source_line"], last + 1)
    pages = {page for page, number in text if number == row["source_line"]}
    by_page = len(pages) > 1
    first = row.get("source_page") or (None if by_page else next(iter(pages), None))
    places = [
        (page, number)
        for page, number in sorted(text)
        if number in wanted
        and (page == first if by_page else first is not None)
        and text[page, number].strip()
    ]
    value = None if row[column] is None else str(row[column])
    return (
        Cell(
            table_name="sections",
            row_key=key,
            column_name=column,
            value=value,
            as_printed=value,
            derivation=(),
            equalities=(),
            parts=(),
            obtained="what stands on these lines, joined by single spaces"
            if column in ("heading", "text")
            else "by where the heading of these lines stands, and what it names",
            pieces=tuple(_whole_line(place, text[place]) for place in places),
        ),
    )


def _whole_line(place: tuple[int, int], line: str) -> Piece:
    page, number = place
    return Piece(page, None, number, 0, len(line), None, "", line, "")


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
