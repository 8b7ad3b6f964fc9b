"""`jvom build`: decide what there is to do, run it, and say what was done.

`carry_out` serves every command that ends in a build. What there is to do is decided by `plan`; the
run itself is `orchestration.run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from typer import Exit, Option

from pipelines.cli.session import Session, Timeout, require_edition_year, table_command
from pipelines.cli.terminal import Terminal, error_document
from schemas.errors import JvomError, LakeError, Problems

if TYPE_CHECKING:
    from pipelines.orchestration.plan import PendingEdition, Plan
    from pipelines.orchestration.run import Outcome, Result

COUNTED = ("personnel", "mandates", "footnotes", "sections", "cells")
COLUMNS = ("edition", "vintage", "outcome", *COUNTED, "findings", "seconds")
CHANGED = ("table", "row", "column", "published", "new")
FIGURE_TABLES = ("personnel", "personnel_totals", "mandates")  # what a dry run compares


@table_command
def build(
    session: Session,
    year: Annotated[int | None, Option("--year", metavar="Y", help="Only this edition.")] = None,
    recheck: Annotated[
        bool, Option("--recheck", help="Read every edition again, also where nothing has changed.")
    ] = False,
    history: Annotated[
        bool,
        Option(
            "--history", help="Read older documents of an edition too, oldest first, each as its own vintage."
        ),
    ] = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Read and check, write nothing; say what would change.")
    ] = False,
    timeout: Timeout = 600,
) -> None:
    """Read every new or changed edition in raw/, check it, record it, publish."""
    from pipelines.orchestration.plan import plan_build

    if year is not None:
        require_edition_year(year)
    if dry_run:
        _rehearse(session, plan_build(session.settings, year, recheck=recheck, history=history))
    else:
        decide = partial(plan_build, session.settings, year, recheck=recheck, history=history)
        carry_out(session, decide, timeout)


def carry_out(
    session: Session, decide: Callable[[], Plan], timeout: float, also: Mapping[str, object] | None = None
) -> None:
    """Do what the plan says and show it; ends with status 1 if any of it failed.

    `also` joins the JSON document: what came before the build. Another builder may do the same meanwhile:
    what it records first is not recorded again. A commit fails if another writer keeps the lock for longer
    than `timeout` seconds.
    """
    from pipelines.lake import Lake

    settings, terminal = session.settings, session.terminal
    plan, result = decide(), None
    if not plan.is_empty:
        from pipelines.orchestration import run  # Dagster: only now that it is needed

        # Reading and rules are outside the lock, which each commit takes for itself.
        Lake.of(settings).wait(timeout, terminal.say)
        result = run.build(settings, plan, verbose=terminal.verbose, progress=terminal.say)
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
        "Nothing new: no document is to be read, and what is recorded is published. Nothing was written.",
    )
    session.terminal.as_csv(COLUMNS, [])


def _show(session: Session, result: Result, plan: Plan, also: Mapping[str, object] | None) -> None:
    terminal, published = session.terminal, session.settings.published
    failures = _failures(result, plan)
    terminal.answer(
        {
            "nothing_new": False,
            "editions": [asdict(outcome) for outcome in result.outcomes],
            "release_id": result.release_id,
            "later_trends": list(result.later_trends),
            "published": str(published),
            "seconds": round(result.seconds, 3),
            "error": {"message": failures} if failures else None,
            **(also or {}),
        }
    )
    rows = [
        (
            *(each.edition_year, each.vintage, _in_words(each)),
            *(*map(each.rows.get, COUNTED), each.findings, round(each.seconds, 1)),
        )
        for each in result.outcomes
    ]
    if terminal.csv or not all(outcome.error for outcome in result.outcomes):
        terminal.table(COLUMNS, rows)
    if result.later_trends:
        terminal.say("trends of later editions that are others now:")
        for sentence in result.later_trends:
            terminal.say(f"  {sentence}")
    if result.release_id:
        terminal.say(f"release {result.release_id} is in {published} ({result.seconds:.1f} s)")
    if failures:
        terminal.say(f"error: {failures}")
        raise Exit(1 if plan.problems else result.exit_code)


def _in_words(outcome: Outcome) -> str | None:
    if outcome.error:
        return "not read" if outcome.exit_code == LakeError.exit_code else "refused"
    if outcome.written:
        return outcome.cause
    return "looked at anew" if outcome.reconciled else "unchanged"


def _failures(result: Result, plan: Plan) -> str:
    refused = [
        f"edition {outcome.edition_year} was {_in_words(outcome)}\n{outcome.error}"
        + (f"\n  report: {outcome.quarantine}" if outcome.quarantine else "")
        for outcome in result.outcomes
        if outcome.error
    ]
    unpublished = [f"nothing was published\n{result.error}"] if result.error else []
    return "\n".join([*map(str, plan.problems), *refused, *unpublished])


def _rehearse(session: Session, plan: Plan) -> None:
    """Show what building this plan would record and which published figures it would change."""
    from pipelines import other_sources
    from pipelines.lake import Lake
    from pipelines.publish import published
    from schemas import CONTRACT_VERSION, registry

    if plan.is_empty:
        _show_nothing_new(session, plan)
        return
    problems = list(plan.problems)
    try:
        other_sources.tables(session.settings, registry.load())
    except JvomError as error:  # nothing could be published with it
        problems.append(error)
    rehearsed: list[tuple[dict[str, Any], JvomError | None]] = []
    for due in plan.editions:
        edition = {"edition_year": due.edition_year, "source": due.source.path, "reason": due.reason}
        edition |= {"first": False, "rows": {}, "changes": [], "findings": None, "error": None}
        try:
            rehearsed.append((edition | _read_and_compare(session, due), None))
        except JvomError as error:
            rehearsed.append((edition | {"error": error_document(error)}, error))
    state, gains = published.state(session.settings.published), Lake.of(session.settings).lacking()
    contract = {"published": state.contract_version if state else None, "new": CONTRACT_VERSION}
    session.terminal.answer(
        {
            "dry_run": True,
            "editions": [edition for edition, _ in rehearsed],
            "publish": plan.publish,
            "contract_version": contract,
            "lake_gains": gains,
            "problems": [error_document(problem) for problem in problems],
        }
    )
    for problem in problems:
        session.terminal.say(f"error: {problem}")
    if gains:
        first = "the lake would gain or change, after a copy into backups/"
        session.terminal.say(f"{first}: {', '.join(gains)}")
    if contract["published"] not in (None, CONTRACT_VERSION):
        change = f"from {contract['published']} to {CONTRACT_VERSION}; CHANGELOG.md says what changes"
        session.terminal.say(f"the published file's contract would change {change}")
    if plan.publish and not rehearsed:
        session.terminal.say(f"would be published anew: {plan.publish}")
    for edition, refusal in rehearsed:
        _show_rehearsed(session.terminal, edition, refusal)
    rows = [(of["edition_year"], *change.values()) for of, _ in rehearsed for change in of["changes"]]
    session.terminal.as_csv(("edition", *CHANGED), rows)
    if errors := [*problems, *(refusal for _, refusal in rehearsed if refusal)]:
        raise Exit(max(error.exit_code for error in errors))


def _read_and_compare(session: Session, due: PendingEdition) -> dict[str, Any]:
    """What reading an edition gives, and the figures that are not as they are published."""
    from pipelines import raw, reconcile
    from pipelines.extract.read import read_edition
    from pipelines.lake import differences
    from schemas import registry

    known, settings, published = registry.load(), session.settings, {}
    data = raw.read(due.source, raw=settings.raw, kept=settings.kept)
    reading = read_edition(data, due.source, due.edition, known)
    tables = reading.require_tables()
    if settings.published.exists():
        query = 'SELECT * FROM "{}" WHERE edition_year = $year'
        published = {name: session.rows(query.format(name), year=due.edition_year) for name in FIGURE_TABLES}
    first = not any(published.values())
    read = {name: tables[name].to_pylist() for name in FIGURE_TABLES}
    changes = [] if first else map(asdict, differences.values(published, read))
    return {
        "first": first,
        "rows": {name: table.num_rows for name, table in tables.items()},
        "changes": [{name: value for name, value in each.items() if name != "subject"} for each in changes],
        "findings": len(reconcile.check(tables, known, reading.document).findings),
    }


def _show_rehearsed(terminal: Terminal, edition: dict[str, Any], refusal: JvomError | None) -> None:
    terminal.say(f"edition {edition['edition_year']} from {edition['source']}: {edition['reason']}")
    if refusal:
        terminal.say(f"would be refused: {refusal}")
        return
    counts = ", ".join(f"{name} {rows}" for name, rows in edition["rows"].items())
    findings = "1 finding" if edition["findings"] == 1 else f"{edition['findings']} findings"
    terminal.say(f"would be read as: {counts}, with {findings}")
    if edition["first"]:
        terminal.say("the edition is not published yet: every figure is new")
    elif edition["changes"]:
        if not terminal.csv:
            terminal.table(CHANGED, [tuple(change.values()) for change in edition["changes"]])
    else:
        terminal.say("no figure would change")
