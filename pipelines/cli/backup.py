"""`jvom backup`."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from pipelines.cli.session import Session, Timeout, command


@command
def backup(
    session: Session,
    folder: Annotated[Path, Argument(metavar="DIR", help="A new or empty folder.")],
    timeout: Timeout = 600,
) -> None:
    """A consistent copy of the warehouse, which --warehouse opens."""
    from pipelines import lake

    copied = lake.backup(session.settings, folder, timeout=timeout, waiting=session.terminal.say)
    session.terminal.answer(
        {"folder": str(folder), "bytes": copied},
        f"{copied / 1e6:.1f} MB copied; open the copy with --warehouse {folder}",
    )
