"""Every printed cell of the annexes, and every blank, with the characters it was read from."""

from __future__ import annotations

import pyarrow as pa

from schemas.contract import (
    DATE,
    INTEGER,
    INTEGERS,
    OF_EDITION,
    SPAN,
    TEXT,
    TEXTS,
    Column,
    Contract,
    edition_year_column,
    place_columns,
)

DERIVATIONS = (
    "printed",
    "marker split",
    "column inferred",
    "empty by inference",
    "sum of parts",
    "structure tag",
    "ocr",
    "declared",
)

CELLS = Contract(
    name="cells",
    description="Every printed cell of an annex, and every blank that was inferred, with its place.",
    row="printed cell, or inferred blank",
    key=("edition_year", "table_name", "row_key", "column_name"),
    columns=(
        edition_year_column(),
        Column(
            "table_name",
            TEXT,
            "Table that the cell belongs to.",
            one_of=("personnel", "personnel_totals", "mandates", "footnotes"),
        ),
        Column("row_key", TEXT, "The row: a mission_id, total for the totals row, or footnote:13."),
        Column("column_name", TEXT, "The printed column."),
        Column("as_printed", TEXT, "Characters of the cell, footnote markers aside.", nullable=True),
        Column("value", TEXT, "The value as text; null for a blank.", nullable=True),
        Column("value_integer", INTEGER, "The value, where it is a whole number.", nullable=True),
        Column("value_date", DATE, "The value, where it is a date.", nullable=True),
        *place_columns(end=False),
        Column(
            "spans",
            pa.list_(SPAN),
            "Pieces of the document that the cell was read from: page, line, first and end character "
            "(0-based, end exclusive) and, in a PDF, the box in points from the top left.",
            role="place",
        ),
        Column("derivation", TEXTS, f"How the value was obtained: {', '.join(DERIVATIONS)}."),
        Column("equalities", TEXTS, "The sums and rules that decided an inference."),
        Column("parts", INTEGERS, "The parts of a printed sum such as 3 + 2; empty otherwise."),
    ),
    references=(OF_EDITION,),
)
