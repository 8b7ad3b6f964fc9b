"""`jvom fetch`: find an edition and put it into raw/; with --build also record and publish it."""

import datetime
from typing import Annotated, Any

from typer import Argument, Option

from pipelines.cli import build as building
from pipelines.cli.session import Session, Timeout, command, require_edition_year
from pipelines.cli.terminal import Terminal
from schemas.errors import UsageError


@command
def fetch(
    session: Session,
    year: Annotated[
        int | None, Argument(metavar="Y", help="The edition; the latest that is due, if none is given.")
    ] = None,
    build: Annotated[bool, Option("--build", help="Then read, check, record and publish it.")] = False,
    thorough: Annotated[
        bool, Option("--thorough", help="Look until 30 September for a document that replaces it.")
    ] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Look and judge, but write nothing.")] = False,
    timeout: Timeout = 600,
) -> None:
    """Find an edition in parliament's open data and put it into raw/; nothing there is overwritten."""
    from pipelines import settings
    from pipelines.acquire import fetching
    from pipelines.plan import plan_build
    from schemas.report_day import latest

    if build and dry_run:
        raise UsageError("--build and --dry-run exclude each other", hint="leave one of them out")
    if year is not None:
        require_edition_year(year)
    wanted = latest(datetime.date.today()) if year is None else year
    fetched = fetching.fetch(
        session.settings,
        settings.network(),
        wanted,
        dry_run=dry_run,
        thorough=thorough,
        say=session.terminal.say,
    )
    found, file = fetched.found, fetched.file
    document = {
        "edition_year": found.edition_year,
        "dry_run": dry_run,
        "new": fetched.new,
        "path": file.path,
        "sha256": file.sha256,
        "bytes": file.bytes,
        "document": found.chosen.candidate.identifier,
        "address": found.chosen.candidate.address,
        "reason": found.reason,
        "considered": [judged.summary() for judged in found.considered],
    }
    if not build:
        session.terminal.answer(document)
    _show(session.terminal, document)
    if build:
        building.carry_out(
            session, lambda: plan_build(session.settings, wanted), timeout, also={"fetched": document}
        )


def _show(terminal: Terminal, fetched: dict[str, Any]) -> None:
    names = ("document", "kind", "sent", "title", "score", "fits")
    terminal.table(names, [[judged[name] for name in names] for judged in fetched["considered"]])
    terminal.say(f"chosen: {fetched['document']}, {fetched['reason']}")
    if not fetched["new"]:
        terminal.say(f"nothing new: {fetched['path']} has these bytes already")
    elif fetched["dry_run"]:
        terminal.say(f"would be written as {fetched['path']}, {fetched['bytes']} bytes; nothing was written")
    else:
        terminal.say(f"{fetched['path']} is new, {fetched['bytes']} bytes, and in sources.lock")
