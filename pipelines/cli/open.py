"""`jvom open`."""

from typing import Annotated

from typer import Option

from pipelines.cli.session import Session, command
from schemas.errors import SourceError


@command
def open(
    session: Session,
    only_print: Annotated[
        bool, Option("--print", help="Only print where it is, as an address for a browser.")
    ] = False,
) -> None:
    """Open the site in the browser of this machine: every mission and edition as pages, without network."""
    import webbrowser

    start = session.settings.site / "index.html"
    if not start.exists():
        raise SourceError("there is no site yet", file=str(start), hint="run jvom build")
    # Whether a browser could be started; without a screen the printed address must do.
    opened = not only_print and not session.terminal.json and webbrowser.open(start.as_uri())
    session.terminal.answer({"site": str(start), "address": start.as_uri(), "opened": opened}, start.as_uri())
