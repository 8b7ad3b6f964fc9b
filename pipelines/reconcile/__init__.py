"""An edition's tables and text → its contradictions, each with two sides and no winner. Nothing is changed.

Here belongs everything that compares printed things with each other: `rules.RULES` lists the rules. The text
is read by `passages`, `text`, `statements` and `events`; `repairs` explains what does not add up. What a cell
says is the business of `extract`, whether a table may be recorded that of `validate`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.model import Document
from pipelines.reconcile import repairs
from pipelines.reconcile.edition import Edition, Finding, finding_rows, identity, numbered
from pipelines.reconcile.passages import Place
from pipelines.reconcile.rules import RULES, Rule
from schemas.registry import Registry

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RULES", "Reconciliation", "Rule", "across", "check"]

_ACROSS = (
    *("editions", "edition_sequence", "personnel", "mandates", "footnotes", "observations"),
    *("mission_registry", "mission_relations"),
)
_EXPLAINED = ("row_total", "column_total", "grand_total", "prose_total", "prose_conflict")
_FRAME = ("frame_military", "frame_civil_police", "frame_total")
_OF_STATEMENT = ("mission_id", "quantity", "value", "qualifier", "as_printed", "pattern")


@dataclass(frozen=True)
class Reconciliation:
    """Rows of `findings`, `statements` and `mission_events`, and the sentences whose counts went unread."""

    findings: list[dict[str, object]]
    statements: list[dict[str, object]]
    mission_events: list[dict[str, object]]
    unread_sentences: list[dict[str, object]]


def check(tables: Mapping[str, pa.Table], registry: Registry, document: Document) -> Reconciliation:
    """Every contradiction within one edition, and what its text was understood to say.

    `tables` are the seven of `schemas.TABLES`, `document` the one they were read from. Nothing is raised for
    what a report says: what cannot be read is left unread.
    """
    edition = Edition.of(tables, registry, document)
    explained = repairs.explain(edition)
    found = [
        _explain(finding, explained) for rule in RULES if not rule.across for finding in rule.apply(edition)
    ]
    rows = finding_rows(found, edition.year)
    return Reconciliation(rows, _statements(edition), _events(edition), _unread(edition))


def across(editions: Mapping[str, pa.Table]) -> list[dict[str, object]]:
    """Findings that compare the published editions with each other and with other public sources.

    `editions` holds the relations of `_ACROSS` as published, as far as there are any.
    """
    rows = {name: editions[name].to_pylist() for name in _ACROSS if name in editions}
    by_year: dict[int, list[Finding]] = {}
    for finding in (found for rule in RULES if rule.across for found in rule.apply(rows)):
        by_year.setdefault(finding.year, []).append(finding)
    return [row for year in sorted(by_year) for row in finding_rows(by_year[year], year)]


def _explain(finding: Finding, explained: Mapping[str, str]) -> Finding:
    """The finding with the repairs of the frame or the deployed side, whichever it is about."""
    if finding.rule not in _EXPLAINED or (finding.rule == "prose_conflict" and finding.mission_id):
        return finding
    sides = [side for side in (finding.side_b, finding.side_a) if side is not None]
    columns = {side.column_name for side in sides}
    side = "frame" if columns & set(_FRAME) else "deployed"
    return dataclasses.replace(finding, repairs=explained.get(side))


def _lines(place: Place) -> dict[str, object]:
    return {"source_page": place.page, "source_line": place.line, "source_line_end": place.line_end}


def _statements(edition: Edition) -> list[dict[str, object]]:
    statements = edition.prose.statements
    rows: list[dict[str, object]] = []
    for key, statement in zip(numbered(map(repairs.identifier, statements)), statements, strict=True):
        place = statement.sentence.place(statement.start, statement.end)
        rows.append(
            {
                "edition_year": edition.year,
                "statement_id": key,
                **{name: getattr(statement, name) for name in _OF_STATEMENT},
                "value_low": statement.low,
                "value_high": statement.high,
                "section_id": statement.sentence.passage.row_key,
                **_lines(place),
                "char_start": place.char_start,
                "char_end": place.char_end,
            }
        )
    return rows


def _events(edition: Edition) -> list[dict[str, object]]:
    keys = numbered(
        f"{event.event.replace(' ', '-')}-{identity(event.mission_id, event.date.as_printed)}"
        for event in edition.events
    )
    rows: list[dict[str, object]] = []
    for key, event in zip(keys, edition.events, strict=True):
        whole = event.sentence.place()
        reason = event.reason and event.reason.sentence.place(event.reason.start)
        rows.append(
            {
                "edition_year": edition.year,
                "event_id": key,
                "mission_id": event.mission_id,
                "event": event.event,
                "date": event.date.date,
                "date_from": event.date.low,
                "date_to": event.date.high,
                "precision": event.date.precision,
                "as_printed": event.date.as_printed,
                "reason_as_printed": event.reason.text if event.reason else None,
                **_lines(event.sentence.place(event.date.start, event.date.end)),
                "sentence_page": whole.page,
                "sentence_line": whole.line,
                "sentence_line_end": whole.line_end,
                "reason_page": reason.page if reason else None,
                "reason_line": reason.line if reason else None,
            }
        )
    return rows


def _unread(edition: Edition) -> list[dict[str, object]]:
    return [
        {
            "edition_year": edition.year,
            "number": number,
            "mission_ids": list(sentence.passage.mission_ids),
            "section_id": sentence.passage.row_key,
            **_lines(sentence.place()),
            "numbers": list(words),
            "as_printed": sentence.text,
        }
        for number, (sentence, words) in enumerate(edition.prose.unread, start=1)
    ]
