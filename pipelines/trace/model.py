"""What a trace holds: frozen, plain, and the same for the terminal, JSON and the evidence sheet."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.model import Evidence


@dataclass(frozen=True)
class Release:
    release_id: str
    published_at: datetime.datetime
    contract_version: str
    git_commit: str | None


@dataclass(frozen=True)
class Vintage:
    """A recorded reading of an edition; `latest` if the latest views show it."""

    edition_year: int
    vintage: int
    recorded_at: datetime.datetime
    cause: str
    reason: str
    actor: str
    run_id: str
    code_version: str
    git_commit: str | None
    snapshot_id: int
    withdrawn: bool
    latest: bool


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

    `evidence` is the lake's commit with the Parquet files of the tables concerned; None where the
    lake is not at hand. `run_address` and `asset_address` lead to Dagster's interface, where it runs.
    """

    vintage: Vintage
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
class Finding:
    edition_year: int
    finding_id: str
    rule: str
    severity: str
    message: str
    side_a: Mapping[str, object] | None
    side_b: Mapping[str, object] | None


@dataclass(frozen=True)
class Correction:
    edition_year: int
    table_name: str
    row_key: str
    column_name: str
    printed_value: object
    corrected_value: object
    reason: str
    source: str | None


@dataclass(frozen=True)
class Change:
    """A value recorded for the same cell, from this vintage on until the next change."""

    vintage: int
    recorded_at: datetime.datetime
    cause: str
    actor: str
    value: object
    state: str


@dataclass(frozen=True)
class Trace:
    """A published value, and all that it rests on, down to the characters.

    `comes_from` are the columns that it is computed from; `computed` says how, for a value that no
    document prints; `history` is every value recorded for the cell, oldest first.
    """

    relation: str
    row: str
    edition_year: int
    column: str
    value: object
    description: str
    computed: str | None
    comes_from: tuple[str, ...]
    release: Release
    checks: tuple[Check, ...]
    checks_note: str
    findings: tuple[Finding, ...]
    corrections: tuple[Correction, ...]
    readings: tuple[TraceStep, ...]
    history: tuple[Change, ...]
