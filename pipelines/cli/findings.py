"""`jvom findings`: what does not add up, worst first, with both sides and the smallest explanations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Annotated

import typer

from pipelines.cli.session import OnlyEdition, Session, command
from pipelines.cli.terminal import as_text
from pipelines.sql import Row
from schemas.errors import LakeError, UsageError

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


@command
def findings(
    session: Session,
    year: OnlyEdition = None,
    mission: Annotated[
        str | None, typer.Option("--mission", metavar="MISSION", help="Only of this mission: its id or name.")
    ] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="Only of this rule.")] = None,
    unread: Annotated[
        bool, typer.Option("--unread", help="The sentences with figures that no pattern understood, instead.")
    ] = False,
) -> None:
    """Contradictions in the reports, worst first: both sides as printed, and what would explain them."""
    mission_id = session.mission(mission).id if mission else None
    _require_known(rule)
    if unread and rule:
        raise UsageError("--unread and --rule exclude each other", hint="leave one of them out")
    if not session.rows("SELECT 1 FROM duckdb_views() WHERE view_name = 'findings'"):
        raise LakeError(
            "was published before contradictions were looked for",
            file=str(session.settings.published),
            hint="run jvom build: it looks for them in every edition",
        )
    editions = session.rows(_EDITIONS, year=year)
    if year is not None and not editions:
        raise UsageError(f"edition {year} is not in the warehouse", hint="jvom editions lists those that are")
    if unread:
        rows = session.rows(_UNREAD, year=year, mission=mission_id)
        session.terminal.answer(rows, "\n".join(_unread(rows, editions)))
        return
    rows = session.rows(_FINDINGS, year=year, mission=mission_id, rule=rule)
    for row in rows:
        row["repairs"] = row["repairs"] and json.loads(row["repairs"])
    session.terminal.answer(rows, "\n".join(_findings(rows, editions)))


def _require_known(rule: str | None) -> None:
    from pipelines import reconcile

    names = [known.name for known in reconcile.RULES]
    if rule is not None and rule not in names:
        near = get_close_matches(rule, names, 1, cutoff=0)
        raise UsageError(
            f"no rule is called {rule!r}; the nearest is {near[0]}", hint=f"rules: {', '.join(names)}"
        )


def _findings(rows: Sequence[Row], editions: Sequence[Row]) -> Iterator[str]:
    """The findings as lines for a terminal; explanations that several of them share are printed once."""
    for row in rows:
        yield from _finding(row)
        yield ""
    sharing: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        if row["repairs"]:
            sharing.setdefault((row["edition_year"], json.dumps(row["repairs"], sort_keys=True)), []).append(
                row
            )
    for (year, _), alike in sorted(sharing.items(), key=lambda item: item[0]):
        yield from _repairs(year, alike)
        yield ""
    for edition in editions:
        yield _summary(edition, [row for row in rows if row["edition_year"] == edition["edition_year"]])


def _summary(edition: Row, rows: Sequence[Row]) -> str:
    if edition["rules_version"] is None:
        return f"{edition['edition_year']}: not looked at yet; jvom build does it"
    severities = Counter(row["severity"] for row in rows)
    counts = ", ".join(f"{severities[name]} {name}" for name in ("error", "warn", "info"))
    total = "1 finding" if len(rows) == 1 else f"{len(rows)} findings"
    return (
        f"{edition['edition_year']}: {total} ({counts}); {edition['statements']} figures "
        f"understood in the text, {edition['unread']} sentences with figures not (jvom findings --unread)"
    )


def _finding(row: Row) -> Iterator[str]:
    about = row["mission_id"] or "the whole edition"
    yield f"{row['severity']:<5}  {row['rule']}, edition {row['edition_year']}, {about}: {row['message']}"
    sides = [row[side] for side in ("side_a", "side_b") if row[side]]
    yield from map(_side, sides)
    if row["evidence_lines"] != sorted({side["line"] for side in sides} - {None}):
        lines = ", ".join(map(str, row["evidence_lines"][:SHOWN_LINES]))
        left = len(row["evidence_lines"]) - SHOWN_LINES
        yield f"       evidence on lines {lines}" + (f" and {left} more" if left > 0 else "")


def _side(side: Row) -> str:
    page = f"page {side['page']}, " if side["page"] else ""
    where = f"{page}line {side['line']}" if side["line"] else "not printed"
    cell = ", ".join(filter(None, (side["table_name"], side["row_key"], side["column_name"])))
    value = "" if side["value"] is None else f" = {side['value']}"
    text = f": “{side['text']}”" if side["text"] else ""
    return f"       {where}{text}{f' ({cell}{value})' if cell or value else ''}"


def _repairs(year: int, rows: Sequence[Row]) -> Iterator[str]:
    """The stories that would explain the findings which share them; none of them is chosen."""
    repairs, names = rows[0]["repairs"], ", ".join(dict.fromkeys(row["rule"] for row in rows))
    yield f"edition {year}, {names}: the smallest explanations, none of them applied"
    yield f"       the table alone: {_size(repairs.get('table') or {})}"
    for story in repairs.get("stories") or ():
        yield f"     - {story['story']}"
        for change in story.get("changes") or ():
            yield (
                f"         {change['row_key']}, {change['column_name']}: {as_text(change['printed'])} → "
                f"{as_text(change['repaired'])} (line {change['line']})"
            )
        yield from _quoted("agrees with", story.get("agrees_with") or ())
        yield from _quoted("contradicts", story.get("contradicts") or ())
    for statement in repairs.get("statements") or ():
        yield f"       with line {statement['line']}, “{statement['text']}”: {_size(statement)}"


def _size(search: Row) -> str:
    if search.get("note"):
        return str(search["note"])
    if not search.get("count"):
        return "nothing found"
    cells, count = search["cells"], search["count"]
    ways = "one way" if count == 1 else f"{count} ways"
    return f"{cells} {'cell' if cells == 1 else 'cells'} to change, in {ways}"


def _quoted(verb: str, statements: Iterable[Row]) -> Iterator[str]:
    return (f"         {verb} line {statement['line']}: “{statement['text']}”" for statement in statements)


def _unread(rows: Sequence[Row], editions: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        about = ", ".join(row["mission_ids"]) or "no mission"
        section = f", section {row['section_id']}" if row["section_id"] else ""
        place = f"page {row['source_page']}, line {row['source_line']}"
        yield f"edition {row['edition_year']}, {place}{section} ({about})"
        yield f"       “{row['as_printed']}”"
    counts = Counter(row["edition_year"] for row in rows)
    for edition in editions:
        year = edition["edition_year"]
        yield f"{year}: {counts[year]} sentences with figures that no pattern understood"
