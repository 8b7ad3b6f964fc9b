"""`jvom build` and `jvom ingest`: decide, take the lock, decide again, run, and say what was done."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipelines import files, raw
from pipelines import lake as snapshot
from pipelines import plan as pending
from pipelines.cli.session import Session
from pipelines.cli.terminal import Terminal, error_document
from pipelines.plan import Plan
from schemas.errors import LakeError, Problems, UsageError

if TYPE_CHECKING:
    from pipelines.cli.rehearsal import Rehearsed
    from pipelines.orchestration.run import Outcome, Result

COUNTED = ("personnel", "mandates", "footnotes", "sections", "cells")


def require_year(year: int) -> None:
    """Raise UsageError for a year that no edition can have: 2000 to the next one can."""
    last = datetime.date.today().year + 1
    if not 2000 <= year <= last:
        raise UsageError(
            f"no edition can be of {year}",
            hint=f"--year is the year in which the report was sent to parliament, 2000 to {last}",
        )


def carry_out(
    session: Session,
    decide: Callable[[], Plan],
    timeout: float,
    also: Mapping[str, object] | None = None,
) -> None:
    """Do what there is to do, alone with the lake, and show it; ends with status 1 if any of it failed.

    `also` joins the JSON document: what came before the build.

    Raises LakeError where another writer holds the lock for longer than `timeout` seconds.
    """
    plan = decide()
    if plan.nothing:
        _nothing_new(session, plan, also)
        return
    from pipelines.orchestration import run  # Dagster: only now that it is needed

    result: Result | None = None
    lake = snapshot.Lake(session.settings.catalog, session.settings.data, session.settings.warehouse)
    with lake.writer(timeout=timeout, waiting=session.terminal.say):
        plan = decide()  # whoever held the lock may have done it
        if not plan.nothing:
            result = run.build(
                session.settings, plan, verbose=session.terminal.verbose, progress=session.terminal.say
            )
    if result is None:
        _nothing_new(session, plan, also)
    else:
        _show(session, result, plan, also)


def rehearse(session: Session, plan: Plan) -> None:
    """Show what building this plan would record and which published figures it would change."""
    if plan.nothing:
        _nothing_new(session, plan)
        return
    from pipelines.cli import rehearsal

    rehearsed = rehearsal.rehearse(session.settings, plan)
    refused = [edition for edition in rehearsed if edition.error]
    problems = [*plan.problems, *rehearsal.other_sources(session.settings)]
    session.terminal.answer(
        {
            "dry_run": True,
            "editions": [
                {
                    **asdict(replace(edition, error=None)),
                    "error": edition.error and error_document(edition.error),
                }
                for edition in rehearsed
            ],
            "publish": plan.publish,
            "problems": [error_document(problem) for problem in problems],
        }
    )
    for problem in problems:
        session.terminal.say(f"error: {problem}")
    if plan.publish and not rehearsed:
        session.terminal.say(f"would be published anew: {plan.publish}")
    for edition in rehearsed:
        _show_rehearsed(session.terminal, edition)
    errors = [*problems, *(edition.error for edition in refused if edition.error)]
    if errors:
        raise typer.Exit(max(error.exit_code for error in errors))


def _show_rehearsed(terminal: Terminal, edition: Rehearsed) -> None:
    terminal.say(f"edition {edition.edition_year} from {edition.source}: {edition.reason}")
    if edition.error:
        terminal.say(f"would be refused: {edition.error}")
        return
    counts = ", ".join(f"{name} {rows}" for name, rows in edition.rows.items())
    found = "1 finding" if edition.findings == 1 else f"{edition.findings} findings"
    terminal.say(f"would be read as: {counts}, with {found}")
    if edition.first:
        terminal.say("the edition is not published yet: every figure is new")
    elif edition.changes:
        terminal.table(
            ("table", "row", "column", "published", "new"),
            [(c.table_name, c.row_key, c.column_name, c.old_value, c.new_value) for c in edition.changes],
        )
    else:
        terminal.say("no figure would change")


def ingest(session: Session, file: Path, year: int, *, keep: bool, timeout: float) -> None:
    """Keep the bytes of one document and build from it; with `keep` it also becomes a file of raw/."""
    data = files.read_bounded(file, str(file))
    place = session.settings.raw / str(year) / file.name
    if keep:
        _require_free(place, data)
    source = raw.keep(data, year, session.settings.kept, str(file))
    carry_out(session, lambda: pending.single(session.settings, source), timeout)
    if keep:  # only what could be read: a refused file in raw/ would be refused by every build
        _keep_in_raw(session, place, data, year)


def _require_free(place: Path, data: bytes) -> None:
    if place.exists() and (not place.is_file() or place.read_bytes() != data):
        raise UsageError(
            "is there already, with other bytes",
            file=str(place),
            hint="give FILE another name, or replace that file yourself and run jvom build",
        )


def _keep_in_raw(session: Session, place: Path, data: bytes, year: int) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.write_bytes(data)
    except OSError as error:
        raise LakeError(
            f"cannot be written: {error.strerror}", file=str(place), hint="make raw/ writable"
        ) from error
    raw.lock(session.settings.raw, raw.scan(session.settings.raw)[year])
    session.terminal.say(f"kept as {place}")


def _nothing_new(session: Session, plan: Plan, also: Mapping[str, object] | None = None) -> None:
    """Say so; raises what is wrong with files in raw/, if that is all there is to tell."""
    if plan.problems:
        raise Problems(list(plan.problems))
    published = session.settings.published
    session.terminal.answer(
        {"nothing_new": True, "editions": [], "published": str(published), "error": None, **(also or {})},
        "Nothing new: raw files, reading code, lake and published file agree. Nothing was written.",
    )


def _show(session: Session, result: Result, plan: Plan, also: Mapping[str, object] | None) -> None:
    terminal, published = session.terminal, session.settings.published
    failures = _failures(result, plan)
    terminal.answer(
        {
            "nothing_new": False,
            "editions": [asdict(outcome) for outcome in result.outcomes],
            "release_id": result.release_id,
            "published": str(published),
            "seconds": round(result.seconds, 3),
            "error": {"message": failures} if failures else None,
            **(also or {}),
        }
    )
    if result.outcomes:
        terminal.table(
            ("edition", "vintage", "outcome", *COUNTED, "findings", "seconds"),
            [
                (
                    outcome.edition_year,
                    outcome.vintage,
                    _told(outcome),
                    *(outcome.rows.get(name) for name in COUNTED),
                    outcome.findings,
                    round(outcome.seconds, 1),
                )
                for outcome in result.outcomes
            ],
        )
    if result.release_id:
        terminal.say(f"release {result.release_id} is in {published} ({result.seconds:.1f} s)")
    if failures:
        terminal.say(f"error: {failures}")
        raise typer.Exit(1 if plan.problems else result.exit_code)


def _told(outcome: Outcome) -> str | None:
    """What became of an edition, in a word or two."""
    if outcome.error:
        return "refused"
    if outcome.written:
        return outcome.cause
    return "looked at anew" if outcome.reconciled else "unchanged"


def _failures(result: Result, plan: Plan) -> str:
    refused = [
        f"edition {outcome.edition_year} was refused\n{outcome.error}"
        + (f"\n  report: {outcome.quarantine}" if outcome.quarantine else "")
        for outcome in result.outcomes
        if outcome.error
    ]
    unreadable = [str(problem) for problem in plan.problems]
    return "\n".join(
        [*unreadable, *refused, *([f"nothing was published\n{result.error}"] if result.error else [])]
    )
