"""`jvom backup`."""

from dataclasses import replace
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

    settings, say = session.settings, session.terminal.say
    if (
        restore
        and session.named == {"warehouse"}
        and settings.raw.parent not in (settings.warehouse, settings.warehouse.parent)
    ):
        settings = replace(settings, raw=settings.warehouse.parent / "raw")  # its own, not the project's
    work = lake.restore if restore else lake.backup
    copied = work(settings, folder, timeout=timeout, waiting=say)
    after = f"open the copy with --warehouse {folder}"
    if restore:
        then = "jvom verify says whether all is there"
        then = then if settings.published.exists() else "run jvom build, which publishes it"
        after = f"the record is in {settings.warehouse}, its raw files in {settings.raw}; {then}"
    session.terminal.answer(
        {"folder": str(folder), "bytes": copied}, f"{copied / 1e6:.1f} MB copied; {after}"
    )
