"""`jvom restore`."""

from typing import Annotated

from typer import Option

from pipelines.cli import withdraw
from pipelines.cli.session import Edition, Reason, Session, Timeout, table_command


@table_command
def restore(
    session: Session,
    year: Edition,
    reason: Reason,
    vintage: Annotated[
        int | None,
        Option(
            "--vintage",
            metavar="N",
            min=1,
            help="The vintage to bring back; without it the last before the withdrawal.",
        ),
    ] = None,
    timeout: Timeout = 600,
) -> None:
    """Bring a vintage back into the latest views, as a new vintage."""
    withdraw.record(session, "restore", year, reason, vintage, timeout)
