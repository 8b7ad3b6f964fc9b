"""`jvom build`: decide what there is to do, run it, and say what was done.

`carry_out` serves every command that ends in a build. What there is to do is decided by `plan`; the
run itself is `orchestration.run`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from typer import Exit, Option

from pipelines.cli.session import Session, Timeout, require_edition_year, table_command
from pipelines.cli.terminal import Terminal, error_document
from schemas.errors import JvomError, LakeError, Problems

if TYPE_CHECKING:
    from pipelines.orchestration.plan import PendingEdition, Plan
    from pipelines.orchestration.run import Outcome, Result
    from pipelines.publish.effects import Effects

COUNTED = ("personnel", "mandates", "footnotes", "sections", "cells")
COLUMNS = ("edition", "vintage", "outcome", *COUNTED, "findings", "seconds")
CHANGED = ("relation", "edition", "row", "column", "published", "new")
EFFECTS = ("relation", "rows go", "come", "change", "values that change")
_TWICE = """
SELECT message FROM findings
WHERE rule = 'same_period' AND severity <> 'info'
    AND list_has_any($years, [edition_year, try_cast(right(b_column_name, 4) AS INTEGER)])
UNION
SELECT concat('Edition ', one.edition_year, ' has the very bytes of edition ', other.edition_year, '.')
FROM editions AS one JOIN editions AS other USING (source_sha256)
WHERE list_contains($years, one.edition_year) AND one.edition_year <> other.edition_year
ORDER BY ALL
"""


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
    from pipelines.orchestration.plan import has_unended_runs

    # Read as DuckDB is loaded: what it does not use any more goes back soon; at once takes 3 % longer.
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "dirty_decay_ms:300,muzzy_decay_ms:0")
    settings, terminal = session.settings, session.terminal
    plan, result = decide(), None
    if not plan.is_empty:
        from pipelines.orchestration import run  # Dagster: only now that it is needed

        # Reading and rules are outside the lock, which each commit takes for itself.
        lake = Lake.of(settings)
        lake.wait(timeout, terminal.say)
        if lake.head() is None:
            terminal.say("no record is here: a new one begins (jvom backup DIR --restore brings one back)")
        result = run.build(settings, plan, verbose=terminal.verbose, progress=terminal.say)
    if result is None:
        if has_unended_runs(settings):
            from pipelines.orchestration import run

            run.end_killed(settings, terminal.say)
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
    terminal = session.terminal
    published = str(session.settings.published) if result.release_id else None  # else its server may be away
    failures = _failures(result, plan)
    years = [outcome.edition_year for outcome in result.outcomes if outcome.written]
    twice = [row["message"] for row in session.rows(_TWICE, years=years)] if years and published else []
    terminal.answer(
        {
            "nothing_new": False,
            "editions": [asdict(outcome) for outcome in result.outcomes],
            "release_id": result.release_id,
            "later_trends": list(result.later_trends),
            "attention": twice,
            "published": published,
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
        terminal.say("trends of later editions that changed with it:")
        for sentence in result.later_trends:
            terminal.say(f"- {sentence}")
    if result.release_id:
        terminal.say(f"release {result.release_id} is in {published} ({result.seconds:.1f} s)")
    if twice:
        hint = "  next: jvom withdraw YEAR --reason WHY takes one out that is under the wrong year"
        terminal.say("\n".join([*(f"attention: {sentence}" for sentence in twice), hint]))
    if failures:
        terminal.say(f"error: {failures}")
        raise Exit(1 if plan.problems else result.exit_code)


def _in_words(outcome: Outcome) -> str | None:
    if outcome.error:
        return "not recorded" if outcome.exit_code == LakeError.exit_code else "refused"
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
    """Show what building this plan would record, and what readers would find changed."""
    from pipelines import other_sources
    from pipelines.lake import Lake
    from pipelines.publish import published, rehearsal
    from schemas import CONTRACT_VERSION, registry

    if plan.is_empty:
        _show_nothing_new(session, plan)
        return
    problems, terminal, settings = list(plan.problems), session.terminal, session.settings
    try:
        other_sources.tables(settings, registry.load())
    except JvomError as error:  # nothing could be published with it
        problems.append(error)
    editions, refusals, added = _read_all(session, plan)
    state, gains = published.state(settings.published), Lake.of(settings).lacking()
    effects = rehearsal.effects(settings, added) if state and not problems else None
    for edition in editions:
        year = edition["edition_year"]
        edition["first"] = state is None or year not in state.editions
        changes = effects.figures(year) if effects else ()
        edition["changes"] = [] if edition["first"] else [*map(asdict, changes)]
    contract = {"published": state.contract_version if state else None, "new": CONTRACT_VERSION}
    terminal.answer(
        {
            "dry_run": True,
            "editions": editions,
            "publish": plan.publish,
            "contract_version": contract,
            "lake_gains": gains,
            "effects": asdict(effects) if effects else None,
            "problems": [error_document(problem) for problem in problems],
        }
    )
    for problem in problems:
        terminal.say(f"error: {problem}")
    if gains:
        first = "the lake would gain or change, after a copy into backups/"
        terminal.say(f"{first}: {', '.join(gains)}")
    if contract["published"] not in (None, CONTRACT_VERSION):
        change = f"from {contract['published']} to {CONTRACT_VERSION}; CHANGELOG.md says what changes"
        terminal.say(f"the published file's contract would change {change}")
    if plan.publish and not editions:
        terminal.say(f"would be published anew: {plan.publish}")
    for edition in editions:
        _show_rehearsed(terminal, edition, refusals.get(edition["edition_year"]))
    if effects:
        show_effects(terminal, effects)
    if errors := [*problems, *refusals.values()]:
        raise Exit(max(error.exit_code for error in errors))


def _read_all(session: Session, plan: Plan) -> tuple[list[dict[str, Any]], dict[int, JvomError], list[Any]]:
    """Each edition of the plan as it would be read, what others are refused for, and the rows to be added."""
    editions, refusals, added = [], dict[int, JvomError](), []
    for due in plan.editions:
        edition: dict[str, Any] = {"edition_year": due.edition_year, "source": due.source.path}
        edition |= {"reason": due.reason, "rows": {}, "findings": None, "changes": [], "error": None}
        try:
            edition["rows"], edition["findings"], rows = _read(session, due)
            added.append(rows)
        except JvomError as error:
            edition["error"], refusals[due.edition_year] = error_document(error), error
        editions.append(edition)
    return editions, refusals, added


def _read(session: Session, due: PendingEdition) -> tuple[dict[str, int], int, Mapping[str, Any]]:
    """What reading an edition gives: rows by table, findings, and what would be added to the lake."""
    from pipelines import raw, reconcile, versions
    from pipelines.extract.read import read_edition
    from pipelines.lake import Lake, RuleResults
    from schemas import registry

    known, settings, lake = registry.load(), session.settings, Lake.of(session.settings)
    data = raw.read(due.source, raw=settings.raw, kept=settings.kept)
    reading = read_edition(data, due.source, due.edition, known)
    tables, source, by = reading.require_tables(), due.source, due.versions
    rows, content = lake.rows_after_recording(due.edition_year, tables, source=source, versions=by)
    found = reconcile.check(rows, known, reading.document)
    results = RuleResults.of(vars(found), versions.rules(), content)
    counts = {name: table.num_rows for name, table in tables.items()}
    return counts, len(found.findings), lake.would_add(tables, source=source, versions=by, results=results)


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
    elif not edition["changes"]:
        terminal.say("no figure would change")


def show_effects(terminal: Terminal, effects: Effects) -> None:
    """Each relation that changes, each figure, findings by rule; with --csv every value of every relation."""
    if terminal.csv:
        terminal.table(CHANGED, map(astuple, effects.changes))
        return
    for does, names in (("gain", effects.gains), ("lose", effects.loses)):
        if names:
            terminal.write(f"the published file would {does}: {', '.join(names)}")
    if not effects.changes:
        terminal.write("no published value would change")
        return
    terminal.table(EFFECTS, effects.relations)
    if effects.findings:
        terminal.table(("rule", "findings go", "come"), effects.findings)
    if figures := effects.figures():
        terminal.table(CHANGED, map(astuple, figures))
