"""A finding: two sides that contradict each other, neither of them the winner.

Its identifier is made of what was found (rule, mission, both sides' cells and values), not of where it
stands, so it stays the same when lines move.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

ERROR, WARN, INFO = "error", "warn", "info"
SEVERITIES = (ERROR, WARN, INFO)


@dataclass(frozen=True)
class Side:
    """One side: a cell, a note or words of the text; `line` is None for what is not printed, like a sum."""

    table_name: str | None
    row_key: str | None
    column_name: str | None
    value: str | None
    page: int | None
    line: int | None
    text: str | None
    line_end: int | None = None

    @property
    def row(self) -> dict[str, object]:
        """As `findings` holds it."""
        return {name: value for name, value in vars(self).items() if name != "line_end"}

    @property
    def key(self) -> tuple[str | None, ...]:
        """What identifies it, wherever it stands."""
        section = self.table_name == "sections"
        return (self.table_name, None if section else self.row_key, self.column_name, self.value)


def computed(value: int | str, text: str, column: str | None = None, table: str | None = "personnel") -> Side:
    """What is not printed but follows from what is: a sum, a period's first day."""
    return Side(table, None, column, str(value), None, None, text)


@dataclass(frozen=True)
class Finding:
    """A contradiction as a rule gives it; `lines` are evidence besides both sides' own."""

    rule: str
    severity: str
    mission_id: str | None
    side_a: Side
    side_b: Side | None
    message: str
    lines: tuple[int, ...] = ()
    repairs: str | None = None

    @property
    def keys(self) -> tuple[object, ...]:
        """What identifies both sides."""
        return (self.side_a.key, self.side_b and self.side_b.key)

    @property
    def evidence(self) -> list[int]:
        """Every line that it rests on."""
        sides = [side for side in (self.side_a, self.side_b) if side is not None]
        own = {line for side in sides for line in (side.line, side.line_end) if line is not None}
        return sorted(own | set(self.lines))


def rows(found: Iterable[Finding], edition_year: int, rules_version: str) -> list[dict[str, object]]:
    """The findings as rows of the contract, worst first; the same contradiction once."""
    ordered = sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
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
            "rules_version": rules_version,
        }
    return list(result.values())


def identity(*parts: object) -> str:
    """Twelve hexadecimal digits that stand for the parts."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def numbered(keys: Iterable[str]) -> list[str]:
    """The keys, with a number behind those that came before."""
    seen: dict[str, int] = {}
    result = []
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
        result.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return result
