"""Minimal repairs, against a search that tries everything."""

from __future__ import annotations

import json
import random
from itertools import combinations, product

import pytest

from pipelines.reconcile import repairs
from pipelines.reconcile.repairs import Cell, Equality
from tests.support.reconciling import findings, invent

Table = tuple[list[Equality], dict[Cell, int]]


def table(seed: int, rows: int = 2, largest: int = 6, errors: int = 2) -> Table:
    """A table of rows with two parts and a total, its column totals, and so many wrong cells."""
    draw = random.Random(seed)
    parts = [[draw.randint(0, largest), draw.randint(0, largest)] for _ in range(rows)]
    lines = [[*row, sum(row)] for row in parts]
    lines.append([sum(column) for column in zip(*lines, strict=True)])
    printed = {(str(i), str(j)): value for i, line in enumerate(lines) for j, value in enumerate(line)}
    for cell in draw.sample(sorted(printed), errors):
        printed[cell] = max(0, printed[cell] + draw.choice((-3, -2, 2, 3)))
    promised = [
        Equality(f"row {i}", (((str(i), "2"), -1), ((str(i), "0"), 1), ((str(i), "1"), 1)))
        for i in range(rows + 1)
    ]
    promised += [
        Equality(f"column {j}", (((str(rows), str(j)), -1), *(((str(i), str(j)), 1) for i in range(rows))))
        for j in range(3)
    ]
    return promised, printed


def holds(promised: list[Equality], values: dict[Cell, int]) -> bool:
    return all(
        sum(sign * values[cell] for cell, sign in equality.cells) == equality.wanted for equality in promised
    )


def everything(
    promised: list[Equality], printed: dict[Cell, int], most: int
) -> tuple[int, set[frozenset[Cell]]]:
    """The smallest sets of cells for which some values from 0 to 30 make everything hold."""
    for size in range(most + 1):
        found = set()
        for cells in combinations(sorted(printed), size):
            for values in product(range(31), repeat=size):
                if holds(promised, printed | dict(zip(cells, values, strict=True))):
                    found.add(frozenset(cells))
                    break
        if found:
            return size, found
    return most, set()


@pytest.mark.parametrize("seed", range(8))
def test_the_search_finds_what_trying_everything_finds(seed: int) -> None:
    promised, printed = table(seed)
    size, wanted = everything(promised, printed, 2)
    found = repairs.search(promised, printed, most=2)
    assert {frozenset(cell for cell, _ in repair) for repair in found.repairs} == wanted
    assert not wanted or found.cells == size
    for repair in found.repairs:
        assert holds(promised, printed | dict(repair))


def test_more_than_five_cells_are_said_to_be_too_many() -> None:
    promised = [Equality(str(i), (((str(i), "x"), 1),), wanted=i + 1) for i in range(6)]
    found = repairs.search(promised, {(str(i), "x"): 0 for i in range(6)})
    assert (found.repairs, found.note) == ((), repairs.TOO_MANY)


def test_the_stories_of_one_wrong_total_name_it() -> None:
    edition = invent(2)
    edition.totals[4] += 10
    rows = findings(edition.text())
    (row,) = rows["grand_total", None]
    explained = json.loads(str(row["repairs"]))
    assert explained["table"]["cells"] == 1
    assert [story["changes"][0]["column_name"] for story in explained["stories"]] == ["deployed_total"]
    assert [entry["value"] for entry in explained["stories"][0]["agrees_with"]]
    assert "10 too high" in explained["stories"][0]["story"]
