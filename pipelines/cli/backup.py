"""`jvom backup`."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from pipelines.cli.session import Session, Timeout, command
from pipelines.settings import Settings
from schemas.errors import UsageError


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
    from pipelines import lake, raw

    settings, say = session.settings, session.terminal.say
    if restore:
        settings = _with_its_own_raw(session)
        bring = partial(raw.bring, raw=settings.raw, say=say)
        copied = lake.restore(settings, folder, timeout=timeout, waiting=say, bring=bring)
        then = "jvom verify says whether all is there"
        then = then if settings.published.exists() else "run jvom build, which publishes it"
        after = f"the record is in {settings.warehouse}, its raw files in {settings.raw}; {then}"
    else:
        copied = lake.backup(settings, folder, timeout=timeout, waiting=say)
        after = f"open the copy with --warehouse {folder}"
    session.terminal.answer(
        {"folder": str(folder), "bytes": copied}, f"{copied / 1e6:.1f} MB copied; {after}"
    )


def _with_its_own_raw(session: Session) -> Settings:
    """Where a backup goes: a warehouse named by option has its raw/ in it or beside it, not the project's.

    UsageError where raw/ belongs to another warehouse, beside which it lies.
    """
    settings, beside = session.settings, session.settings.warehouse.parent
    if session.named == {"warehouse"} and settings.raw.parent not in (settings.warehouse, beside):
        return replace(settings, raw=beside / "raw")
    other = settings.raw.parent / "warehouse"
    if settings.store or other == settings.warehouse or not (other / "lake" / "catalog.sqlite").exists():
        return settings
    hint = "name a folder for the raw files of what is restored: --raw DIR"
    raise UsageError(f"belongs to the warehouse {other}", file=str(settings.raw), hint=hint)
