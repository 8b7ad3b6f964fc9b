"""What reconciliation gives: contradictions, and what it understood in running text and what not.

These tables are derived from an edition's rows by rules. They are stored with the vintage, but never
make one: a changed rule adds its findings to the vintages there are, under a new `rules_version`.
"""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from schemas.contract import (
    DATE,
    INTEGER,
    INTEGERS,
    OF_EDITION,
    OF_MISSION,
    TEXT,
    TEXTS,
    TIMESTAMP,
    VERSION,
    Column,
    Contract,
    edition_year_column,
    figure,
    mission_id_column,
    place_columns,
)

SEVERITIES = ("error", "warn", "info")
PRECISIONS = ("day", "month", "year")
QUANTITIES = (
    "deployed_total",
    "deployed_military",
    "deployed_civil_police",
    "frame_total",
    "frame_military",
    "frame_civil_police",
    "rotation_total",
    "rotation_military",
    "rotation_civil_police",
    "capacity",
)
EVENTS = (
    "contribution begun",
    "contribution ended",
    "contribution changed",
    "mission begun",
    "mission ended",
    "mandate extended",
    "mandate ends",
    "national frame ends",
)

SIDE = pa.struct(
    [
        ("table_name", TEXT),
        ("row_key", TEXT),
        ("column_name", TEXT),
        ("value", TEXT),
        ("page", INTEGER),
        ("line", INTEGER),
        ("text", TEXT),
    ]
)

_PAGE, _LABEL, _LINE, _LINE_END = place_columns()
_SIDE = (
    "side: the cell, note or section (table_name, row_key, column_name), its value as compared, page, line "
    "and printed words; no line where it is not printed, such as a computed sum."
)


def _rules_version() -> Column:
    return Column(
        "rules_version",
        TEXT,
        "Hash of the rules and of the mission registry that they looked names up in.",
        matches=VERSION,
        role="stamp",
    )


def _characters(name: str, what: str) -> Column:
    return Column(name, INTEGER, f"{what}, counted from 0.", role="place", at_least=0)


FINDINGS = Contract(
    name="findings",
    description="Every contradiction found: two sides and no winner, with what the smallest explanation "
    "would be; the figures stay as printed. year_on_year, name_drift and observation_outside_frame depend on "
    "other editions or sources held and are computed at publishing; the others are stored with the vintage.",
    row="contradiction",
    key=("edition_year", "finding_id"),
    columns=(
        edition_year_column(),
        Column("finding_id", TEXT, "Identifier within the edition: the rule, and a hash of what it found."),
        Column("rule", TEXT, "The rule that found it; docs/reference/rules.md says what each compares."),
        Column(
            "severity",
            TEXT,
            "error: two printed figures that cannot both be right; warn: text and annex disagree, or a date "
            "cannot hold; info: odd, but can be explained.",
            one_of=SEVERITIES,
        ),
        mission_id_column(nullable=True),
        Column("side_a", SIDE, f"The first {_SIDE}"),
        Column(
            "side_b", SIDE, f"The other {_SIDE} Null where nothing stands against the first.", nullable=True
        ),
        Column("message", TEXT, "The contradiction in one or two sentences."),
        Column(
            "evidence_lines", INTEGERS, "Every line that it rests on, counted like source_line.", role="place"
        ),
        Column(
            "repairs",
            TEXT,
            "The smallest sets of cells whose change would make the table add up, alone and with each total "
            "stated in the text, as stories (JSON). An explanation, never applied; null where there is none.",
            nullable=True,
        ),
        _rules_version(),
    ),
    references=(OF_EDITION, OF_MISSION),
    stage="record",
)

FINDINGS_ACROSS_EDITIONS = replace(
    FINDINGS,
    name="findings_across_editions",
    description="The findings of the rules that compare editions with each other or with other sources, "
    "computed at each publishing from the latest vintages; findings holds them too.",
)

STATEMENTS = Contract(
    name="statements",
    description="Every figure understood in running text, and as what. A head count per rotation or at one "
    "moment is kept apart from a total over the period, and never compared with one.",
    row="figure understood in running text",
    key=("edition_year", "statement_id"),
    columns=(
        edition_year_column(),
        Column("statement_id", TEXT, "Identifier within the edition."),
        mission_id_column(nullable=True),
        Column(
            "quantity",
            TEXT,
            "What the figure counts: deployed_… and frame_… as in personnel; rotation_… for a head count per "
            "rotation or at one moment; capacity for what could be sent.",
            one_of=QUANTITIES,
        ),
        figure("value", "The figure; null for a range."),
        figure("value_low", "The figure, or the lower end of a range."),
        figure("value_high", "The figure, or the upper end of a range."),
        Column(
            "qualifier",
            TEXT,
            "What limits it: per rotation, at most, about, at least, permanently, temporarily, at one "
            "moment; several are joined by commas.",
            nullable=True,
        ),
        Column("as_printed", TEXT, "The words that it was read from."),
        Column("section_id", TEXT, "The section or subheading that they stand in.", nullable=True),
        _PAGE,
        _LINE,
        _LINE_END,
        _characters("char_start", "First character of the words in source_line"),
        _characters("char_end", "Character after the last of the words, in source_line_end"),
        Column("pattern", TEXT, "The pattern that read it."),
        _rules_version(),
    ),
    references=(OF_EDITION,),
    stage="record",
)

