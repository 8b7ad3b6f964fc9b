"""`jvom page`: what was read on one page, to see why a figure is where it is, or why it is refused."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.session import Session, require_edition_year, table_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.extract.read import Extraction
    from pipelines.model import Edition, Line, SourceFile

CELL = ("table_name", "row_key", "column_name", "value", "start", "end", "derivation")


@table_command
def page(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="The document.")],
    number: Annotated[int, typer.Argument(metavar="N", help="The page, counted from 1 in the file.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PNG", help="Where to draw a PDF's page.", show_default=False),
    ] = None,
    year: Annotated[
        int | None,
        typer.Option(
            "--year", metavar="Y", help="The edition, for what is declared of it; else by its folder."
        ),
    ] = None,
) -> None:
    """Show what is read on a page: its lines with their cells; of a PDF also a picture of rows and columns.

    In the picture, bands are rows, blue lines part columns, green frames are cells, purple ones the
    heading; what the table does not explain has a red frame. Nothing is recorded.
    """
    from pipelines import files
    from pipelines.extract import read
    from schemas import registry

    folder = file.resolve().parent.name
    year = year or (int(folder) if folder.isdigit() else datetime.date.today().year)
    picture, extraction = read.draw_page(*document(session, file, year), registry.load(), number)
    if picture:
        out = out or Path(f"{file.stem}-page-{number}.png")
        with files.writable(str(out), "give another place with --out"):
            files.put(out, picture)
    answer: list[dict[str, Any]] = [
        {"line": line.shown, "text": line.text, "cells": _cells(extraction, line)}
        for line in extraction.document.lines
        if line.page == number
    ]
    refusal = extraction.refusal
    rows = ((line, cell) for line in answer for cell in line["cells"] or [{}])
    cells = [(line["line"], line["text"], *map(cell.get, CELL)) for line, cell in rows]
    session.terminal.as_csv(("line", "text", *CELL), cells)
    session.terminal.answer(
        {
            "page": number,
            "label": extraction.document.label(number),
            "picture": str(out) if picture else None,
            "refusal": str(refusal) if refusal else None,
            "lines": answer,
        },
        "\n".join(_readable(answer)),
    )
    if picture:
        session.terminal.say(f"drawn in {out}")
    if refusal:
        session.terminal.say(f"its tables are refused: {refusal}")


def document(session: Session, file: Path, year: int) -> tuple[bytes, SourceFile, Edition]:
    """A document that the command line names, described as one of an edition, and what is known of that."""
    from pipelines import files, raw

    require_edition_year(year)
    data = files.read_bounded(file, str(file))
    return (
        data,
        raw.describe(data, year, str(file)),
        raw.edition_of(raw.catalogue(session.settings.raw), year),
    )


def _cells(extraction: Extraction, line: Line) -> list[dict[str, Any]]:
    """The cells that have characters of a line, from left to right."""
    if extraction.tables is None:
        return []
    found = []
    for cell in extraction.tables["cells"].to_pylist():
        for span in cell["spans"]:
            if (span["page"], span["line"]) == (line.page, line.shown):
                placed = {**cell, "start": span["char_start"], "end": span["char_end"]}
                found.append({name: placed[name] for name in CELL})
    return sorted(found, key=lambda cell: (cell["start"], cell["end"]))


def _readable(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Each line with its number, and under it what was read there."""
    for line in lines:
        yield f"{line['line']:>5}  {line['text']}"
        for cell in line["cells"]:
            printed = line["text"][cell["start"] : cell["end"]] or "blank"
            where = f"{cell['table_name']} {cell['row_key']} {cell['column_name']}"
            how = ", ".join(word for word in cell["derivation"] if word != "printed")
            yield f"         {printed} → {where}" + (f" ({how})" if how else "")
