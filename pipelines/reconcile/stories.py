"""Minimal repairs of annex 2 in plain words, and which total that the text states goes with which.

The result is the JSON of `findings.repairs`. Where stories conflict all are told and none is chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from pipelines.reconcile import repairs
from pipelines.reconcile.edition import Edition, figure
from pipelines.reconcile.findings import identity
from pipelines.reconcile.repairs import Cell, Equality, Repair, Search
from pipelines.reconcile.statements import EDITION, Statement
from schemas.vocabulary import DEPLOYED, FIGURES, FRAME, TOTAL

MOST_STORIES = 30  # a table that can be mended in more ways than this has no story to tell
_NAMES = {
    "frame_military": "the military frame",
    "frame_civil_police": "the civil/police frame",
    "deployed_military": "the military deployed",
    "deployed_civil_police": "the civil/police deployed",
    "deployed_total": "the row total",
}


@dataclass(frozen=True)
class _Part:
    """A part of the table that shares no equality with the rest, and its minimal repairs."""

    equalities: tuple[Equality, ...]
    search: Search

    @property
    def cells(self) -> set[Cell]:
        return {cell for equality in self.equalities for cell, _ in equality.cells}

    @property
    def side(self) -> str:
        return "frame" if all(column in FRAME for _, column in self.cells) else "deployed"


def equalities(edition: Edition) -> tuple[list[Equality], dict[Cell, int]]:
    """What annex 2 promises of its figures, and the figures as printed. Empty cells take no part."""
    keyed = [(mission, row) for mission, row in edition.staffed.items()]
    if edition.totals is not None:
        keyed.append((TOTAL, edition.totals))
    printed = {
        (key, column): value
        for key, row in keyed
        for column in FIGURES
        if (value := figure(row, column)) is not None
    }
    promised: list[Equality] = []
    for key, _ in keyed:
        whole = (key, "deployed_total")
        addends = [(key, column) for column in DEPLOYED if (key, column) in printed]
        if whole in printed and addends:
            promised.append(Equality(f"row {key}", ((whole, -1), *((cell, 1) for cell in addends))))
    for column in FIGURES:
        whole = (TOTAL, column)
        addends = [(mission, column) for mission in edition.staffed if (mission, column) in printed]
        if whole in printed and addends:
            promised.append(Equality(f"column {column}", ((whole, -1), *((cell, 1) for cell in addends))))
    return promised, printed


def explain(edition: Edition) -> dict[str, str]:
    """The JSON of `findings.repairs` by side (`frame`, `deployed`); empty where the table adds up."""
    promised, printed = equalities(edition)
    parts = [_Part(group, repairs.search(group, printed)) for group in repairs.parts(promised)]
    broken = [part for part in parts if part.search.note or part.search.cells]
    stated = [s for s in edition.reading.statements if s.pattern == EDITION and s.exact]
    table = _table(broken)
    found: dict[str, str] = {}
    for side in ("frame", "deployed"):
        told = [
            _story(repair, part, edition, printed, stated)
            for part in broken
            if part.side == side
            for repair in part.search.repairs[:MOST_STORIES]
        ]
        with_text = [
            _together(statement, part, parts, printed)
            for statement in stated
            for part in parts
            if part.side == side and (TOTAL, statement.quantity) in part.cells
        ]
        if told or any(part.side == side for part in broken) or any(entry["cells"] for entry in with_text):
            content = {"table": table, "stories": told, "statements": with_text}
            found[side] = json.dumps(content, ensure_ascii=False)
    return found


def _table(broken: Sequence[_Part]) -> dict[str, object]:
    notes = [part.search.note for part in broken if part.search.note]
    cells = sum(part.search.cells for part in broken)
    note = notes[0] if notes else (repairs.TOO_MANY if cells > repairs.MOST_CELLS else None)
    return {
        "searched_up_to": repairs.MOST_CELLS,
        "complete": note is None,
        "cells": None if note else cells,
        "count": None if note else prod(len(part.search.repairs) for part in broken),
        "note": note,
    }


def _story(
    repair: Repair,
    part: _Part,
    edition: Edition,
    printed: Mapping[Cell, int],
    stated: Sequence[Statement],
) -> dict[str, object]:
    steps: dict[int, list[str]] = {}
    for cell, value in repair.values:
        steps.setdefault(value - printed[cell], []).append(_label(cell, edition))
    sentences = [_sentence(step, labels) for step, labels in steps.items()]
    new = dict(printed) | dict(repair.values)
    agreeing: list[dict[str, object]] = []
    contradicting: list[dict[str, object]] = []
    for statement in stated:
        cell = (TOTAL, statement.quantity)
        if cell in part.cells:
            (agreeing if new[cell] == statement.low else contradicting).append(_brief(statement))
    text = "; ".join([*sentences, *_agreement(agreeing, "agrees"), *_agreement(contradicting, "does not")])
    return {
        "story": text,
        "side": part.side,
        "changes": [
            {
                "row_key": cell[0],
                "column_name": cell[1],
                "printed": printed[cell],
                "repaired": value,
                "line": _side(cell, edition),
            }
            for cell, value in repair.values
        ],
        "agrees_with": agreeing,
        "contradicts": contradicting,
    }


def _sentence(step: int, labels: Sequence[str]) -> str:
    joined = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
    verb = "is" if len(labels) == 1 else "are each"
    return f"{joined} {verb} {abs(step)} too {'low' if step > 0 else 'high'}"


def _agreement(entries: Sequence[Mapping[str, object]], verb: str) -> list[str]:
    return [f"the text on line {entry['line']} ({entry['value']}) {verb}" for entry in entries]


def _label(cell: Cell, edition: Edition) -> str:
    key, column = cell
    if key == TOTAL:
        return "the grand total" if column == "deployed_total" else f"the total of {_NAMES[column][4:]}"
    name = edition.staffed[key]["mission_as_printed"]
    return f"{_NAMES[column]} of {name}"


def _side(cell: Cell, edition: Edition) -> int | None:
    table = "personnel_totals" if cell[0] == TOTAL else "personnel"
    return edition.cell(table, *cell).line


def _brief(statement: Statement) -> dict[str, object]:
    return {
        "statement_id": identifier(statement),
        "line": statement.sentence.place(statement.start, statement.end).line,
        "value": statement.low,
        "text": statement.as_printed,
    }


def identifier(statement: Statement) -> str:
    """What identifies a statement wherever it stands; `numbered` tells equal ones apart."""
    figures = (statement.low, statement.high, statement.as_printed)
    return f"{statement.quantity}-{identity(statement.mission_id, *figures)}"


def _together(
    statement: Statement, own: _Part, parts: Sequence[_Part], printed: Mapping[Cell, int]
) -> dict[str, object]:
    """The fewest cells that must change if the statement of the text is taken to hold."""
    cell = (TOTAL, statement.quantity)
    held = Equality("text", ((cell, 1),), statement.low)
    search = repairs.search([*own.equalities, held], printed)
    others = [part.search for part in parts if part is not own]
    note = search.note or next((other.note for other in others if other.note), None)
    cells = search.cells + sum(other.cells for other in others)
    if note is None and cells > repairs.MOST_CELLS:
        note = repairs.TOO_MANY
    count = len(search.repairs) * prod(len(other.repairs) for other in others)
    return {
        **_brief(statement),
        "cells": None if note else cells,
        "count": None if note else count,
        "note": note,
    }
