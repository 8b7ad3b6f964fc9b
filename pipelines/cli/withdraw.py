"""`jvom withdraw`, and what it shares with `restore`: a decision that becomes a new vintage."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from typer import Exit

from pipelines.cli.session import Edition, Reason, Session, Timeout, table_command
from schemas.errors import UsageError

if TYPE_CHECKING:
    from pipelines.lake.decision import Action

DECIDED = ("edition_year", "vintage", "cause", "release_id")  # of what --csv gives


@table_command
def withdraw(session: Session, year: Edition, reason: Reason, timeout: Timeout = 600) -> None:
    """Take an edition out of the latest views, as a new vintage; history keeps it."""
    record(session, "withdraw", year, reason, None, timeout)


def record(
    session: Session, action: Action, year: int, reason: str, vintage: int | None, timeout: float
) -> None:
    """Record the new vintage and publish; ends with the status of what failed."""
    from pipelines.lake import Lake

    if not reason.strip():
        raise UsageError("--reason is empty", hint="say in a few words why: it stays in the record")
    lake, settings, terminal = Lake.of(session.settings), session.settings, session.terminal
    lake.target_vintage(year, action, vintage)  # refuses what cannot be done before Dagster is loaded
    from pipelines.orchestration import run

    config = {"edition_year": year, "reason": reason.strip(), **({"vintage": vintage} if vintage else {})}
    with lake.writer(timeout=timeout, waiting=terminal.say):
        lake.target_vintage(year, action, vintage)
        result = run.run_job(settings, action, config, verbose=terminal.verbose, progress=terminal.say)
    (outcome,) = result.outcomes
    error, release = outcome.error or result.error, result.release_id
    document = {**asdict(outcome), "release_id": release, "error": {"message": error} if error else None}
    terminal.as_csv(DECIDED, [[document[name] for name in DECIDED]])
    if error:
        terminal.answer(document)
        terminal.say(f"error: {error}")
        raise Exit(result.exit_code)
    done = f"edition {year}, vintage {outcome.vintage}: {outcome.cause} ({config['reason']})"
    shown = session.rows("SELECT edition_year, vintage FROM editions ORDER BY edition_year")
    seen = ", ".join(f"{row['edition_year']} (vintage {row['vintage']})" for row in shown) or "no edition"
    now = f"readers now see {seen}; jvom vintages {year} lists every reading of {year}"
    terminal.answer({**document, "shown": shown}, f"{done}; release {release}\n{now}")
