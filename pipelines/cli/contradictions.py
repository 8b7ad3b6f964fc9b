"""`jvom findings`: what does not add up, worst first, with both sides and the smallest explanations."""

from __future__ import annotations

import json as json_text
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import groupby
from typing import Annotated, Any

import typer

from pipelines import sql
from pipelines.cli.options import Json, Raw, Verbose, Warehouse
from pipelines.cli.session import Session
from pipelines.cli.terminal import as_text
from schemas.errors import LakeError, UsageError

SHOWN_LINES = 12  # lines of evidence that a terminal is given; --json gives all

Row = Mapping[str, Any]

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
_LOOKED = """
SELECT e.edition_year, max_by(r.rules_version, r.reconciled_at) AS rules_version,
    (SELECT count(*) FROM statements s WHERE s.edition_year = e.edition_year) AS statements,
    (SELECT count(*) FROM unread_sentences u WHERE u.edition_year = e.edition_year) AS unread
FROM editions e LEFT JOIN reconciliations r USING (edition_year, vintage)
WHERE $year IS NULL OR e.edition_year = $year
GROUP BY e.edition_year ORDER BY e.edition_year DESC
"""


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(findings)


def findings(
    year: Annotated[int | None, typer.Argument(metavar="Y", help="Only this edition.")] = None,
    mission: Annotated[
        str | None, typer.Option("--mission", metavar="MISSION", help="Only of this mission: its id or name.")
    ] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="Only of this rule.")] = None,
    unread: Annotated[
        bool, typer.Option("--unread", help="The sentences with figures that no pattern understood, instead.")
    ] = False,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Contradictions in the reports, worst first: both sides as printed, and what would explain them."""
    from pipelines.publish import published

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    wanted: dict[str, Any] = {
        "year": year,
        "mission": session.mission(mission).id if mission else None,
        "rule": _known(rule),
    }
    if unread and rule:
        raise UsageError("--unread and --rule exclude each other", hint="leave one of them out")
    with published.connect(session.settings.published) as connection:
        _require_findings(connection, session)
        looked = _rows(connection, _LOOKED, wanted)
        if year is not None and not looked:
            raise UsageError(f"no edition of {year} is shown", hint="jvom editions lists what there is")
        rows = _rows(connection, _UNREAD if unread else _FINDINGS, wanted)
    if unread:
        session.terminal.answer(rows, "\n".join(_unread(rows, looked)))
        return
    listed = [{**row, "repairs": row["repairs"] and json_text.loads(row["repairs"])} for row in rows]
    session.terminal.answer(listed, "\n".join(_told(listed, looked)))


def _require_findings(connection: Any, session: Session) -> None:
    there = "SELECT 1 FROM duckdb_views() WHERE view_name = 'findings'"
    if not connection.execute(there).fetchall():
        raise LakeError(
            "was published before contradictions were looked for",
            file=str(session.settings.published),
            hint="run jvom build: it looks for them in every edition held",
        )


def _known(rule: str | None) -> str | None:
    """The name of a rule as it was given, if there is such a rule."""
    from pipelines import reconcile as reconciled

    names = [known.name for known in reconciled.RULES]
    if rule is not None and rule not in names:
        near = get_close_matches(rule, names, 1, cutoff=0)
        raise UsageError(
            f"no rule is called {rule!r}; the nearest is {near[0]}", hint=f"rules: {', '.join(names)}"
        )
    return rule


def _rows(connection: Any, query: str, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    return sql.rows(
        connection, query, **{name: value for name, value in wanted.items() if f"${name}" in query}
    )


def _told(rows: Sequence[Row], looked: Sequence[Row]) -> Iterator[str]:
    """The findings as lines for a terminal; stories that several of them share are told once."""
    for row in rows:
        yield from _finding(row)
        yield ""
    told = [row for row in rows if row["repairs"]]
    told.sort(key=lambda row: (row["edition_year"], json_text.dumps(row["repairs"], sort_keys=True)))
    for (year, _), alike in groupby(
        told, key=lambda row: (row["edition_year"], json_text.dumps(row["repairs"], sort_keys=True))
    ):
        shared = list(alike)
        yield from _repairs(year, shared)
        yield ""
    for edition in looked:
        yield _summary(edition, [row for row in rows if row["edition_year"] == edition["edition_year"]])


def _summary(edition: Row, rows: Sequence[Row]) -> str:
    if edition["rules_version"] is None:
        return f"{edition['edition_year']}: not looked at yet; jvom build does it"
    severities = Counter(row["severity"] for row in rows)
    counted = ", ".join(f"{severities[name]} {name}" for name in ("error", "warn", "info"))
    found = "1 finding" if len(rows) == 1 else f"{len(rows)} findings"
    return (
        f"{edition['edition_year']}: {found} ({counted}); {edition['statements']} figures "
        f"understood in the text, {edition['unread']} sentences with figures not (jvom findings --unread)"
    )


def _finding(row: Row) -> Iterator[str]:
    about = row["mission_id"] or "the whole edition"
    yield f"{row['severity']:<5}  {row['rule']}, edition {row['edition_year']}, {about}: {row['message']}"
    yield from _side(row["side_a"])
    if row["side_b"]:
        yield from _side(row["side_b"])
    beside = sorted({row[side]["line"] for side in ("side_a", "side_b") if row[side]} - {None})
    if row["evidence_lines"] != beside:
        shown = ", ".join(map(str, row["evidence_lines"][:SHOWN_LINES]))
        left = len(row["evidence_lines"]) - SHOWN_LINES
        yield f"       evidence on lines {shown}" + (f" and {left} more" if left > 0 else "")


def _side(side: Row) -> Iterator[str]:
    page = f"page {side['page']}, " if side["page"] else ""
    where = f"{page}line {side['line']}" if side["line"] else "not printed"
    cell = ", ".join(filter(None, (side["table_name"], side["row_key"], side["column_name"])))
    value = "" if side["value"] is None else f" = {side['value']}"
    text = f": “{side['text']}”" if side["text"] else ""
    yield f"       {where}{text}{f' ({cell}{value})' if cell or value else ''}"


def _repairs(year: int, rows: Sequence[Row]) -> Iterator[str]:
    """The stories that would explain findings which share them; none of them is chosen."""
    found, names = rows[0]["repairs"], ", ".join(dict.fromkeys(row["rule"] for row in rows))
    table = found.get("table") or {}
    yield f"edition {year}, {names}: the smallest explanations, none of them applied"
    yield f"       the table alone: {_size(table)}"
    for story in found.get("stories") or ():
        yield f"     - {story['story']}"
        for change in story.get("changes") or ():
            yield (
                f"         {change['row_key']}, {change['column_name']}: {as_text(change['printed'])} → "
                f"{as_text(change['repaired'])} (line {change['line']})"
            )
        yield from _said("agrees with", story.get("agrees_with") or ())
        yield from _said("contradicts", story.get("contradicts") or ())
    for statement in found.get("statements") or ():
        yield f"       with line {statement['line']}, “{statement['text']}”: {_size(statement)}"


def _size(search: Row) -> str:
    if search.get("note"):
        return str(search["note"])
    if not search.get("count"):
        return "nothing found"
    cells, count = search["cells"], search["count"]
    ways = "one way" if count == 1 else f"{count} ways"
    return f"{cells} {'cell' if cells == 1 else 'cells'} to change, in {ways}"


def _said(verb: str, statements: Iterable[Row]) -> Iterator[str]:
    for statement in statements:
        yield f"         {verb} line {statement['line']}: “{statement['text']}”"


def _unread(rows: Sequence[Row], looked: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        about = ", ".join(row["mission_ids"]) or "no mission"
        section = f", section {row['section_id']}" if row["section_id"] else ""
        place = f"page {row['source_page']}, line {row['source_line']}"
        yield f"edition {row['edition_year']}, {place}{section} ({about})"
        yield f"       “{row['as_printed']}”"
    of_year = Counter(row["edition_year"] for row in rows)
    for edition in looked:
        count = of_year[edition["edition_year"]]
        yield f"{edition['edition_year']}: {count} sentences with figures that no pattern understood"
