"""One yearly report: what it is, which period it speaks of, which file it was read from."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from schemas.contract import (
    BIGINT,
    BOOLEAN,
    DATE,
    INTEGER,
    SHA256,
    TEXT,
    TIMESTAMP,
    Column,
    Contract,
    RowRule,
    edition_year_column,
)

FIDELITIES = ("official file", "full text", "abridged")


def _period_in_order(table: pa.Table) -> pa.ChunkedArray:
    in_order = pc.less_equal(table["period_start"], table["period_end"])
    return pc.fill_null(in_order, True)


EDITIONS = Contract(
    name="editions",
    description="The yearly reports held, with the period each speaks of and the file it was read from.",
    row="edition",
    key=("edition_year",),
    columns=(
        edition_year_column(),
        Column("title", TEXT, "Title of the report.", nullable=True),
        Column(
            "scope",
            TEXT,
            "The period as annex 2 prints it in its heading.",
            nullable=True,
            printed="Bijlage 2 Totale inzet …",
        ),
        Column("period_start", DATE, "First day of the period that the figures speak of.", nullable=True),
        Column("period_end", DATE, "Last day of that period.", nullable=True),
        Column(
            "period_months",
            INTEGER,
            "Length of the period, in whole months.",
            unit="months",
            nullable=True,
            between=(1, 36),
        ),
        Column("date_sent", DATE, "Day on which the report was sent to parliament.", nullable=True),
        Column(
            "kamerstuk",
            TEXT,
            "Parliamentary document that carries the report, as dossier and number (kst-29521-495).",
            nullable=True,
            matches=r"^(kst|blg)-[0-9A-Z-]+$",
        ),
        Column("source_url", TEXT, "Public address where the edition is cited or kept.", nullable=True),
        Column("layout", TEXT, "The entry of schemas/layouts.toml by which the tables were read."),
        Column("source_path", TEXT, "The file that was read, relative to the project.", role="place"),
        Column("source_sha256", TEXT, "SHA-256 of that file's bytes.", role="place", matches=SHA256),
        Column("source_bytes", BIGINT, "Size of that file.", unit="bytes", role="place"),
        Column("source_format", TEXT, "Kind of file: text or pdf.", role="place", one_of=("text", "pdf")),
        Column(
            "source_fidelity",
            TEXT,
            "How close the file is to what was published: the official file, its full text, or an "
            "abridged edition (annexes as printed, running text in other words).",
            role="place",
            one_of=FIDELITIES,
        ),
        Column("vintage", INTEGER, "The latest recorded reading of the edition.", role="stamp"),
        Column("recorded_at", TIMESTAMP, "When that reading was recorded, UTC.", role="stamp"),
        Column(
            "withdrawn",
            BOOLEAN,
            "Whether the edition has been taken out of the latest views.",
            role="stamp",
            decided=True,
        ),
    ),
    rules=(
        RowRule(
            "period_in_order",
            "period_start is not after period_end",
            ("period_start", "period_end"),
            _period_in_order,
        ),
    ),
    row_prefix="edition",
)
