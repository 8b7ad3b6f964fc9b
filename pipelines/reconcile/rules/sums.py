"""Rules on sums of annex 2: of a row, of a column, of a region, of the totals row.

An empty cell counts as none. A figure that is not exact counts from its least to its most, so that a sum is
contradicted only where no figures within these bounds make it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipelines.reconcile.edition import Edition, Finding, computed
from pipelines.reconcile.text import phrase
from schemas.vocabulary import DEPLOYED, FIGURES, TOTAL, part_in, summed_in

_TOTALS = "personnel_totals"
_HEADED = phrase("heading_sum")
_NOTHING = ("not applicable", "none")  # qualifiers of cells that say that there is nothing


class _Amount(NamedTuple):
    """What is printed, or adds up: at least `low`, at most `high`; `words` as printed, joined by `+`."""

    low: int
    high: float
    words: str

    @property
    def shown(self) -> str:
        if self.low == self.high:
            return str(self.low)
        return f"{self.low} or more" if math.isinf(self.high) else f"{self.low} to {int(self.high)}"

    def contradicts(self, other: _Amount) -> bool:
        return self.low > other.high or other.low > self.high


def _amount(edition: Edition, table: str, key: str, column: str) -> _Amount | None:
    """What a cell prints; None of a blank."""
    cell = edition.cells.get((table, key, column))
    row = edition.totals if key == TOTAL else edition.staffed.get(key)
    value = row[column] if row else cell["value_integer"] if cell else None
    if value is not None:
        return _Amount(value, value, str(value))
    qualifier = cell.get("qualifier") if cell else None
    if cell is None or qualifier is None or qualifier in _NOTHING:
        return None
    high = cell.get("value_high")
    return _Amount(cell.get("value_low") or 0, math.inf if high is None else high, str(cell["as_printed"]))


def _sum(amounts: Iterable[_Amount | None]) -> _Amount | None:
    given = [amount for amount in amounts if amount is not None]
    if not given:
        return None
    words = " + ".join(amount.words for amount in given)
    return _Amount(sum(amount.low for amount in given), sum(amount.high for amount in given), words)


def _of_row(edition: Edition, table: str, key: str) -> tuple[_Amount, _Amount] | None:
    """The printed total of a row and what its parts make, where the two contradict each other."""
    parts = _sum(_amount(edition, table, key, column) for column in DEPLOYED)
    total = _amount(edition, table, key, "deployed_total")
    return (total, parts) if total and parts and total.contradicts(parts) else None


def row_total(edition: Edition) -> Iterator[Finding]:
    """Compares, in each row of annex 2, military plus civil/police persons sent with the printed total.

    An empty cell counts as none. It cannot know which of the three figures is wrong; the smallest repairs of
    the whole table say which could be.
    """
    for mission, row in edition.staffed.items():
        if found := _of_row(edition, "personnel", mission):
            total, makes = found
            yield Finding(
                mission,
                edition.cell("personnel", mission, "deployed_total"),
                computed(makes.shown, makes.words, "deployed_total"),
                f"{row['mission_as_printed']}: {makes.words} makes {makes.shown}, "
                f"but the row total is printed as {total.words}.",
            )


def column_total(edition: Edition) -> Iterator[Finding]:
    """Compares the sum of each column of annex 2 with the figure printed in the totals row.

    An empty cell counts as none, and a column whose total is empty is not compared. A row that the report
    leaves out of its total on purpose cannot be known.
    """
    for column in FIGURES:
        printed = _amount(edition, _TOTALS, TOTAL, column) if edition.totals else None
        amounts = [_amount(edition, "personnel", mission, column) for mission in edition.staffed]
        makes = _sum(amounts)
        if printed is None or makes is None or not printed.contradicts(makes):
            continue
        count = len(amounts) - amounts.count(None)
        yield Finding(
            None,
            edition.cell(_TOTALS, TOTAL, column),
            computed(makes.shown, f"sum of {count} rows", column),
            f"The rows of {column} add up to {makes.shown}, but the totals row prints {printed.words}.",
        )


def grand_total(edition: Edition) -> Iterator[Finding]:
    """Compares the totals row of annex 2 with itself: military plus civil/police against the total.

    It says nothing about the rows above; that is row_total and column_total. A part that the totals row
    leaves empty though rows have it is not known, and then nothing is compared.
    """
    if edition.totals is None:
        return
    blank = [column for column in DEPLOYED if _amount(edition, _TOTALS, TOTAL, column) is None]
    if any(_amount(edition, "personnel", mission, column) for mission in edition.staffed for column in blank):
        return
    if found := _of_row(edition, _TOTALS, TOTAL):
        total, makes = found
        yield Finding(
            None,
            edition.cell(_TOTALS, TOTAL, "deployed_total"),
            computed(makes.shown, makes.words, "deployed_total", _TOTALS),
            f"The totals row prints {makes.words}, which makes {makes.shown}, but its total is printed as "
            f"{total.words}.",
        )


def subtotal(edition: Edition) -> Iterator[Finding]:
    """Compares each subtotal of annex 2 with the rows that it sums, and each "of which" row with its own.

    Which rows a subtotal sums is known by its name, its place and its figures; the `equalities` of its cells
    name them. An empty cell counts as none, and a column that the subtotal leaves empty is not compared. A
    part of a row can only be said to be too large. A region's heading that carries a number of persons
    (`Europa (totaal 34)`) does not say of which column it is: no column of its rows makes it.
    """
    yield from _headings(edition)
    for (table, key, column), cell in edition.cells.items():
        printed = _amount(edition, table, key, column) if column in FIGURES else None
        name = edition.cell(table, key, "mission").value
        for reason in cell["equalities"] or () if printed else ():
            rows, whole = summed_in(str(reason)), part_in(str(reason))
            if printed and rows:
                makes = _sum(_amount(edition, "personnel", row, column) for row in rows)
                makes = makes or _Amount(0, 0, "0")
                if printed.contradicts(makes):
                    yield Finding(
                        None,
                        edition.cell(table, key, column),
                        computed(makes.shown, makes.words, column),
                        f"{name}: the rows of {column} add up to {makes.shown}, but the subtotal prints "
                        f"{printed.words}.",
                    )
            elif printed and whole:
                of = "personnel" if whole in edition.staffed else _TOTALS
                most = _amount(edition, of, whole, column)
                if most and printed.low > most.high:
                    yield Finding(
                        whole if whole in edition.staffed else None,
                        edition.cell(table, key, column),
                        edition.cell(of, whole, column),
                        f"{name} prints {printed.words} for {column}, more than the {most.words} of its row.",
                    )


def _headings(edition: Edition) -> Iterator[Finding]:
    """A heading of a region with a sum that no column of the rows below it makes."""
    below: dict[str, list[str]] = {}
    for mission, row in edition.staffed.items():
        below.setdefault(row["region_as_printed"] or "", []).append(mission)
    for heading, rows in below.items():
        if not (said := _HEADED.search(heading)):
            continue
        figures = (
            (column, [_amount(edition, "personnel", row, column) for row in rows]) for column in FIGURES
        )
        made = {column: amount for column, amounts in figures if (amount := _sum(amounts))}
        number = int(re.sub(r"\D", "", said[0]))
        if made and all(amount.contradicts(_Amount(number, number, "")) for amount in made.values()):
            column, makes = next(reversed(made.items()))
            yield Finding(
                None,
                edition.cell("personnel", rows[0], "region"),
                computed(makes.shown, makes.words, column),
                f"“{heading}”: no column of its rows makes {number}; those of {column} make {makes.shown}.",
            )
