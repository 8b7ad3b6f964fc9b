"""`jvom open`: the site in the browser of this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import Json, Raw, Verbose, Warehouse
from pipelines.cli.session import Session
from schemas.errors import SourceError

START = "index.html"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("open")(open_site)


def open_site(
    show: Annotated[
        bool, typer.Option("--print", help="Only print where it is, as an address for a browser.")
    ] = False,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Open the site: every mission and edition as pages, without network."""
    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    start = session.settings.site / START
    if not start.exists():
        raise SourceError("there is no site yet", file=str(start), hint="run jvom build")
    opened = not show and not json and _browse(start.as_uri())
    session.terminal.answer({"site": str(start), "address": start.as_uri(), "opened": opened}, start.as_uri())


def _browse(address: str) -> bool:
    """Whether a browser could be started; without a screen there is none, and the address is enough."""
    import webbrowser

    return webbrowser.open(address)
