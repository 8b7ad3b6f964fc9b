"""An edition as the rules see it, and a finding: two sides that contradict each other, and no winner.

`Edition.of` does all the reading, once; a rule only compares. A finding is identified by what was found
(rule, mission, both sides' cells and values), not by its place, so it stays the same when lines move.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipelines.model import Document
from pipelines.reconcile import events, passages, statements
from pipelines.reconcile.events import Event
from pipelines.reconcile.passages import Names, Passage, Sentence
from pipelines.reconcile.statements import Period, Prose, Statement
from schemas.dates import reduced
from schemas.registry import Registry

if TYPE_CHECKING:
    import pyarrow as pa

ERROR, WARN, INFO = "error", "warn", "info"
SEVERITIES = (ERROR, WARN, INFO)


@dataclass(frozen=True)
class Side:
    """One side: a cell, a note or words of the text; `line` is None for what is not printed, like a sum."""

    table_name: str | None
    row_key: str | None = None
    column_name: str | None = None
    value: str | None = None
    page: int | None = None
    line: int | None = None
    text: str | None = None
    line_end: int | None = None

    @property
    def row(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "line_end"}

    @property
    def key(self) -> tuple[str | None, ...]:
        """What identifies it, whatever its place."""
        section = self.table_name == "sections"
        return (self.table_name, None if section else self.row_key, self.column_name, self.value)


def computed(value: int | str, text: str, column: str | None = None, table: str | None = "personnel") -> Side:
    """What is not printed but follows from what is: a sum, a period's first day."""
    return Side(table, None, column, str(value), None, None, text)


@dataclass(frozen=True)
class Finding:
    """A contradiction as a rule gives it; `lines` are evidence besides both sides' own.

    `rule` and `severity` are filled in by the rule, the latter only where this one is not its usual.
    `year` is that of a finding between editions: of the later of the two.
    """

    mission_id: str | None
    side_a: Side
    side_b: Side | None
    message: str
    lines: tuple[int, ...] = ()
    severity: str | None = None
    rule: str = ""
    repairs: str | None = None
    year: int = 0

    @property
    def keys(self) -> tuple[object, ...]:
        return (self.side_a.key, self.side_b and self.side_b.key)

    @property
    def evidence(self) -> list[int]:
        sides = [side for side in (self.side_a, self.side_b) if side is not None]
        lines = {line for side in sides for line in (side.line, side.line_end) if line is not None}
        return sorted(lines | set(self.lines))


def finding_rows(found: Iterable[Finding], edition_year: int) -> list[dict[str, object]]:
    """The findings as rows of the contract, worst first; the same contradiction once."""
    ordered = sorted(found, key=lambda finding: SEVERITIES.index(finding.severity or INFO))
    result: dict[str, dict[str, object]] = {}
    for finding in ordered:
        identifier = f"{finding.rule}-{identity(finding.mission_id, *finding.keys)}"
        if identifier in result:
            continue
        result[identifier] = {
            "edition_year": edition_year,
            "finding_id": identifier,
            "rule": finding.rule,
            "severity": finding.severity,
            "mission_id": finding.mission_id,
            "side_a": finding.side_a.row,
            "side_b": finding.side_b.row if finding.side_b else None,
            "message": finding.message,
            "evidence_lines": finding.evidence,
            "repairs": finding.repairs,
        }
    return list(result.values())


