"""`jvom ingest-un`: take in a file of the UN's contributions, and publish it beside the annexes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Json, Raw, Timeout, Verbose, Warehouse
from pipelines.cli.session import Session
from schemas.errors import SourceError


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command("ingest-un")(ingest_un)


def ingest_un(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, readable=True, help="The UN's contributions, as CSV."
        ),
    ],
    timeout: Timeout = 600,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Take in the UN's monthly contribution figures; the file takes the place of the one before."""
    from pipelines import lake as snapshot
    from pipelines import plan as pending
    from pipelines.cli import building
    from pipelines.other_sources import contributions
    from pipelines.other_sources import files as public_sources
    from schemas import registry

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SourceError(
            f"cannot be read: {error.strerror}", file=str(file), hint="check its rights"
        ) from error
    read = contributions.parse(data, str(file), registry.load())
    table = public_sources.checked(read, "un_contributions", str(file))
    settings = session.settings
    lake = snapshot.Lake(settings.catalog, settings.data)
    with lake.writer(timeout=timeout, waiting=session.terminal.say):
        sha256 = contributions.keep(data, file.name, settings.contributions)
    session.terminal.say(f"{table.num_rows} rows of {file.name} are kept as un/{sha256}.csv")
    building.carry_out(session, lambda: pending.publication(settings), timeout)
