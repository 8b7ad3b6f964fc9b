"""`jvom diff`, `withdraw`, `restore` and `verify`: what the record says, and decisions about it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

import schemas
from pipelines import sql
from pipelines.cli.options import Edition, Json, Raw, Reason, Timeout, Verbose, Warehouse
from pipelines.cli.session import Session
from schemas.errors import UsageError

if TYPE_CHECKING:
    from pipelines.lake.withdrawal import Wish


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    for command in (diff, withdraw, restore, verify):
        app.command()(command)


def diff(
    year: Edition,
    first: Annotated[int, typer.Argument(metavar="A", help="The older vintage.")],
    second: Annotated[int, typer.Argument(metavar="B", help="The newer vintage.")],
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """What changed between two vintages of an edition, mission by mission."""
    from pipelines.lake import differences

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    before, after = (_rows(session, year, vintage) for vintage in (first, second))
    found = differences.differences(before, after)
    told = differences.sentences(found)
    session.terminal.answer(
        {
            "edition_year": year,
            "vintages": [first, second],
            "sentences": told,
            "differences": [asdict(each) for each in found],
        },
        "\n".join(told) or f"vintages {first} and {second} of edition {year} have the same values",
    )


def _rows(session: Session, year: int, vintage: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of one vintage, as the published file has them."""
    from pipelines.publish import published

    found = {}
    with published.connect(session.settings.published) as connection:
        for name, contract in schemas.TABLES.items():
            found[name] = sql.rows(
                connection,
                f'SELECT * FROM "{name}_vintages" WHERE edition_year = ? AND vintage = ? '
                f"ORDER BY {', '.join(contract.key)}",
                year,
                vintage,
            )
    if not found["editions"]:
        raise UsageError(
            f"edition {year} has no vintage {vintage}", hint=f"jvom vintages {year} lists what there is"
        )
    return found


def withdraw(
    year: Edition,
    reason: Reason,
    timeout: Timeout = 600,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Take an edition out of the latest views, as a new vintage; history keeps it."""
    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    _decide(session, "withdraw", year, reason, None, timeout)


def restore(
    year: Edition,
    reason: Reason,
    vintage: Annotated[
        int | None,
        typer.Option(
            "--vintage",
            metavar="N",
            min=1,
            help="The vintage to bring back; without it the last before the withdrawal.",
        ),
    ] = None,
    timeout: Timeout = 600,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Bring a vintage back into the latest views, as a new vintage."""
    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    _decide(session, "restore", year, reason, vintage, timeout)


def verify(
    json: Json = False, raw: Raw = None, warehouse: Warehouse = None, verbose: Verbose = False
) -> None:
    """Recompute every hash and read every edition again; what is not as it was recorded is named."""
    from pipelines import verify as verified

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    report = verified.verify(session.settings)
    since = f"all was well on {report.last_sound:%Y-%m-%d %H:%M} UTC" if report.last_sound else "never yet"
    session.terminal.answer(
        {
            "faults": [{**asdict(fault), "since": fault.since} for fault in report.faults],
            "last_sound": report.last_sound,
            "error": {"message": f"{len(report.faults)} faults"} if report.faults else None,
        },
        None if report.faults else "everything is as it was recorded",
    )
    if report.faults:
        for fault in report.faults:
            session.terminal.say(f"error: {fault} ({fault.since})")
        session.terminal.say(
            f"everything together: {since}\n  next: restore what is named from git or a backup"
        )
        raise typer.Exit(1)


def _decide(
    session: Session, wish: Wish, year: int, reason: str, vintage: int | None, timeout: float
) -> None:
    from pipelines import lake as snapshot

    if not reason.strip():
        raise UsageError("--reason is empty", hint="say in a few words why: it stays in the record")
    lake = snapshot.Lake(session.settings.catalog, session.settings.data, session.settings.warehouse)
    lake.concerned(year, wish, vintage)  # what cannot be done is said before Dagster is loaded
    from pipelines.orchestration import run

    with lake.writer(timeout=timeout, waiting=session.terminal.say):
        lake.concerned(year, wish, vintage)
        result = run.run_job(
            session.settings,
            wish,
            {"edition_year": year, "reason": reason.strip(), **({"vintage": vintage} if vintage else {})},
            verbose=session.terminal.verbose,
            progress=session.terminal.say,
        )
    (outcome,) = result.outcomes
    error = outcome.error or result.error
    session.terminal.answer(
        {**asdict(outcome), "release_id": result.release_id, "error": {"message": error} if error else None},
        None
        if error
        else f"edition {year}, vintage {outcome.vintage}: {outcome.cause} ({reason.strip()}); "
        f"release {result.release_id}",
    )
    if error:
        session.terminal.say(f"error: {error}")
        raise typer.Exit(result.exit_code)
