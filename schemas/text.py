"""The running text: footnotes, and numbered sections with what they say."""

from __future__ import annotations

from schemas.contract import (
    INTEGER,
    INTEGERS,
    OF_EDITION,
    TEXT,
    TEXTS,
    Column,
    Contract,
    Reference,
    edition_year_column,
    place_columns,
)

_PAGE, _, _LINE, _LINE_END = place_columns()

FOOTNOTES = Contract(
    name="footnotes",
    description="The footnotes of the report, with the lines that carry their markers.",
    row="footnote",
    key=("edition_year", "scope", "number"),
    columns=(
        edition_year_column(),
        Column(
            "scope",
            TEXT,
            "document, or the name of the table that the footnote belongs to.",
            one_of=("document", "personnel", "mandates"),
        ),
        Column("number", INTEGER, "Number of the footnote.", at_least=1),
        Column("text", TEXT, "Text of the footnote; lines joined by single spaces.", cell="text"),
        _PAGE,
        _LINE,
        Column("marker_lines", INTEGERS, "Lines on which the footnote's marker stands.", role="place"),
    ),
    references=(OF_EDITION,),
    row_prefix="footnote:",
    row_scope="scope",  # an annex may number its own footnotes
)

SECTIONS = Contract(
    name="sections",
    description="The numbered sections and subheadings of the report, with their running text.",
    row="numbered section or subheading",
    key=("edition_year", "section_id"),
    columns=(
        edition_year_column(),
        Column(
            "section_id",
            TEXT,
            "Identifier within the edition: the section's number, and for a subheading also its place in it.",
        ),
        Column("number", TEXT, "Printed number of the section (2.2.1).", nullable=True),
        Column("heading", TEXT, "Heading as printed, without its number."),
        Column("parent_id", TEXT, "The section that this one stands in.", nullable=True),
        Column("mission_ids", TEXTS, "Missions that the heading names, or that its parent does."),
        Column("text", TEXT, "Running text under the heading; lines joined by single spaces."),
        _LINE,
        _LINE_END,
    ),
    references=(
        OF_EDITION,
        Reference(("edition_year", "parent_id"), "sections", ("edition_year", "section_id")),
    ),
    address_prefix="section:",
)