MISSION_EVENTS = Contract(
    name="mission_events",
    description="Dated starts, ends, extensions and changes that the text mentions: why a mission left.",
    row="dated event in the text",
    key=("edition_year", "event_id"),
    columns=(
        edition_year_column(),
        Column("event_id", TEXT, "Identifier within the edition."),
        mission_id_column(),
        Column(
            "event",
            TEXT,
            "What happened; a contribution is that of the Netherlands, a mission the whole of it.",
            one_of=EVENTS,
        ),
        Column("date", DATE, "The printed date; the first day of a printed month or year."),
        Column("precision", TEXT, "How exactly the date is printed: day, month or year.", one_of=PRECISIONS),
        Column("as_printed", TEXT, "The date as printed."),
        Column("reason_as_printed", TEXT, "The printed reason, where one is given.", nullable=True),
        _PAGE,
        _LINE,
        _LINE_END,
        _rules_version(),
    ),
    references=(OF_EDITION, OF_MISSION),
    stage="record",
)

UNREAD_SENTENCES = Contract(
    name="unread_sentences",
    description="Sentences with a number and a word for persons that no pattern understood: what the rules "
    "could not compare.",
    row="sentence not understood",
    key=("edition_year", "number"),
    columns=(
        edition_year_column(),
        Column("number", INTEGER, "1, 2, 3 … in the order of the text.", at_least=1),
        Column("mission_ids", TEXTS, "Missions of the section that it stands in."),
        Column("section_id", TEXT, "The section or subheading that it stands in.", nullable=True),
        Column("numbers", TEXTS, "The numbers in it, as printed."),
        Column("as_printed", TEXT, "The sentence; lines joined by single spaces."),
        _PAGE,
        _LINE,
        _LINE_END,
        _rules_version(),
    ),
    references=(OF_EDITION,),
    stage="record",
)

RECONCILIATIONS = Contract(
    name="reconciliations",
    description="Which rules looked at which vintage, and how much they found; the newest of a vintage is "
    "what findings, statements, mission_events and unread_sentences show.",
    row="vintage and version of the rules that looked at it",
    key=("edition_year", "vintage", "reconciled_at"),
    columns=(
        edition_year_column(),
        Column("vintage", INTEGER, "The vintage looked at.", at_least=1),
        Column(
            "reconciled_at",
            TIMESTAMP,
            "When, UTC; with the vintage itself, or when rules changed later.",
            role="stamp",
        ),
        replace(_rules_version(), role="value"),
        Column("findings", INTEGER, "Contradictions found.", unit="findings", at_least=0),
        Column("errors", INTEGER, "Those of severity error.", unit="findings", at_least=0),
        Column("warnings", INTEGER, "Those of severity warn.", unit="findings", at_least=0),
        Column("statements", INTEGER, "Figures understood in running text.", unit="statements", at_least=0),
        Column("mission_events", INTEGER, "Dated events understood.", unit="events", at_least=0),
        Column(
            "unread_sentences",
            INTEGER,
            "Sentences with figures not understood.",
            unit="sentences",
            at_least=0,
        ),
        Column("actor", TEXT, "Who ran it.", role="stamp"),
        Column("run_id", TEXT, "Dagster run that recorded it.", role="stamp"),
    ),
    stage="record",
)

_DECLARED = (
    edition_year_column(),
    Column("table_name", TEXT, "Table of the corrected cell, as in cells."),
    Column("row_key", TEXT, "Its row: a mission_id, total for the totals row, or footnote:13."),
    Column("column_name", TEXT, "Its column, as in cells."),
    Column(
        "printed_value",
        TEXT,
        "What the cell has to print for the correction to hold; null for a blank.",
        nullable=True,
    ),
    Column("corrected_value", TEXT, "What it ought to say."),
    Column("reason", TEXT, "Why."),
    Column("source", TEXT, "What says so: a paper, a letter, an address."),
)

CORRECTIONS = Contract(
    name="corrections",
    description="Declared corrections of printed values (schemas/corrections.toml), where the latest vintage "
    "prints what they correct. They change nothing: every other relation shows what is printed.",
    row="declared correction",
    key=("edition_year", "table_name", "row_key", "column_name"),
    columns=_DECLARED,
    references=(OF_EDITION,),
    stage="record",
)

DECLARED_CORRECTIONS = replace(
    CORRECTIONS,
    name="declared_corrections",
    description="Every entry of schemas/corrections.toml, also of editions that are not held.",
    references=(),
)


def every_vintage(contract: Contract) -> Contract:
    """The contract of `<name>_vintages`: the rows of every vintage by every version of the rules."""
    stored = contract.with_vintage()
    year, vintage, *own = stored.key
    return replace(
        stored,
        description=f"{stored.description.rstrip('.')}, by every version of the rules that looked at it.",
        key=(year, vintage, "rules_version", *own),
    )