def identity(*parts: object) -> str:
    """Twelve hexadecimal digits that identify the parts."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def numbered(keys: Iterable[str]) -> list[str]:
    """The keys, with a number behind those that came before."""
    seen: dict[str, int] = {}
    result = []
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
        result.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return result


Row = Mapping[str, Any]


def summed(row: Row, columns: tuple[str, ...]) -> int | None:
    """Sum of the printed figures among the columns; None where none is printed."""
    printed = [value for column in columns if (value := row[column]) is not None]
    return sum(printed) if printed else None


@dataclass(frozen=True)
class Edition:
    """An edition's tables as rows, and its text as read."""

    year: int
    personnel: tuple[Row, ...]
    totals: Row | None
    mandates: tuple[Row, ...]
    sections: tuple[Row, ...]
    footnotes: tuple[Row, ...]
    cells: Mapping[tuple[str, str, str], Row]
    period: Period
    passages: tuple[Passage, ...]
    sentences: tuple[Sentence, ...]
    prose: Prose
    events: tuple[Event, ...]
    names: Names
    registry: Registry

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table], registry: Registry, document: Document) -> Edition:
        """The edition that the seven tables hold, with the document that they were read from."""
        rows: dict[str, list[Row]] = {name: list(table.to_pylist()) for name, table in tables.items()}
        edition = rows["editions"][0]
        period = (edition["period_start"], edition["period_end"])
        names = Names(registry)
        found = passages.read(rows["sections"], rows["footnotes"], rows["personnel"], document)
        cut = tuple(sentence for passage in found for sentence in passages.sentences(passage))
        beside = [each for one in passages.remarks(rows["cells"]) for each in passages.sentences(one)]
        regions = {mission.region for mission in registry.missions}
        regions |= {str(row["region_as_printed"]) for row in rows["personnel"] if row["region_as_printed"]}
        return cls(
            year=edition["edition_year"],
            personnel=tuple(rows["personnel"]),
            totals=next(iter(rows["personnel_totals"]), None),
            mandates=tuple(rows["mandates"]),
            sections=tuple(rows["sections"]),
            footnotes=tuple(rows["footnotes"]),
            cells={
                (str(cell["table_name"]), str(cell["row_key"]), str(cell["column_name"])): cell
                for cell in rows["cells"]
            },
            period=period,
            passages=found,
            sentences=cut,
            prose=statements.read(cut, names, sorted(regions), period),
            events=tuple(events.read([*cut, *beside], names, period)),
            names=names,
            registry=registry,
        )

    @cached_property
    def staffed(self) -> dict[str, Row]:
        return {str(row["mission_id"]): row for row in self.personnel}

    @cached_property
    def mandated(self) -> dict[str, Row]:
        return {str(row["mission_id"]): row for row in self.mandates}

    def of_kind(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event.event in kinds]

    def cell(self, table: str, row_key: str, column: str, value: object = None) -> Side:
        """A printed cell as a side of a finding."""
        cell = self.cells.get((table, row_key, column))
        if cell is None:
            return Side(table, row_key, column, None if value is None else str(value))
        said = cell["value"] if value is None else str(value)
        return Side(
            table, row_key, column, said, cell["source_page"], cell["source_line"], cell["as_printed"]
        )

    def row_side(self, table: str, row: Row, column: str = "mission") -> Side:
        """A row of an annex as a side of a finding: the name it is printed under."""
        return self.cell(table, str(row["mission_id"]), column)


def headed(section: Row) -> Side:
    key, heading = section["section_id"], section["heading"]
    return Side("sections", key, "heading", heading, None, section["source_line"], heading)


def words(
    sentence: Sentence, value: str | None, column: str | None = None, start: int = 0, end: int | None = None
) -> Side:
    place = sentence.place(start, end)
    passage = sentence.passage
    text = sentence.text[start:end]
    return Side(
        passage.table_name, passage.row_key, column, value, place.page, place.line, text, place.line_end
    )


def stated(statement: Statement) -> Side:
    """A statement as a side of a finding, with its whole sentence as the text."""
    value = str(statement.low) if statement.low == statement.high else f"{statement.low}-{statement.high}"
    side = words(statement.sentence, value, statement.quantity, statement.start, statement.end)
    return replace(side, text=statement.as_printed)


def dated(event: Event) -> Side:
    """An event as a side of a finding: its date, no more precise than printed."""
    value = reduced(event.date.low, event.date.precision)
    return words(event.sentence, value, event.event, event.date.start, event.date.end)
