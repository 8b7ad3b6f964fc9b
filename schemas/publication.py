"""What a published file says about itself: what it was built from, and how its columns come about."""

from __future__ import annotations

import pyarrow as pa

from schemas.contract import BIGINT, INTEGER, TEXT, TEXTS, TIMESTAMP, Column, Contract, edition_year_column
from schemas.record import CAUSES

BUILD_FACTS = {
    "release_id": "the release that the file shows",
    "contract_version": "the version of the public contract",
    "lake_head": "key of the newest commit of the lake that it shows",
    "publishing_version": "version of the code that shaped it: views, contracts, the building itself",
    "other_sources_version": "version of the figures of other public sources in it",
}
VERSIONS = pa.struct([("code_version", TEXT), ("registry_version", TEXT), ("declarations_version", TEXT)])

BUILD_INFO = Contract(
    name="build_info",
    description="What this file was built from; a build that would give the same facts leaves it alone.",
    row="fact about the file",
    key=("key",),
    columns=(
        Column(
            "key",
            TEXT,
            f"Which fact: {'; '.join(f'{key} ({text})' for key, text in BUILD_FACTS.items())}.",
            one_of=tuple(BUILD_FACTS),
        ),
        Column("value", TEXT, "The fact; null if it is unknown.", nullable=True),
    ),
    stage="record",
)

EDITION_STATE = Contract(
    name="edition_state",
    description="What the record says of each edition when it decides whether to read it again; "
    "withdrawn editions too.",
    row="edition that was ever recorded",
    key=("edition_year",),
    columns=(
        edition_year_column(),
        Column("vintage", INTEGER, "The newest vintage.", at_least=1),
        Column("cause", TEXT, "Why there is that vintage.", one_of=CAUSES),
        Column("source_path", TEXT, "The file that it was read from."),
        Column("source_sha256", TEXT, "SHA-256 of that file."),
        Column("source_bytes", BIGINT, "Size of that file.", unit="bytes"),
        Column("source_format", TEXT, "Format of that file: text or pdf."),
        Column("source_fidelity", TEXT, "How that file relates to the report."),
        Column("content_hash", TEXT, "SHA-256 of the vintage's rows, places aside."),
        Column(
            "versions",
            pa.list_(VERSIONS),
            "Versions that gave these rows from this file, the last to do so last; "
            "for a restored vintage all by which the edition was read before, too.",
        ),
        Column("seen_sha256", TEXTS, "SHA-256 of every file that the edition was ever read from."),
        Column(
            "rules_version",
            TEXT,
            "Version of the rules that were the last to look for contradictions in the vintage.",
            nullable=True,
        ),
        Column(
            "confirmed_at",
            TIMESTAMP,
            "When the vintage was recorded, or last read again with the same rows, UTC.",
            role="stamp",
        ),
    ),
    stage="record",
)

CONTRACT_CHECKS = Contract(
    name="contract_checks",
    description="Every check that rows pass before they are recorded, as the contracts of this release "
    "state them.",
    row="check of a table",
    key=("table_name", "position"),
    columns=(
        Column("table_name", TEXT, "Table whose rows are checked."),
        Column("position", INTEGER, "1, 2, 3 … per table.", at_least=1),
        Column("column_name", TEXT, "Column that is checked; null for a check on whole rows.", nullable=True),
        Column("requirement", TEXT, "What must hold, in words."),
        Column(
            "column_names",
            TEXTS,
            "Columns that a check on whole rows is on; all of the table's if it is empty.",
        ),
    ),
    stage="record",
)

COLUMN_LINEAGE = Contract(
    name="column_lineage",
    description="Which columns each column of a view is computed from, one step up, as its SQL says. "
    "Joins, filters and groups do not count.",
    row="column of a view and column that it is computed from",
    key=("relation", "column", "source_relation", "source_column"),
    columns=(
        Column("relation", TEXT, "The view."),
        Column("column", TEXT, "The column of the view."),
        Column("source_relation", TEXT, "Table or view that the column comes from."),
        Column("source_column", TEXT, "Column of that table or view."),
        Column("position", INTEGER, "1, 2, 3 … per column, in the order of the SQL.", at_least=1),
    ),
    stage="record",
)
