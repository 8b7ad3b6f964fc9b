"""One step of a trace: a vintage that a value rests on, its record, its file, and the printed cells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from duckdb import DuckDBPyConnection

import schemas
from pipelines import sql
from pipelines.model import Document, Evidence, SourceFile
from pipelines.sql import Row
from pipelines.trace.model import Cell, Piece, Source, TraceStep
from pipelines.trace.target import Dependency, with_keys
from schemas.errors import JvomError

Lines = Mapping[tuple[int, int], str]  # (page, line) → the line as printed
LoadLines = Callable[[SourceFile], tuple[Lines, str | None]]

_UNVERIFIED = (
    "its bytes were compared with no other copy: title, paper and address are what raw/sources.toml says of "
    "the report of that year"
)
_PAGES = "pages of a text follow from the lines that open them, and numbers are counted on from those printed"
NOTES = {
    "abridged": "an abridged edition: by its own heading its annexes are as printed, its running text in "
    f"other words; only the official document proves what was sent to parliament; {_PAGES}",
    "full text": f"a text as it was given, without the official file's layout; {_UNVERIFIED}; {_PAGES}",
    "official file": f"a PDF as it was given; {_UNVERIFIED}",
}
OBTAINED = {
    "printed": "as printed",
    "marker split": "printed with a footnote marker against it, which was split off",
    "column inferred": "printed; the text has lost the empty cells of its row, so its column was inferred",
    "empty by inference": "blank: nothing is printed, as the figures of the row belong to other columns",
    "sum of parts": "the sum of its printed parts",
    "structure tag": "its column is what the document's own structure says",
    "ocr": "read from a picture of the page",
    "declared": "its reading is declared in schemas/readings.toml",
}
_IN_OTHER_WORDS = ("footnotes", "sections")  # of an abridged edition
_ABRIDGED = "in the words of the abridged text, which are not those of the report"
_BESIDE = "in a text which rows a label stands beside may follow from the regions that the registry gives"
SOURCE = ("path", "sha256", "bytes", "format", "fidelity")
_VINTAGE = (
    *("edition_year", "vintage", "recorded_at", "cause", "reason", "actor", "run_id", "code_version"),
    *("git_commit", "snapshot_id", "withdrawn", "latest"),
)
_DOCUMENT = ("title", "period_start", "period_end", "kamerstuk", "source_url")
_RECORDED = """
WITH newest AS (
    SELECT edition_year, max(vintage) AS vintage FROM editions_vintages
    WHERE list_contains($1, edition_year) GROUP BY edition_year
)
SELECT vintages.*, editions.* EXCLUDE (recorded_at),
    NOT editions.withdrawn AND editions.vintage = newest.vintage AS latest
FROM newest
JOIN editions_vintages AS editions
    ON editions.edition_year = newest.edition_year AND editions.vintage = coalesce($2, newest.vintage)
JOIN vintages
    ON vintages.edition_year = editions.edition_year AND vintages.vintage = editions.vintage
