"""An edition's tables and text → its contradictions, each with two sides and no winner. Nothing is changed.

Here belongs everything that compares printed things with each other: `RULES` lists the rules, each a
function of `rules` that says what it compares and what it cannot know. The text is read by `passages`,
`numbers`, `dates`, `naming`, `persons`, `statements` and `events`; `repairs` and `stories` explain
what does not add up. What a cell says is `tables`' business, whether a table may be recorded `validated`'s.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.model import Document
from pipelines.reconcile import findings, stories
from pipelines.reconcile.edition import Edition
from pipelines.reconcile.findings import ERROR, INFO, WARN, Finding, identity, numbered
from pipelines.reconcile.rules import (
    arithmetic,
    durations,
    narrative,
    observed,
    presence,
    readings,
    references,
    years,
)
from schemas.registry import Registry

if TYPE_CHECKING:
    import pyarrow as pa

_EXPLAINED = ("row_total", "column_total", "grand_total", "prose_total", "prose_conflict")
_FRAME = ("frame_military", "frame_civil_police", "frame_total")


@dataclass(frozen=True)
class Rule:
    """One rule: its name, the worst severity its findings carry, and what it compares (`doc`).

    `function` takes an edition; of a rule `across` editions, their published rows.
    """

    name: str
    severity: str
    function: Callable[..., Iterator[Finding] | Iterator[tuple[int, Finding]]]
    doc: str
    across: bool = False


@dataclass(frozen=True)
class Reconciliation:
    """Rows of `findings`, `statements` and `mission_events`, and the sentences whose counts went unread."""

    findings: list[dict[str, object]]
    statements: list[dict[str, object]]
    mission_events: list[dict[str, object]]
    unread: list[dict[str, object]]
    rules_version: str


def _rule(function: Callable[..., Iterator[Finding]], severity: str) -> Rule:
    return Rule(function.__name__, severity, function, inspect.getdoc(function) or "")


def _across(function: Callable[..., Iterator[tuple[int, Finding]]], severity: str) -> Rule:
    return Rule(function.__name__, severity, function, inspect.getdoc(function) or "", across=True)


RULES: tuple[Rule, ...] = (
    _rule(arithmetic.row_total, ERROR),
    _rule(arithmetic.column_total, ERROR),
    _rule(arithmetic.grand_total, ERROR),
    _rule(arithmetic.prose_total, ERROR),
    _rule(arithmetic.prose_conflict, ERROR),
    _rule(narrative.footnote_figure, ERROR),
    _rule(durations.mandate_date, WARN),
    _rule(durations.frame_after_end, WARN),
    _rule(narrative.frame_narrative, WARN),
    _rule(narrative.deployed_narrative, WARN),
    _rule(presence.coverage, WARN),
    _rule(presence.region_conflict, WARN),
    _rule(presence.legal_basis_conflict, WARN),
    _rule(references.reference_conflict, WARN),
    _rule(narrative.claim_more_deployed_than_frame, INFO),
    _rule(readings.tag_geometry_disagreement, INFO),
    _across(years.year_on_year, INFO),
    _across(years.name_drift, INFO),
    _across(observed.observation_outside_frame, WARN),
)


def check(tables: Mapping[str, pa.Table], registry: Registry, document: Document) -> Reconciliation:
    """Every contradiction within one edition, and what its text was understood to say.

    `tables` are the seven of `schemas.TABLES` as `tables.read` gives them, `document` the one they were
    read from. Nothing is raised for what a report says: what cannot be read is left unread.
    """
    edition = Edition.of(tables, registry, document)
    found = [finding for rule in RULES if not rule.across for finding in rule.function(edition)]
    explained = stories.explain(edition)
    told = [_explain(finding, explained) for finding in found if isinstance(finding, Finding)]
    version = rules_version()
    return Reconciliation(
        findings.rows(told, edition.year, version),
        _statements(edition),
        _events(edition),
        _unread(edition),
        version,
    )


def across(editions: Mapping[str, pa.Table]) -> list[dict[str, object]]:
    """Findings that compare the editions held, with each other and with other public sources.

    `editions` holds `editions`, `personnel`, `mandates` and `observations` as published. A finding
    belongs to the later of its two editions.
    """
    names = ("editions", "personnel", "mandates", "observations")
    rows = {name: editions[name].to_pylist() for name in names if name in editions}
    by_year: dict[int, list[Finding]] = {}
    for rule in RULES:
        for entry in rule.function(rows) if rule.across else ():
            if isinstance(entry, tuple):
                by_year.setdefault(entry[0], []).append(entry[1])
    version = rules_version()
    return [row for year in sorted(by_year) for row in findings.rows(by_year[year], year, version)]


@cache
def rules_version() -> str:
    """Twelve hexadecimal digits for the bytes of this package, which hold the number words too."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted(here.rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _explain(finding: Finding, explained: Mapping[str, str]) -> Finding:
    """The finding with the repairs of the side of the table that it speaks of."""
    if finding.rule not in _EXPLAINED or (finding.rule == "prose_conflict" and finding.mission_id):
        return finding
    sides = [side for side in (finding.side_b, finding.side_a) if side is not None]
    columns = {side.column_name for side in sides}
    side = "frame" if columns & set(_FRAME) else "deployed"
    return dataclasses.replace(finding, repairs=explained.get(side))


def _statements(edition: Edition) -> list[dict[str, object]]:
    said = edition.reading.statements
    ids = numbered(stories.identifier(statement) for statement in said)
    rows: list[dict[str, object]] = []
    for identifier, statement in zip(ids, said, strict=True):
        place = statement.sentence.place(statement.start, statement.end)
        passage = statement.sentence.passage
        rows.append(
            {
                "edition_year": edition.year,
                "statement_id": identifier,
                "mission_id": statement.mission_id,
                "quantity": statement.quantity,
                "value": statement.value,
                "value_low": statement.low,
                "value_high": statement.high,
                "qualifier": statement.qualifier,
                "as_printed": statement.as_printed,
                "section_id": passage.row_key,
                "source_page": place.page,
                "source_line": place.line,
                "source_line_end": place.line_end,
                "char_start": place.char_start,
                "char_end": place.char_end,
                "pattern": statement.pattern,
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
        place = event.sentence.place(event.date.start, event.date.end)
        rows.append(
            {
                "edition_year": edition.year,
                "event_id": key,
                "mission_id": event.mission_id,
                "event": event.event,
                "date": event.date.date,
                "precision": event.date.precision,
                "as_printed": event.date.as_printed,
                "reason_as_printed": event.reason,
                "source_page": place.page,
                "source_line": place.line,
                "source_line_end": place.line_end,
            }
        )
    return rows


def _unread(edition: Edition) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for sentence, words in edition.reading.unread:
        place = sentence.place()
        rows.append(
            {
                "edition_year": edition.year,
                "mission_ids": list(sentence.passage.mission_ids),
                "section_id": sentence.passage.row_key,
                "source_page": place.page,
                "source_line": place.line,
                "source_line_end": place.line_end,
                "numbers": list(words),
                "as_printed": sentence.text,
            }
        )
    return rows
