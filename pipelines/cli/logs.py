"""`jvom logs`: what the last run, or the last that failed, says of itself."""

from dataclasses import asdict, astuple, fields
from typing import Annotated

from typer import Option

from pipelines.cli.session import Session, table_command


@table_command
def logs(
    session: Session,
    last_failure: Annotated[
        bool, Option("--last-failure", help="The newest run that failed, with its whole error.")
    ] = False,
) -> None:
    """The last run: what it was, how it ended, and where its log is."""
    from pipelines.orchestration.history import Attempt, last_attempt

    settings, write = session.settings, session.terminal.write
    attempt = last_attempt(settings, failed=last_failure)
    session.terminal.answer(asdict(attempt) if attempt else {})
    names = [field.name for field in fields(Attempt)]
    session.terminal.as_csv(names, [astuple(attempt)] if attempt else [])
    if attempt is None:
        write("no run failed" if last_failure else "nothing has run yet")
        return
    edition = f" of edition {attempt.edition_year}" if attempt.edition_year else ""
    write(f"{attempt.job}{edition}, run {attempt.run_id} by {attempt.actor}: {attempt.outcome}")
    if attempt.cause:
        write(f"because: {attempt.cause}")
    ended = f" to {attempt.ended_at:%Y-%m-%d %H:%M:%S}" if attempt.ended_at else ""
    write(f"from {attempt.started_at:%Y-%m-%d %H:%M:%S}{ended} UTC")
    if attempt.error:
        write(attempt.error)
    log = settings.logs / f"{attempt.started_at.astimezone():%Y-%m-%d}.log"
    if log.exists():
        write(f"its log: {log}")