"""
_CELLS = """
FROM cells_vintages
WHERE edition_year = $1 AND vintage = $2 AND table_name = $3 AND ($4 IS NULL OR list_contains($4, row_key))
ORDER BY source_page, source_line, row_key, spans
"""
_SUMS = "SELECT row_key, column_name, sums FROM inferences_of($1, $2)"


def records_of(
    connection: DuckDBPyConnection, needed: Sequence[Dependency], vintage: int | None
) -> dict[int, Row]:
    """Edition → the record of the vintage that a value rests on: the one asked for, else the newest."""
    years = sorted({one.year for one in needed})
    return {row["edition_year"]: row for row in sql.rows(connection, _RECORDED, years, vintage)}


def lines_by(load_document: Callable[[SourceFile], Document]) -> LoadLines:
    """The lines of sources, each loaded once; none, and why, for a source that cannot be read."""

    @cache
    def lines(source: SourceFile) -> tuple[Lines, str | None]:
        try:
            return {(line.page, line.shown): line.text for line in load_document(source).lines}, None
        except JvomError as error:
            return {}, str(error)

    return lines


def step(
    connection: DuckDBPyConnection,
    dependency: Dependency,
    record: Row,
    *,
    lines: LoadLines,
    evidence: Callable[[int], Evidence | None],
    interface: str | None,
) -> TraceStep:
    """The vintage of `record` with the cells that the dependency names in it.

    `interface` is the address of Dagster's interface, if it runs.
    """
    year, table = dependency.year, dependency.table
    file = SourceFile(year, *(record.get(f"source_{name}") for name in SOURCE))  # type: ignore[arg-type]
    printed, unread = lines(file)
    found, folders = evidence(record["snapshot_id"]), {f"{table}_vintages", "cells_vintages"}
    of_table = [file for file in found.files if folders & {*file.path.split("/")}] if found else []
    if table == "sections":
        cells = _section(connection, dependency, record["vintage"], printed)
    else:
        keys = None if dependency.keys is None else list(dependency.keys)
        rows = sql.rows(connection, _CELLS, year, record["vintage"], table, keys)
        read = [row for row in rows if dependency.reads(row["column_name"])]
        # For what is said of one row as a whole, every cell of the row.
        whole = keys is not None and len(keys) == 1 and not read
        of_figures = table.startswith("personnel")
        written = sql.rows(connection, _SUMS, year, record["vintage"]) if of_figures else ()
        sums = {(row["row_key"], row["column_name"]): row["sums"] for row in written}
        cells = tuple(_cell(row, printed, sums) for row in (rows if whole else read))
    if file.fidelity == "abridged" and table in _IN_OTHER_WORDS:
        cells = tuple(replace(cell, obtained=f"{_ABRIDGED}; {cell.obtained}") for cell in cells)
    if table == "mandates" and file.format == "text":
        cells = tuple(
            replace(cell, obtained=f"{cell.obtained}; {_BESIDE}") if cell.column_name == "region" else cell
            for cell in cells
        )
    return TraceStep(
        vintage={name: record[name] for name in _VINTAGE},
        table=table,
        run_address=interface and f"{interface}/runs/{record['run_id']}",
        asset_address=interface and f"{interface}/assets/tables/{table}?view=partitions&partition={year}",
        evidence=found and replace(found, files=tuple(of_table)),
        source=Source(
            **{name: getattr(file, name) for name in SOURCE},
            **{name: record[name] for name in _DOCUMENT},
            note=NOTES.get(file.fidelity),
            unread=unread,
        ),
        rows=len({cell.row_key for cell in cells}),
        cells=cells,
    )


def _section(
    connection: DuckDBPyConnection, dependency: Dependency, vintage: int, lines: Lines
) -> tuple[Cell, ...]:
    """A section as one cell over its lines; a heading is on the first of them.

    A section has no page: where lines are counted by page, several have its number, and none is shown.
    """
    (row_key,), (column,) = dependency.keys or ("",), dependency.columns
    query = f"FROM {with_keys('sections_vintages')} WHERE edition_year = ? AND vintage = ? AND row_key = ?"
    (row,) = sql.rows(connection, query, dependency.year, vintage, row_key)
    last = row["source_line"] if column in ("heading", "number") else row["source_line_end"]
    places = [
        (page, number)
        for page, number in sorted(lines)
        if row["source_line"] <= number <= last and lines[page, number].strip()
    ]
    if sum(number == row["source_line"] for _, number in lines) != 1:
        places = []
    value = None if row[column] is None else str(row[column])
    return (
        Cell(
            table_name="sections",
            row_key=schemas.TABLES["sections"].address(row_key),
            column_name=column,
            value=value,
            as_printed=value,
            derivation=(),
            equalities=(),
            parts=(),
            obtained="the text of these lines, joined by single spaces"
            if column in ("heading", "text")
            else "by the place of the heading of these lines, and what it names",
            pieces=tuple(
                Piece(page, None, number, 0, len(lines[page, number]), None, "", lines[page, number], "")
                for page, number in places
            ),
        ),
    )


def _cell(row: Row, lines: Lines, sums: Mapping[tuple[str, str], list[str]]) -> Cell:
    spans = row["spans"]
    same = ("table_name", "row_key", "column_name", "value", "as_printed")
    return Cell(
        **{name: row[name] for name in same},
        derivation=tuple(row["derivation"]),
        equalities=tuple(row["equalities"]),
        parts=tuple(row["parts"]),
        obtained=_obtained(row, sums.get((row["row_key"], row["column_name"]))),
        # The label is that of the cell's first page.
        pieces=tuple(
            _piece(span, row["page_label"] if span["page"] == spans[0]["page"] else None, lines)
            for span in spans
        ),
    )


def _piece(span: Row, label: str | None, lines: Lines) -> Piece:
    start, end = span["char_start"], span["char_end"]
    line = lines.get((span["page"], span["line"]))
    parts = (None, None, None) if line is None else (line[:start], line[start:end], line[end:])
    return Piece(span["page"], label, span["line"], start, end, span["box"], *parts)


def _obtained(row: Row, sums: list[str] | None) -> str:
    words = "; ".join(OBTAINED[derivation] for derivation in row["derivation"])
    parts = f"{' + '.join(map(str, row['parts']))} = {row['value']}"
    if row["parts"]:
        words += f" ({parts})"
    if row["qualifier"]:
        least, most = row["value_low"], row["value_high"]
        ends = [f"at least {least}"] * (least is not None) + [f"at most {most}"] * (most is not None)
        exact = "" if row["value_integer"] is not None else "no exact figure: "
        words += f"; {exact}{row['qualifier']}{' (' + ', '.join(ends) + ')' if ends else ''}"
    if decided := [one for one in sums or row["equalities"] if one != parts]:
        words += f"; decided by: {', '.join(decided)}"
    return words
