"""`jvom trace`: a published value back to its characters, for people, as JSON, or as a sheet to file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import Edition, Json, Raw, Verbose, Warehouse
from pipelines.cli.session import Session
from pipelines.cli.terminal import as_text
from schemas.errors import LakeError

if TYPE_CHECKING:
    from pipelines.trace.model import Cell, Change, Check, Correction, Finding, Piece, Trace, TraceStep

TEMPLATE = Path(__file__).parent.parent / "trace" / "templates" / "evidence.html"
CARET = "‸"  # where a blank would stand
SHOWN_CELLS = 12  # cells of an edition that a terminal is given; --json and --html give all


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(trace)


def trace(
    mission: Annotated[
        str,
        typer.Argument(
            metavar="MISSION",
            help="Its id, a printed name, `total`, `footnote:13`, `section:2.1`, or the name of a figure, a "
            "region or an organisation.",
        ),
    ],
    year: Edition,
    column: Annotated[
        str, typer.Argument(metavar="COLUMN", help="The column, or `relation.column` where several have it.")
    ],
    vintage: Annotated[
        int | None, typer.Option("--vintage", metavar="N", help="This recorded reading, not the one shown.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write an evidence sheet, to print and file."),
    ] = None,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """From a published value back: vintage, run, file, page, line, and the printed characters."""
    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    found = follow(session, mission, year, column, vintage)
    if html is not None:
        _write(html, sheet(found))
        session.terminal.say(f"the evidence is in {html}")
    session.terminal.answer(asdict(found), None if html else "\n".join(told(found)))


def follow(session: Session, mission: str, year: int, column: str, vintage: int | None = None) -> Trace:
    """The trace of one value, with the lake's and the documents' own words."""
    from pipelines import lake as snapshot
    from pipelines import raw
    from pipelines.cli import interface
    from pipelines.extract import read as reading
    from pipelines.publish import published
    from pipelines.trace import named
    from pipelines.trace import trace as of

    where = session.settings
    with published.connect(where.published) as connection:
        row = named(connection, mission) or session.mission(mission).id
        return of(
            connection,
            row,
            year,
            column,
            vintage=vintage,
            load_document=lambda source: reading.read_lines(
                raw.read(source, raw=where.raw, kept=where.kept), source
            ),
            evidence=lambda snapshot_id: snapshot.evidence(where.catalog, where.data, snapshot_id),
            interface=interface.running(where),
        )


def sheet(found: Trace) -> str:
    """The evidence as one HTML page: no script, nothing from elsewhere, everything escaped."""
    from jinja2 import Environment, StrictUndefined

    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page.filters |= {"text": as_text, "place": place, "state": state, "remark": remark, "demand": demand}
    return page.from_string(TEMPLATE.read_text(encoding="utf-8")).render(trace=found)


def told(found: Trace) -> Iterator[str]:
    """The trace as lines for a terminal, from the published value down to the characters."""
    value = "blank" if found.value is None else as_text(found.value)
    yield f"{found.row}, edition {found.edition_year}, {found.column}: {value}"
    yield f"  {found.description}"
    yield from _facts(
        ("relation", found.relation),
        ("computed", found.computed),
        ("comes from", ", ".join(found.comes_from)),
        ("release", f"{found.release.release_id} of {as_text(found.release.published_at)} UTC"),
        ("findings", None if found.findings else "none recorded"),
        *(("finding", remark(finding)) for finding in found.findings),
        ("corrections", None if found.corrections else "none declared"),
        *(("correction", remark(correction)) for correction in found.corrections),
        ("checks", f"{len(found.checks)}: {found.checks_note}"),
        *((check.outcome, demand(check)) for check in found.checks),
    )
    for reading in found.readings:
        yield from _reading(reading)
    if len(found.history) > 1:
        yield "every value recorded for it"
        for change in found.history:
            when = f"{as_text(change.recorded_at)} UTC, {change.cause}, by {change.actor}"
            yield f"  since vintage {change.vintage} ({when}): {state(change)}"


def place(piece: Piece) -> str:
    """Where a piece of a cell stands, in words."""
    label = f" (numbered {piece.page_label})" if piece.page_label else ""
    box = ""
    if piece.box:
        box = ", box " + " ".join(f"{side} {at:.1f}" for side, at in piece.box.items()) + " points"
    return (
        f"page {piece.page}{label}, line {piece.line}, characters {piece.char_start} to {piece.char_end}{box}"
    )


def state(change: Change) -> str:
    """What was recorded: the value, or why there is none."""
    if change.state != "recorded":
        return change.state
    return "blank" if change.value is None else as_text(change.value)


def demand(check: Check) -> str:
    """A check in words: `personnel.deployed_total must be 0 or more`."""
    return f"{check.table_name}{f'.{check.column}' if check.column else ':'} {check.check}"


def remark(said: Finding | Correction) -> str:
    """A finding or a correction in one line."""
    from pipelines.trace.model import Correction

    if not isinstance(said, Correction):
        return f"{said.severity}, {said.rule}, edition {said.edition_year}: {said.message}"
    return (
        f"{said.table_name}, {said.row_key}, {said.column_name}: printed {said.printed_value}, declared "
        f"{said.corrected_value}: {said.reason}{f' ({said.source})' if said.source else ''}"
    )


def _reading(reading: TraceStep) -> Iterator[str]:
    vintage, source, evidence = reading.vintage, reading.source, reading.evidence
    shown = "" if vintage.latest else ", not the one shown now"
    yield f"edition {vintage.edition_year}, vintage {vintage.vintage}{shown}"
    yield from _facts(
        ("recorded", f"{as_text(vintage.recorded_at)} UTC by {vintage.actor}"),
        ("cause", f"{vintage.cause}: {vintage.reason}"),
        ("withdrawn", "yes" if vintage.withdrawn else None),
        ("run", reading.run_address or vintage.run_id),
        ("asset", reading.asset_address),
        ("snapshot", f"{vintage.snapshot_id}: {evidence.message}" if evidence else vintage.snapshot_id),
        *(
            ("parquet", f"{file.path}, SHA-256 {file.sha256}")
            for file in (evidence.files if evidence else ())
        ),
        ("document", source.title),
        ("paper", source.kamerstuk),
        ("address", source.source_url),
        ("file", f"{source.path}, {source.fidelity}, SHA-256 {source.sha256}"),
        ("note", source.note),
        ("not shown", source.unread),
    )
    if reading.rows > 1:
        yield f"  {reading.rows} rows, {len(reading.cells)} cells:"
    for cell in reading.cells[:SHOWN_CELLS]:
        yield from _cell(cell)
    left = len(reading.cells) - SHOWN_CELLS
    if left > 0:
        yield f"  {left} more cells: --json or --html gives all of them"
    if not reading.cells:
        yield "  nothing is printed for it in this edition"


def _cell(cell: Cell) -> Iterator[str]:
    value = "blank" if cell.as_printed is None else f"“{cell.as_printed}”"
    yield f"  {cell.table_name}, {cell.row_key}, {cell.column_name}: {value}"
    yield f"    {cell.obtained}"
    for piece in cell.pieces[:SHOWN_CELLS]:
        yield f"    {place(piece)}"
        if piece.before is not None:
            yield f"      {piece.before}[{piece.marked or CARET}]{piece.after}".rstrip()
    left = len(cell.pieces) - SHOWN_CELLS
    if left > 0:
        yield f"    {left} more lines: --json or --html gives all of them"


def _facts(*facts: tuple[str, Any]) -> Iterator[str]:
    return (f"  {name + ':':<13}{as_text(value)}" for name, value in facts if value not in (None, ""))


def _write(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise LakeError(
            f"cannot be written: {error.strerror}",
            file=str(file),
            hint="name a file in a folder that is there",
        ) from error
