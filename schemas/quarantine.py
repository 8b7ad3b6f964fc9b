"""Documents that were refused, as known when the file was published."""

from __future__ import annotations

from schemas.contract import SHA256, TEXT, TEXTS, TIMESTAMP, Column, Contract, edition_year_column

QUARANTINE = Contract(
    name="quarantine",
    description="Documents refused and not accepted since, at the moment of publication; a refusal alone "
    "publishes nothing, so `jvom quarantine` may know of more.",
    row="refused document",
    key=("source_sha256", "edition_year"),
    columns=(
        Column("source_sha256", TEXT, "SHA-256 of the file that was refused.", matches=SHA256),
        edition_year_column(),
        Column("refused_at", TIMESTAMP, "When it was last refused, UTC.", role="stamp"),
        Column("problems", TEXTS, "Every problem of the document, in order."),
    ),
    stage="record",
)
