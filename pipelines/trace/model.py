"""What a trace holds: frozen, plain, and the same for the terminal, JSON and the evidence sheet."""

import datetime
from dataclasses import dataclass

from pipelines.model import Evidence
from pipelines.sql import Row


@dataclass(frozen=True)
class Source:
    """The file of a vintage; `note` says what its fidelity means, `unread` why its text cannot be shown."""

    path: str
    sha256: str
    bytes: int
    format: str
    fidelity: str
    title: str | None
    period_start: datetime.date | None
    period_end: datetime.date | None
    kamerstuk: str | None
    source_url: str | None
    note: str | None
    unread: str | None


@dataclass(frozen=True)
class Piece:
    """Where a piece of a cell is: characters from 0, end exclusive; `box` in points in a PDF.

    `before`, `marked` and `after` make the printed line; None where the source cannot be read.
    """

    page: int
    page_label: str | None
    line: int
    char_start: int
    char_end: int
    box: dict[str, float] | None
    before: str | None
    marked: str | None
    after: str | None


@dataclass(frozen=True)
class Cell:
    """A printed cell, or a blank: what is printed there, and how the value was obtained from it."""

    table_name: str
    row_key: str
    column_name: str
    value: str | None
    as_printed: str | None
    derivation: tuple[str, ...]
    equalities: tuple[str, ...]
    parts: tuple[int, ...]
    obtained: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class TraceStep:
    """One vintage that the value rests on: its record, its file, and the cells of a table in it.

    `vintage` is its row of `vintages`, whether it is withdrawn, and whether it is the `latest`.
    `evidence` is the lake's commit with the Parquet files of the tables concerned; None where the
    lake is not at hand. `run_address` and `asset_address` lead to Dagster's interface, where it runs.
    """

    vintage: Row
    table: str
    run_address: str | None
    asset_address: str | None
    evidence: Evidence | None
    source: Source
    rows: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Check:
    """A check of the contracts that the rows passed; `column` is None for one on whole rows."""

    table_name: str
    column: str | None
    check: str
    outcome: str


@dataclass(frozen=True)
class Trace:
    """A published value, and all that it rests on, down to the characters.

    `comes_from` are the columns that it is computed from; `computed` says how, for a value that no
    document prints. `release`, `findings` and `corrections` are rows of the published file; `history` is
    every value recorded for the cell, oldest first, each from its vintage on until the next.
    """

    relation: str
    row: str
    edition_year: int
    column: str
    value: object
    description: str
    computed: str | None
    comes_from: tuple[str, ...]
    release: Row
    checks: tuple[Check, ...]
    checks_note: str
    findings: tuple[Row, ...]
    corrections: tuple[Row, ...]
    readings: tuple[TraceStep, ...]
    history: tuple[Row, ...]
