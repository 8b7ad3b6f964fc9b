"""`jvom ingest`: build from one document, wherever it is."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from pipelines.cli import build
from pipelines.cli.session import Session, Timeout, require_edition_year, table_command
from schemas.errors import UsageError


@table_command
def ingest(
    session: Session,
    file: Annotated[Path, Argument(metavar="FILE", exists=True, help="The document.")],
    year: Annotated[
        int, Option("--year", metavar="Y", help="Edition: the year in which it was sent to parliament.")
    ],
    keep: Annotated[bool, Option("--keep", help="Also put the file in raw/, as the edition's.")] = False,
    reason: Annotated[
        str, Option("--reason", metavar="R", help="Why this document; it stays in the record.")
    ] = "",
    timeout: Timeout = 600,
) -> None:
    """Build from one document; its bytes are kept in the warehouse by hash."""
    from pipelines import files, raw
    from pipelines.lake import Lake
    from pipelines.orchestration.plan import plan_for_file

    require_edition_year(year)
    if file.is_symlink() and file.is_file() and file.resolve().parent != file.parent.resolve():
        hint = f"if that is the document, name it itself: jvom ingest {file.resolve()} --year {year}"
        raise UsageError(f"is a link to {file.resolve()}", file=str(file), hint=hint)
    data = files.read_bounded(file, str(file))
    place = session.settings.raw / str(year) / file.name
    if keep and place.exists() and (not place.is_file() or place.read_bytes() != data):
        hint = "give FILE another name, or replace that file yourself and run jvom build"
        raise UsageError("exists already, with other bytes", file=str(place), hint=hint)
    Lake.of(session.settings).begin()
    source = raw.keep(data, year, session.settings.kept, str(file))
    note = reason.strip()
    build.carry_out(session, lambda: plan_for_file(session.settings, source, str(file), note), timeout)
    if keep:  # only what could be read: every build would refuse a refused file in raw/ again
        with files.writable(str(place), "make raw/ writable"):
            if not place.exists():
                files.put(place, data)
        raw.lock_year(session.settings.raw, year)
        session.terminal.say(f"kept as {place}")
