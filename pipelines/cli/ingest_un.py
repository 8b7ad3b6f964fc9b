"""`jvom ingest-un`: record a file of the UN's contributions, and publish it beside the annexes."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from pipelines.cli.session import Session, Timeout, command


@command
def ingest_un(
    session: Session,
    file: Annotated[
        Path,
        Argument(
            metavar="FILE", exists=True, dir_okay=False, readable=True, help="The UN's contributions, as CSV."
        ),
    ],
    timeout: Timeout = 600,
) -> None:
    """Record the UN's monthly contribution figures; the file replaces the one before."""
    from pipelines import files, other_sources
    from pipelines.cli import build
    from pipelines.lake import Lake
    from pipelines.orchestration.plan import plan_publication
    from pipelines.other_sources import contributions
    from schemas import registry

    data = files.read_bounded(file, str(file))
    rows = contributions.parse(data, str(file), registry.load())
    table = other_sources.checked(rows, "un_contributions", str(file))
    session.terminal.say(contributions.taken(data, file.name, table))
    settings = session.settings
    with Lake.of(settings).writer(timeout=timeout, waiting=session.terminal.say):
        sha256 = contributions.keep(data, file.name, settings.contributions)
    session.terminal.say(f"{table.num_rows} rows of {file.name} are kept as un/{sha256}.csv")
    build.carry_out(session, lambda: plan_publication(settings), timeout)
