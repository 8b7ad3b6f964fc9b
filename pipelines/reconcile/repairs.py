"""The smallest sets of printed figures whose change would make annex 2 add up (error localisation).

Every row (military + civil/police = total), every column, and the totals row give an equality. A repair
is a set of printed cells, with new values of at least 0, after which all hold; of those, the ones
with the fewest cells. Parts of the table that share no equality are searched apart. Plain exact search:
a set must touch each broken equality, and an intact one either not at all or in two cells. It is an
explanation, never applied.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from pipelines.reconcile.edition import Edition, identity
from pipelines.reconcile.statements import EDITION, Statement
from schemas.vocabulary import DEPLOYED, FIGURES, FRAME, TOTAL

Cell = tuple[str, str]  # row_key, column_name
Repair = tuple[tuple[Cell, int], ...]  # cells and what they would be; every other figure stays as printed

MOST_STORIES = 30  # a table that can be mended in more ways than this has no story to tell
_NAMES = {
    "frame_military": "the military frame",
    "frame_civil_police": "the civil/police frame",
    "deployed_military": "the military deployed",
    "deployed_civil_police": "the civil/police deployed",
    "deployed_total": "the row total",
}
MOST_CELLS = 5
MOST_STEPS = 60_000  # a limit of time that gives the same answer on every machine
TOO_MANY = "more than five cells"
TOO_LONG = "search limit"


@dataclass(frozen=True)
class Equality:
    """The printed values of `cells`, times +1 or -1, add up to `wanted` where the table is consistent."""

    name: str
    cells: tuple[tuple[Cell, int], ...]
    wanted: int = 0


@dataclass(frozen=True)
class Search:
    """The minimal repairs of one connected part; none and a `note` where the search was given up."""

    repairs: tuple[Repair, ...]
    cells: int
    note: str | None = None


class _GaveUp(Exception):
    """The search took too many steps."""


def connected(equalities: Sequence[Equality]) -> list[tuple[Equality, ...]]:
    """The equalities in groups that share no cell with each other, in order."""
    groups: list[tuple[set[Cell], list[Equality]]] = []
    for equality in equalities:
        cells = {cell for cell, _ in equality.cells}
        joined = [group for group in groups if group[0] & cells]
        merged = (
            cells.union(*(group[0] for group in joined)),
            [other for group in joined for other in group[1]] + [equality],
        )
        groups = [group for group in groups if group not in joined] + [merged]
    return [tuple(group[1]) for group in groups]


def search(equalities: Sequence[Equality], printed: Mapping[Cell, int], most: int = MOST_CELLS) -> Search:
    """Every minimal repair of the equalities, up to `most` cells. None needed: one repair without cells."""
    problem = _Problem(equalities, printed)
    try:
        for size in range(most + 1):
            found = sorted(problem.repairs(size))
            if found:
                return Search(tuple(found), size)
    except _GaveUp:
        return Search((), most, TOO_LONG)
    return Search((), most, TOO_MANY)


class _Problem:
    """The equalities as lists of cells, and what each is off by."""

    def __init__(self, equalities: Sequence[Equality], printed: Mapping[Cell, int]) -> None:
        self.printed = printed
        self.equations = [dict(equality.cells) for equality in equalities]
        self.gaps = [
            equality.wanted - sum(sign * printed[cell] for cell, sign in equality.cells)
            for equality in equalities
        ]
        self.where: dict[Cell, list[int]] = {}
        for index, equation in enumerate(self.equations):
            for cell in equation:
                self.where.setdefault(cell, []).append(index)
        self.reach = max((len(indexes) for indexes in self.where.values()), default=1)
        self.steps = 0

    def repairs(self, size: int) -> Iterator[Repair]:
        """The repairs of exactly `size` cells, each once."""
        seen: set[frozenset[Cell]] = set()
        stack: list[frozenset[Cell]] = [frozenset()]
        while stack:
            chosen = stack.pop()
            if chosen in seen:
                continue
            seen.add(chosen)
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise _GaveUp
            open_ = self._open(chosen)
            left = size - len(chosen)
            if len(open_) > self.reach * left:
                continue
            if left == 0:
                values = self._values(chosen)
                if values is not None:
                    yield tuple(sorted(values.items()))
            else:
                among = {index for cell in chosen for index in self.where[cell]}
                if open_:
                    among = {min(open_, key=lambda index: len(self.equations[index]))}
                more = [cell for index in among for cell in self.equations[index] if cell not in chosen]
                stack.extend(chosen | {cell} for cell in more)

    def _open(self, chosen: frozenset[Cell]) -> list[int]:
        """Equalities that no change of the chosen cells alone, each of them changed, can make hold."""
        touched: dict[int, int] = {}
        for cell in chosen:
            for index in self.where[cell]:
                touched[index] = touched.get(index, 0) + 1
        return [
            index
            for index, gap in enumerate(self.gaps)
            if (gap and not touched.get(index)) or (not gap and touched.get(index) == 1)
        ]

    def _values(self, chosen: frozenset[Cell]) -> dict[Cell, int] | None:
        """New values of the cells, all changed, whole and not negative; None where none are determined."""
        system = [
            ({cell: equation[cell] for cell in chosen if cell in equation}, gap)
            for equation, gap in zip(self.equations, self.gaps, strict=True)
        ]
        found: dict[Cell, int] = {}  # by how much each changes
        before = -1
        while before < len(found):  # an equality that leaves one cell open says how much that changes
            before = len(found)
            for signs, gap in system:
                left = [cell for cell in signs if cell not in found]
                rest = gap - sum(sign * found.get(cell, 0) for cell, sign in signs.items())
                if signs and not left and rest:
                    return None
                if len(left) == 1:
                    found[left[0]] = rest * signs[left[0]]
        values = {cell: self.printed[cell] + step for cell, step in found.items()}
        impossible = 0 in found.values() or any(value < 0 for value in values.values())
        return None if impossible or len(found) < len(chosen) else values


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
    """What annex 2 promises of its figures, and the figures as printed. Empty cells take no part.

    A sum of a figure that is not exact promises nothing, nor does a totals row that leaves a part empty.
    """
    keyed = [(mission, row) for mission, row in edition.staffed.items()]
    if edition.totals is not None:
        keyed.append((TOTAL, edition.totals))
    printed = {
        (key, column): value for key, row in keyed for column in FIGURES if (value := row[column]) is not None
    }
    unknown = {
        (key, column)
        for (_, key, column), cell in edition.cells.items()
        if cell.get("qualifier") and cell["value_integer"] is None
    }
    unknown |= {
        (TOTAL, column)
        for column in DEPLOYED
        if (TOTAL, column) not in printed and any((key, column) in printed for key in edition.staffed)
    }
    promised: list[Equality] = []
    for key, _ in keyed:
        whole = (key, "deployed_total")
        addends = [(key, column) for column in DEPLOYED if (key, column) in printed]
        if whole in printed and addends and not unknown & {(key, column) for column in DEPLOYED}:
            promised.append(Equality(f"row {key}", ((whole, -1), *((cell, 1) for cell in addends))))
    for column in FIGURES:
        whole = (TOTAL, column)
        addends = [(mission, column) for mission in edition.staffed if (mission, column) in printed]
        if whole in printed and addends and not unknown & {(key, column) for key in edition.staffed}:
            promised.append(Equality(f"column {column}", ((whole, -1), *((cell, 1) for cell in addends))))
    return promised, printed


def explain(edition: Edition) -> dict[str, str]:
    """The JSON of `findings.repairs` by side (`frame`, `deployed`); empty where the table adds up."""
    promised, printed = equalities(edition)
    groups = [_Part(group, search(group, printed)) for group in connected(promised)]
    broken = [part for part in groups if part.search.note or part.search.cells]
    stated = [s for s in edition.prose.statements if s.pattern == EDITION and s.exact]
    summary = _summary([part.search for part in broken])
    table = {"searched_up_to": MOST_CELLS, "complete": summary["note"] is None, **summary}
    found: dict[str, str] = {}
    for side in ("frame", "deployed"):
        stories = [
            _story(repair, part, edition, printed, stated)
            for part in broken
            if part.side == side
            for repair in part.search.repairs[:MOST_STORIES]
        ]
        with_text = [
            _together(statement, part, groups, printed)
            for statement in stated
            for part in groups
            if part.side == side and (TOTAL, statement.quantity) in part.cells
        ]
        if stories or any(part.side == side for part in broken) or any(entry["cells"] for entry in with_text):
            content = {"table": table, "stories": stories, "statements": with_text}
            found[side] = json.dumps(content, ensure_ascii=False)
    return found


def _summary(searches: Sequence[Search]) -> dict[str, object]:
    """The cells to change in all parts together and in how many ways, or why that is not known."""
    cells = sum(search.cells for search in searches)
    note = next((search.note for search in searches if search.note), None)
    note = note or (TOO_MANY if cells > MOST_CELLS else None)
    ways = prod(len(search.repairs) for search in searches)
    return {"cells": None if note else cells, "count": None if note else ways, "note": note}


def _story(
    repair: Repair, part: _Part, edition: Edition, printed: Mapping[Cell, int], stated: Sequence[Statement]
) -> dict[str, object]:
    steps: dict[int, list[str]] = {}
    for cell, value in repair:
        steps.setdefault(value - printed[cell], []).append(_label(cell, edition))
    sentences = [_sentence(step, labels) for step, labels in steps.items()]
    new = dict(printed) | dict(repair)
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
                "line": edition.cell("personnel_totals" if cell[0] == TOTAL else "personnel", *cell).line,
            }
            for cell, value in repair
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


def _brief(statement: Statement) -> dict[str, object]:
    return {
        "statement_id": identifier(statement),
        "line": statement.sentence.place(statement.start, statement.end).line,
        "value": statement.low,
        "text": statement.as_printed,
    }


def identifier(statement: Statement) -> str:
    """What identifies a statement, whatever its place; `numbered` tells equal ones apart."""
    figures = (statement.low, statement.high, statement.as_printed)
    return f"{statement.quantity}-{identity(statement.mission_id, *figures)}"


def _together(
    statement: Statement, part: _Part, parts: Sequence[_Part], printed: Mapping[Cell, int]
) -> dict[str, object]:
    """The fewest cells that must change if the statement of the text is taken to hold."""
    cell = (TOTAL, statement.quantity)
    stated = Equality("text", ((cell, 1),), statement.low)
    result = search([*part.equalities, stated], printed)
    return {**_brief(statement), **_summary([result, *(p.search for p in parts if p is not part)])}
