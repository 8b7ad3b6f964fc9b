"""`jvom findings`: what does not add up, worst first, with both sides and the smallest explanations."""

import json
from difflib import get_close_matches
from typing import Annotated

from typer import Option

from pipelines.cli.session import OnlyEdition, Session, table_command
from pipelines.sql import Row
from schemas.errors import UsageError

SHOWN_LINES = 12  # lines of evidence in a terminal; --json gives all

_FINDINGS = """
SELECT * FROM findings
WHERE ($year IS NULL OR edition_year = $year)
    AND ($mission IS NULL OR $mission IN (mission_id, side_a.row_key, side_b.row_key))
    AND ($rule IS NULL OR rule = $rule)
ORDER BY list_position(['error', 'warn', 'info'], severity), edition_year DESC, rule, side_a.line, finding_id
"""
_UNREAD = """
SELECT * FROM unread_sentences
WHERE ($year IS NULL OR edition_year = $year)
    AND ($mission IS NULL OR list_contains(mission_ids, $mission))
ORDER BY edition_year DESC, number
"""
_EDITIONS = """
SELECT e.edition_year, max_by(r.rules_version, r.reconciled_at) AS rules_version,
    (SELECT count(*) FROM statements s WHERE s.edition_year = e.edition_year) AS statements,
    (SELECT count(*) FROM unread_sentences u WHERE u.edition_year = e.edition_year) AS unread
FROM editions e LEFT JOIN reconciliations r USING (edition_year, vintage)
WHERE $year IS NULL OR e.edition_year = $year
GROUP BY e.edition_year ORDER BY e.edition_year DESC
"""


@table_command
def findings(
    session: Session,
    year: OnlyEdition = None,
    mission: Annotated[
        str | None, Option("--mission", metavar="MISSION", help="Only of this mission: its id or name.")
    ] = None,
    rule: Annotated[str | None, Option("--rule", metavar="RULE", help="Only of this rule.")] = None,
    unread: Annotated[
        bool, Option("--unread", help="The sentences with figures that no pattern understood, instead.")
    ] = False,
) -> None:
    """Contradictions in the reports, worst first: both sides as printed, and what would explain them."""
    mission_id = session.mission(mission).id if mission else None
    if rule:
        _require_known(rule)
    if unread and rule:
        raise UsageError("--unread and --rule exclude each other", hint="leave one of them out")
    session.require_relation("findings")
    editions = session.rows(_EDITIONS, year=year)
    if year is not None and not editions:
        raise session.not_held(year)
    if unread:
        rows = session.rows(_UNREAD, year=year, mission=mission_id)
        session.terminal.show("unread.txt", rows, rows=rows, editions=editions)
        _as_csv(session, "unread_sentences", rows)
        return
    rows = session.rows(_FINDINGS, year=year, mission=mission_id, rule=rule)
    _as_csv(session, "findings", rows)
    explained: dict[tuple[int, str], list[Row]] = {}  # findings that share their explanations
    for row in rows:
        if row["repairs"]:
            explained.setdefault((row["edition_year"], row["repairs"]), []).append(row)
            row["repairs"] = json.loads(row["repairs"])
    shared = [alike for _, alike in sorted(explained.items(), key=lambda item: item[0])]
    session.terminal.show(
        "findings.txt", rows, rows=rows, editions=editions, explained=shared, shown=SHOWN_LINES
    )


def _as_csv(session: Session, relation: str, rows: list[Row]) -> None:
    """With --csv the rows, a side's parts as columns of their own."""
    if session.terminal.csv:
        import schemas

        names = [name for name in schemas.RELATIONS[relation].names if not name.startswith("side_")]
        session.terminal.table(names, [[row[name] for name in names] for row in rows])


def _require_known(rule: str) -> None:
    from pipelines import reconcile

    names = [known.name for known in reconcile.RULES]
    if rule not in names:
        near = get_close_matches(rule, names, 1, cutoff=0)
        hint = f"rules: {', '.join(names)}"
        raise UsageError(f"no rule is called {rule!r}; the nearest is {near[0]}", hint=hint)
