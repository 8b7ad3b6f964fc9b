"""`jvom logs`: what the last run, or the last that failed, says of itself."""

from __future__ import annotations

from dataclasses import asdict, astuple, fields
from typing import TYPE_CHECKING, Annotated

from typer import Exit, Option

from pipelines.cli.session import Session, moment, table_command

if TYPE_CHECKING:
    from pipelines.orchestration.history import Attempt


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

    since = moment(failed_since) if failed_since else None
    failed = last_failure or since is not None
    attempts = last_attempts(session.settings, failed=failed, since=since)
    newest, also = attempts[:1], [asdict(each) for each in attempts[1:]]
    found = [asdict(each) | ({"also_failed": also} if failed else {}) for each in newest]
    session.terminal.answer(found[0] if found else {})
    session.terminal.as_csv([field.name for field in fields(Attempt)], [*map(astuple, attempts)])
    if not attempts:
        session.terminal.write("no run failed" if failed else "nothing has run yet")
    for attempt in attempts:
        _show(session, attempt)
    if since is not None and attempts:
        raise Exit(1)


def _show(session: Session, attempt: Attempt) -> None:
    settings, write = session.settings, session.terminal.write
    edition = f" of edition {attempt.edition_year}" if attempt.edition_year else ""
    write(f"{attempt.job}{edition}, run {attempt.run_id} by {attempt.actor}: {attempt.outcome}")
    if attempt.cause:
        write(f"started because: {attempt.cause}")
    ended = f" to {attempt.ended_at:%Y-%m-%d %H:%M:%S}" if attempt.ended_at else ""
    write(f"from {attempt.started_at:%Y-%m-%d %H:%M:%S}{ended} UTC")
    if attempt.error:
        write(attempt.error)
    log = settings.logs / f"{attempt.started_at.astimezone():%Y-%m-%d}.log"
    if log.exists():
        write(f"its log: {log}")
