"""`jvom logs`: what the last run, or the last that failed, says of itself."""

from __future__ import annotations

from dataclasses import asdict, astuple, fields
from typing import Annotated

from typer import Exit, Option

from pipelines.cli.session import Session, moment, table_command
from pipelines.cli.terminal import render
from schemas.errors import LakeError


@table_command
def logs(
    session: Session,
    last_failure: Annotated[
        bool,
        Option(
            "--last-failure",
            help="Every run that failed in the build that failed last, newest first, with its whole error.",
        ),
    ] = False,
    failed_since: Annotated[
        str | None,
        Option(
            "--failed-since",
            metavar="WHEN",
            help="Every run that failed since yesterday, a day or a time (UTC); status 1 if one did.",
        ),
    ] = None,
) -> None:
    """The last run: what it was, how it ended, and where its log is."""
    from pipelines.orchestration.history import Attempt, last_attempts

    if not session.settings.warehouse.is_dir():
        hint = "jvom build makes one; --warehouse DIR names another"
        raise LakeError("there is no warehouse", file=str(session.settings.warehouse), hint=hint)
    since = moment(failed_since) if failed_since else None
    failed = last_failure or since is not None
    attempts = last_attempts(session.settings, failed=failed, since=since)
    newest, also = attempts[:1], [asdict(each) for each in attempts[1:]]
    found = [asdict(each) | ({"also_failed": also} if failed else {}) for each in newest]
    session.terminal.answer(found[0] if found else {})
    session.terminal.as_csv([field.name for field in fields(Attempt)], [*map(astuple, attempts)])
    if not attempts:
        session.terminal.write("no run failed" if failed else "nothing has run yet")
    kept = session.settings.logs
    with_log = [(each, kept / f"{each.started_at.astimezone():%Y-%m-%d}.log") for each in attempts]
    if attempts:
        session.terminal.write(render("logs.txt", attempts=with_log))
    if since is not None and attempts:
        raise Exit(1)
