"""`jvom backup`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from pipelines.cli.session import Session, Timeout, command


@command
def backup(
    session: Session,
    folder: Annotated[Path, Argument(metavar="DIR", help="A new or empty folder; with --restore, a backup.")],
    restore: Annotated[
        bool, Option("--restore", help="Put a backup, or a whole warehouse, to where there is no record yet.")
    ] = False,
    timeout: Timeout = 600,
) -> None:
    """A consistent copy of the warehouse, which --warehouse opens."""
    from pipelines import lake

    work = lake.restore if restore else lake.backup
    copied = work(session.settings, folder, timeout=timeout, waiting=session.terminal.say)
    after = f"open the copy with --warehouse {folder}"
    if restore:
        here = session.settings.published.exists()
        after = "jvom verify says whether all is there" if here else "run jvom build, which publishes it"
    session.terminal.answer(
        {"folder": str(folder), "bytes": copied}, f"{copied / 1e6:.1f} MB copied; {after}"
    )
