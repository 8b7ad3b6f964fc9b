"""`jvom trace`: a published value back to its characters, for people, as JSON, or as a sheet to file.

What a trace holds is worked out by `pipelines.trace`; its two templates say how it looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from pipelines import files
from pipelines.cli import terminal
from pipelines.cli.session import Edition, Session, table_command
from pipelines.cli.terminal import as_text
from pipelines.model import Document, SourceFile

if TYPE_CHECKING:
    from pipelines.sql import Row
    from pipelines.trace.model import Check, Piece, Trace, TraceStep

# The columns that --csv gives.
READING = ("edition_year", "vintage", "source_path", "sha256")
CELL = ("table_name", "row_key", "column_name", "value", "as_printed", "derivation", "equalities")
PIECE = ("page", "page_label", "line", "char_start", "char_end", "box")
SHOWN_CELLS = 12  # cells of an edition in a terminal; --json and --html give all


@table_command
def trace(
    session: Session,
    mission: Annotated[
        str,
        Argument(
            metavar="MISSION",
            help="Its id, a printed name, `total`, `footnote:13`, `section:2.1`, or the name of a figure, a "
            "region or an organisation.",
        ),
    ],
    year: Edition,
    column: Annotated[
        str, Argument(metavar="COLUMN", help="The column, or `relation.column` where several have it.")
    ],
    vintage: Annotated[
        int | None, Option("--vintage", metavar="N", help="This recorded reading, not the latest.")
    ] = None,
    html: Annotated[
        Path | None, Option("--html", metavar="FILE", help="Write an evidence sheet, to print and file.")
    ] = None,
) -> None:
    """From a published value back: vintage, run, file, page, line, and the printed characters."""
    traced = follow(session, mission, year, column, vintage)
    if html is not None:
        with files.writable(str(html), "name a file in a folder that exists"):
            html.write_text(render(traced, "trace.html"), encoding="utf-8")
        session.terminal.say(f"the evidence is in {html}")
    text = None if html or session.terminal.json else render(traced, "trace.txt")
    session.terminal.answer(asdict(traced), text)
    session.terminal.as_csv((*READING, *CELL, *PIECE), pieces(traced))


def pieces(traced: Trace) -> Iterator[list[object]]:
    """One row for each piece of the cells that the value rests on; a blank cell has one without a place."""
    for step in traced.readings:
        read = [step.vintage["edition_year"], step.vintage["vintage"], step.source.path, step.source.sha256]
        for cell in step.cells:
            about = [getattr(cell, name) for name in CELL]
            for piece in cell.pieces or [None]:
                yield [*read, *about, *(getattr(piece, name, None) for name in PIECE)]


def follow(session: Session, mission: str, year: int, column: str, vintage: int | None = None) -> Trace:
    """The trace of one value, with the commits of the lake and the lines of the documents."""
    from pipelines import raw
    from pipelines.cli import ui
    from pipelines.extract import read as reading
    from pipelines.lake import evidence as evidence_of
    from pipelines.publish import published
    from pipelines.trace import named
    from pipelines.trace import trace as of
    from pipelines.trace.steps import SOURCE

    session.require_relation("inferences_of")
    where = session.settings

    def load(source: SourceFile) -> Document:
        return reading.read_lines(raw.read(source, raw=where.raw, kept=where.kept), source)

    def origin(step: TraceStep) -> TraceStep:
        known = step.source
        file = SourceFile(step.vintage["edition_year"], *(getattr(known, name) for name in SOURCE))
        return replace(step, source=replace(known, note=raw.fetched_from(where.raw, file) or known.note))

    with published.connect(where.published) as connection:
        row = named(connection, mission) or session.mission(mission).id
        traced = of(
            connection,
            row,
            year,
            column,
            vintage=vintage,
            load_document=load,
            evidence=lambda snapshot_id: evidence_of(where.catalog, where.data, snapshot_id),
            interface=ui.running(where),
        )
    return replace(traced, readings=tuple(map(origin, traced.readings)))


def render(traced: Trace, template: str) -> str:
    """The trace as text, or as one HTML page without scripts and with nothing from elsewhere."""
    words = {"place": place, "state": state, "remark": remark, "requirement": requirement}
    words["catalogued"] = catalogued
    return terminal.render(template, trace=traced, shown=SHOWN_CELLS, **words)


def catalogued(step: TraceStep) -> str:
    """What raw/sources.toml says of the report of that year; empty if it says nothing."""
    source = step.source
    cited = source.source_url and f"cited at {source.source_url}"
    said = ", ".join(filter(None, (source.title, source.kamerstuk, cited)))
    return said and f"the report of {step.vintage['edition_year']} is {said}"


def place(piece: Piece) -> str:
    """Where a piece of a cell is printed, in words."""
    label = f" (numbered {piece.page_label})" if piece.page_label else ""
    sides = " ".join(f"{side} {at:.1f}" for side, at in (piece.box or {}).items())
    characters = f"characters {piece.char_start} to {piece.char_end}"
    box = f", box {sides} points" if sides else ""
    return f"page {piece.page}{label}, line {piece.line}, {characters}{box}"


def state(change: Row) -> str:
    """What was recorded: the value, or why there is no value."""
    if change["state"] != "recorded":
        return str(change["state"])
    return "blank" if change["value"] is None else as_text(change["value"])


def requirement(check: Check) -> str:
    """A check in words: `personnel.deployed_total must be 0 or more`."""
    return f"{check.table_name}{f'.{check.column}' if check.column else ':'} {check.check}"


def remark(about: Row) -> str:
    """A finding or a correction in one line."""
    if "severity" in about:
        return "{severity}, {rule}, edition {edition_year}: {message}".format(**about)
    source = f" ({about['source']})" if about["source"] else ""
    words = "{table_name}, {row_key}, {column_name}: printed {printed_value}, declared {corrected_value}"
    return f"{words}: {{reason}}{{source}}".format(**{**about, "source": source})
