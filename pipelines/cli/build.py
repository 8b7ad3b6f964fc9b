"""`jvom build`: decide what there is to do, take the lock, decide again, run, and say what was done.

`carry_out` serves every command that ends in a build. What there is to do is decided by `plan`; the
run itself is `orchestration.run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.session import Session, Timeout, command, require_edition_year
from pipelines.cli.terminal import error_document
from schemas.errors import JvomError, Problems

if TYPE_CHECKING:
    from pipelines.lake.differences import Difference
    from pipelines.orchestration.run import Outcome, Result
    from pipelines.plan import PendingEdition, Plan

COUNTED = ("personnel", "mandates", "footnotes", "sections", "cells")
FIGURE_TABLES = ("personnel", "personnel_totals", "mandates")  # what a dry run compares


@command
def build(
    session: Session,
    year: Annotated[int | None, typer.Option("--year", metavar="Y", help="Only this edition.")] = None,
    recheck: Annotated[
        bool, typer.Option("--recheck", help="Read every edition again, also where nothing has changed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check, write nothing; say what would change.")
    ] = False,
    timeout: Timeout = 600,
) -> None:
    """Read every new or changed edition in raw/, check it, record it, publish."""
    from pipelines.plan import plan_build

    if year is not None:
        require_edition_year(year)
    if dry_run:
        _rehearse(session, plan_build(session.settings, year, recheck=recheck))
    else:
        carry_out(session, lambda: plan_build(session.settings, year, recheck=recheck), timeout)


def carry_out(
    session: Session,
    decide: Callable[[], Plan],
    timeout: float,
    also: Mapping[str, object] | None = None,
) -> None:
    """Do what the plan says, as the only writer, and show it; ends with status 1 if any of it failed.

    `also` joins the JSON document: what came before the build. Raises LakeError if another writer
    keeps the lock for longer than `timeout` seconds.
    """
    from pipelines import lake as snapshot

    plan = decide()
    if plan.is_empty:
        _show_nothing_new(session, plan, also)
        return
    from pipelines.orchestration import run  # Dagster: only now that it is needed

    result: Result | None = None
    lake = snapshot.Lake(session.settings.catalog, session.settings.data, session.settings.warehouse)
    with lake.writer(timeout=timeout, waiting=session.terminal.say):
        plan = decide()  # the writer before us may have done it
        if not plan.is_empty:
            result = run.build(
                session.settings, plan, verbose=session.terminal.verbose, progress=session.terminal.say
            )
    if result is None:
        _show_nothing_new(session, plan, also)
    else:
        _show(session, result, plan, also)


def _show_nothing_new(session: Session, plan: Plan, also: Mapping[str, object] | None = None) -> None:
    """Report that nothing changed; raises the problems of files in raw/, if there are any."""
    if plan.problems:
        raise Problems(list(plan.problems))
    published = str(session.settings.published)
    session.terminal.answer(
        {"nothing_new": True, "editions": [], "published": published, "error": None, **(also or {})},
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
                    _in_words(outcome),
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


def _in_words(outcome: Outcome) -> str | None:
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
    unpublished = [f"nothing was published\n{result.error}"] if result.error else []
    return "\n".join([*map(str, plan.problems), *refused, *unpublished])


@dataclass(frozen=True)
class Rehearsed:
    """What a build would make of one edition: rows per table and changed figures, or why it is refused.

    `first`: the edition is not published yet, so no figure counts as changed.
    """

    edition_year: int
    source: str
    reason: str
    first: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    changes: tuple[Difference, ...] = ()
    findings: int | None = None
    error: JvomError | None = None

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        changes = [
            {name: value for name, value in asdict(change).items() if name != "subject"}
            for change in self.changes
        ]
        return {**vars(self), "changes": changes, "error": self.error and error_document(self.error)}


def _rehearse(session: Session, plan: Plan) -> None:
    """Show what building this plan would record and which published figures it would change."""
    if plan.is_empty:
        _show_nothing_new(session, plan)
        return
    terminal = session.terminal
    editions = [_rehearsed(session, due) for due in plan.editions]
    problems = [*plan.problems, *_problems_of_other_sources(session)]
    terminal.answer(
        {
            "dry_run": True,
            "editions": [edition.document() for edition in editions],
            "publish": plan.publish,
            "problems": [error_document(problem) for problem in problems],
        }
    )
    for problem in problems:
        terminal.say(f"error: {problem}")
    if plan.publish and not editions:
        terminal.say(f"would be published anew: {plan.publish}")
    for edition in editions:
        _show_rehearsed(session, edition)
    errors = [*problems, *(edition.error for edition in editions if edition.error)]
    if errors:
        raise typer.Exit(max(error.exit_code for error in errors))


def _show_rehearsed(session: Session, edition: Rehearsed) -> None:
    terminal = session.terminal
    terminal.say(f"edition {edition.edition_year} from {edition.source}: {edition.reason}")
    if edition.error:
        terminal.say(f"would be refused: {edition.error}")
        return
    counts = ", ".join(f"{name} {rows}" for name, rows in edition.rows.items())
    findings = "1 finding" if edition.findings == 1 else f"{edition.findings} findings"
    terminal.say(f"would be read as: {counts}, with {findings}")
    if edition.first:
        terminal.say("the edition is not published yet: every figure is new")
    elif edition.changes:
        terminal.table(
            ("table", "row", "column", "published", "new"),
            [(c.table_name, c.row_key, c.column_name, c.old_value, c.new_value) for c in edition.changes],
        )
    else:
        terminal.say("no figure would change")


def _problems_of_other_sources(session: Session) -> list[JvomError]:
    """What is wrong with the figures of other public sources; nothing could be published with it."""
    from pipelines import other_sources
    from schemas import registry

    try:
        other_sources.tables(session.settings, registry.load())
    except JvomError as error:
        return [error]
    return []


def _rehearsed(session: Session, due: PendingEdition) -> Rehearsed:
    from pipelines import raw, reconcile
    from pipelines.extract.read import read_edition
    from pipelines.lake import differences
    from schemas import registry

    known, settings, path = registry.load(), session.settings, due.source.path
    try:
        data = raw.read(due.source, raw=settings.raw, kept=settings.kept)
        reading = read_edition(data, due.source, due.edition, known)
        tables = reading.require_tables()
        findings = len(reconcile.check(tables, known, reading.document).findings)
    except JvomError as error:
        return Rehearsed(due.edition_year, path, due.reason, error=error)
    published = {}
    if settings.published.exists():
        published = {
            name: session.rows(f'SELECT * FROM "{name}" WHERE edition_year = $year', year=due.edition_year)
            for name in FIGURE_TABLES
        }
    first = not any(published.values())
    read = {name: tables[name].to_pylist() for name in FIGURE_TABLES}
    return Rehearsed(
        due.edition_year,
        path,
        due.reason,
        first=first,
        rows={name: table.num_rows for name, table in tables.items()},
        changes=() if first else tuple(differences.values(published, read)),
        findings=findings,
    )
