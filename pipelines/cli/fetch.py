"""`jvom fetch`: find an edition and put it into raw/; with --build also record and publish it."""

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Exit, Option

from pipelines.cli import build as building
from pipelines.cli.session import Session, Timeout, require_edition_year, table_command
from pipelines.cli.terminal import Terminal
from pipelines.settings import Settings
from schemas.errors import JvomError, LakeError, NetworkError, UsageError

Service = StrEnum("Service", ("parliament", "publications"))


@table_command
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
    service: Annotated[Service | None, Option("--service", help="Ask only this one.")] = None,
    replay: Annotated[
        Path | None, Option("--replay", metavar="FILE", help="Play a cassette back; writes nothing.")
    ] = None,
    check: Annotated[bool, Option("--check", help="Only ask the services five small questions.")] = False,
    timeout: Timeout = 600,
) -> None:
    """Find an edition in parliament's open data and put it into raw/; nothing there is overwritten."""
    from pipelines import settings
    from pipelines.acquire import fetching
    from pipelines.orchestration.plan import plan_build
    from schemas.report_day import latest

    options = {"--build": build, "--dry-run": dry_run, "--replay": replay, "--check": check}
    if len(given := [name for name, value in options.items() if value]) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other", hint="leave all but one of them out")
    where, network, say = session.settings, settings.network(), session.terminal.say
    if check:
        _check(session.terminal, fetching.check(network, say))
        return
    if year is not None:
        require_edition_year(year)
    wanted = latest(datetime.date.today()) if year is None else year
    if replay is not None:
        fetched = fetching.replay(where, replay, say)
    else:
        only, look = service and service.value, partial(fetching.fetch, where, network, wanted, say=say)
        with nullcontext() if dry_run else _noted(where, wanted, say):
            fetched = look(dry_run=dry_run, thorough=thorough, service=only)
    file, found, nothing_written = fetched.file, fetched.found, dry_run or replay is not None
    document: dict[str, Any] = {
        "edition_year": found.edition_year,
        "dry_run": nothing_written,
        "new": fetched.new,
    }
    document |= {"path": file.path, "sha256": file.sha256, "bytes": file.bytes, "reason": found.reason}
    document |= found.summary()
    if not build:
        session.terminal.answer(document)
    _show(session.terminal, document, build=build)
    if build:
        building.carry_out(
            session, lambda: plan_build(session.settings, wanted), timeout, also={"fetched": document}
        )


@contextmanager
def _noted(where: Settings, year: int, say: Callable[[str], None]) -> Iterator[None]:
    """A fetch in the run history, and told, where it fails by the surroundings; that the report is not there
    yet is no failure, and `jvom status --check` says when it is late."""
    failure: JvomError | None = None
    try:
        yield
    except JvomError as error:
        failure = error if isinstance(error, NetworkError | LakeError) else None
        raise
    finally:
        if failure or where.has_history:
            from pipelines.orchestration import run

            with suppress(JvomError):  # that of the fetch is the one to show
                run.note_fetch(where, year, failure, say)


def _check(terminal: Terminal, probes: list[dict[str, Any]]) -> None:
    """The probes, as a table. Exit status 3 where no service both lists the report and gives it."""
    terminal.answer(probes)
    terminal.table(tuple(probes[0]), [list(probe.values()) for probe in probes])
    if not any(probe["holds"] for probe in probes[3:]):  # the first three list, the others give
        terminal.say("error: the report cannot be had from either service today\n  next: try again later")
        raise Exit(NetworkError.exit_code)


def _show(terminal: Terminal, fetched: dict[str, Any], *, build: bool) -> None:
    names = ("document", "kind", "sent", "title", "score", "fits")
    if not (terminal.csv and build):  # then the build's table is the one
        terminal.table(names, [[judged[name] for name in names] for judged in fetched["considered"]])
    for sentence in fetched["asked"]:
        terminal.say(sentence)
    terminal.say(f"chosen: {fetched['document']} of {fetched['service']}, {fetched['reason']}")
    if not fetched["new"]:
        terminal.say(f"nothing new: {fetched['path']} has these bytes already")
    elif fetched["dry_run"]:
        terminal.say(f"would be written as {fetched['path']}, {fetched['bytes']} bytes; nothing was written")
    else:
        terminal.say(f"{fetched['path']} is new, {fetched['bytes']} bytes, and in sources.lock")
