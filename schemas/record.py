"""The record: vintages, checks of the record, and releases."""

from __future__ import annotations

import pyarrow as pa

from schemas.contract import (
    BIGINT,
    INTEGER,
    SHA256,
    TEXT,
    TIMESTAMP,
    VERSION,
    Column,
    Contract,
    edition_year_column,
)

CAUSES = (
    "first reading",
    "source changed",
    "source replaced",
    "code changed",
    "registry changed",
    "declared",
    "withdrawn",
    "restored",
)


VINTAGES = Contract(
    name="vintages",
    description="Every recorded reading of every edition: when, why, by whom, with what.",
    row="recorded reading",
    key=("edition_year", "vintage"),
    columns=(
        edition_year_column(),
        Column("vintage", INTEGER, "1, 2, 3 … per edition_year.", at_least=1),
        Column("recorded_at", TIMESTAMP, "When it was recorded, UTC.", role="stamp"),
        Column("cause", TEXT, f"Why there is this vintage: {', '.join(CAUSES)}.", one_of=CAUSES),
        Column("reason", TEXT, "The cause in words."),
        Column("actor", TEXT, "Who ran the recording.", role="stamp"),
        Column("run_id", TEXT, "Dagster run that recorded it.", role="stamp"),
        Column(
            "code_version",
            TEXT,
            "Hash of the code that reads and of its pinned libraries, not of the whole repository.",
            matches=VERSION,
        ),
        Column("registry_version", TEXT, "Hash of the mission registry and the layouts.", matches=VERSION),
        Column(
            "declarations_version",
            TEXT,
            "Hash of the declared readings and corrections of this edition.",
            matches=VERSION,
        ),
        Column(
            "git_commit",
            TEXT,
            "Commit of the project, if it ran from a checkout.",
            nullable=True,
            role="stamp",
        ),
        Column("source_sha256", TEXT, "SHA-256 of the file that was read.", matches=SHA256),
        Column("snapshot_id", BIGINT, "Snapshot of the lake that holds it.", role="stamp"),
        Column("content_hash", TEXT, "SHA-256 of the rows, places aside.", matches=SHA256),
        Column("row_counts", pa.map_(TEXT, INTEGER), "Rows recorded per table.", unit="rows"),
    ),
    stage="record",
)

VERIFICATIONS = Contract(
    name="verifications",
    description="Checks of the record, among them readings again that gave the same rows.",
    row="check of the record",
    key=("checked_at", "kind", "edition_year"),
    columns=(
        Column("checked_at", TIMESTAMP, "When it was checked, UTC."),
        Column("kind", TEXT, "What was checked: read again (an edition), or verification (everything)."),
        Column("edition_year", INTEGER, "Edition that was checked.", nullable=True),
        Column("result", TEXT, "Outcome, in words."),
        Column("actor", TEXT, "Who ran the check."),
        Column("code_version", TEXT, "Hash of the code that read again.", nullable=True),
        Column("registry_version", TEXT, "Hash of the registry that it read by.", nullable=True),
        Column("declarations_version", TEXT, "Hash of the declarations that it read by.", nullable=True),
        Column("source_sha256", TEXT, "SHA-256 of the file that was read again.", nullable=True),
    ),
    stage="record",
)

RELEASES = Contract(
    name="releases",
    description="Every published state of the warehouse, this one last; same content, same release.",
    row="published state",
    key=("release_id",),
    columns=(
        Column(
            "release_id",
            TEXT,
            "Identifier derived from the content: same content, same release.",
            matches=VERSION,
        ),
        Column("published_at", TIMESTAMP, "When it was first published, UTC.", role="stamp"),
        Column("contract_version", TEXT, "Version of the public contract (names, columns, commands)."),
        Column(
            "git_commit",
            TEXT,
            "Commit of the project, if it ran from a checkout.",
            nullable=True,
            role="stamp",
        ),
        Column(
            "snapshot_id", BIGINT, "Snapshot of the lake that holds the newest vintage shown.", role="stamp"
        ),
        Column("vintages", pa.map_(INTEGER, INTEGER), "Vintage shown of each edition."),
        Column("tool_versions", pa.map_(TEXT, TEXT), "Versions of the tools that built it."),
    ),
    stage="record",
)

REVISIONS = Contract(
    name="revisions",
    description="Every cell whose value differs between consecutive vintages; places are no values. A row "
    "that is added or gone shows column by column, with null on the other side; withdrawing and restoring "
    "show as the edition's column withdrawn. Findings, and what was understood of running text, follow from "
    "rows and rules, and are not among it.",
    row="cell that a vintage changed",
    key=("edition_year", "vintage", "table_name", "row_key", "column_name"),
    columns=(
        edition_year_column(),
        Column(
            "vintage",
            INTEGER,
            "The vintage that has the new value; the one before it has the old.",
            at_least=2,
        ),
        Column("table_name", TEXT, "Table of the cell."),
        Column(
            "row_key",
            TEXT,
            "The row: a mission_id, total, footnote:13, a section_id, or edition for what is said of it.",
        ),
        Column("column_name", TEXT, "Column of the table."),
        Column("old_value", TEXT, "Value in the vintage before, as text.", nullable=True),
        Column("new_value", TEXT, "Value in this vintage, as text.", nullable=True),
        Column("cause", TEXT, "Why there is this vintage.", one_of=CAUSES),
    ),
    stage="record",
)
