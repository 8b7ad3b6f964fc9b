"""`jvom checks`: what every vintage was checked for, with what outcome, and which documents were refused."""

import datetime
from operator import itemgetter
from pathlib import PurePath

from pipelines.cli.session import OnlyEdition, Session, table_command

COLUMNS = ("edition", "vintage", "check", "outcome", "when", "details")
_CHECKS = """
SELECT edition_year, vintage, coalesce(check_name, cause), coalesce(outcome, 'none'),
    coalesce(checked_at, recorded_at) AS checked_at, coalesce(details, 'rows of an earlier vintage')
FROM vintages LEFT JOIN checks USING (edition_year, vintage)
WHERE $year IS NULL OR edition_year = $year
ORDER BY edition_year, vintage, checked_at, check_name
"""


@table_command
def checks(session: Session, year: OnlyEdition = None) -> None:
    """The checks of every vintage, and every document that was ever refused, with the cause."""
    from pipelines import quarantine

    terminal, rows = session.terminal, list[tuple[object, ...]]()
    if session.settings.published.exists():
        rows = [tuple(row.values()) for row in session.rows(_CHECKS, year=year)]
    for each in quarantine.refusals(session.settings.quarantine):
        if year in (None, each.edition_year):
            problems = [str(one["message"]) for one in each.problems] or [each.text]
            name = each.given or each.source_path
            if not (terminal.json or terminal.csv or terminal.whole):
                name = PurePath(name).name  # a long path would leave no room for what was wrong
                if len(problems) > 1:
                    problems = [problems[0], f"{len(problems) - 1} more: jvom quarantine"]
            details = f"{name}: {'; '.join(filter(None, [*problems, each.closed]))}"
            refused_at = datetime.datetime.fromisoformat(each.refused_at).replace(tzinfo=None)
            rows.append((each.edition_year, None, "document", "refused", refused_at, details))
    rows.sort(key=itemgetter(0))
    terminal.answer([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    headings = COLUMNS
    if not (terminal.csv or terminal.whole):  # so that 80 columns have room for the time, to the minute
        headings = ("year", *COLUMNS[1:])
        rows = [(*row[:4], str(row[4] or "")[:16] or None, row[5]) for row in rows]
    terminal.table(headings, rows, most=lambda _: ("outcome", "details", "check", "vintage"))
