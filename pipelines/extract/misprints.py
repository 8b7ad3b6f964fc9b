"""The errors of print that explain one row of a reading of annex 2, and what they cost beside another way.

Here belongs what a table takes to be wrong if a row is read so; which reading is relied on is decided in
`columns`, and the best readings of all rows together are found in `search`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from pipelines.extract.search import APART, NOTE, RULE, Choice, Group, Sum, Sums, difference, lopsided, off
from pipelines.extract.sums import Structure


class Errors:
    """The errors of print that explain one row of a reading, the other rows given.

    A column that does not come out is one, and so is a sum of the row, unless what one of its columns
    lacks is the cause. A note that is not marked exactly once, and a mark that is apart, cost as in the
    search. A column lacks what its total has more than its rows, as far as no bounds of figures explain it.
    """

    def __init__(
        self, chosen: Sequence[Choice], structure: Structure, notes: Mapping[int, int], sums: Sums
    ) -> None:
        groups, total = structure.groups, structure.total
        self.chosen, self.groups, self._sums = chosen, groups, sums
        self._lacking = [_lacking(chosen, group) for group in groups]
        self._uses = Counter(notes)
        for choice in chosen:
            self._uses.update(choice.markers)
        self.most = None if total is None else chosen[total].highs

    def lacking(self, group: int) -> list[int]:
        """What each column of a group lacks."""
        return [off(*one) for one in self._lacking[group]]

    def columns(self, at: int, way: Choice) -> list[list[int]]:
        """What each column of the groups that row `at` is in lacks where it is read so; all 0 without any.

        Of the row that sums a group it is what its figures have too much.
        """
        before, found = self.chosen[at], []
        for group, lacking in zip(self.groups, self._lacking, strict=True):
            if at in group:
                old, new = (
                    one.highs if at == group.total else [-low for low in one.lows] for one in (before, way)
                )
                sign = -1 if at == group.total else 1
                found.append(
                    [
                        sign * off(lack - was + now, width + _width(way, place) - _width(before, place))
                        for place, ((lack, width), was, now) in enumerate(zip(lacking, old, new, strict=True))
                    ]
                )
        return found or [[0] * len(way.figures)]

    def comes_out(self, at: int, way: Choice, place: int) -> bool:
        """Whether a column that row `at` is in comes out where the row is read so."""
        return any(at in group for group in self.groups) and any(
            not lacks[place] for lacks in self.columns(at, way)
        )

    def cost(self, at: int, way: Choice) -> int:
        """What these errors cost where row `at` is read so."""
        columns = self.columns(at, way)
        uses = self._uses.copy()
        uses.subtract(self.chosen[at].markers)
        uses.update(way.markers)
        sums = sum(bool(lack) for lacks in columns for lack in lacks)
        sums += sum(not any(_explained(way, one, lacks) for lacks in columns) for one in self._sums)
        return RULE * sums + NOTE * sum(count != 1 for count in uses.values()) + APART * way.apart


def _explained(choice: Choice, one: Sum, lacks: Sequence[int]) -> bool:
    """Whether a sum of a row comes out, or would with what some of its columns lack."""
    total, parts = one
    amount = difference(choice.figures, one)
    amounts = [-lacks[total], *(lacks[part] for part in parts)]
    some = [used for size in range(len(amounts) + 1) for used in combinations(filter(None, amounts), size)]
    if not lopsided(choice.figures, one) and not amount:
        return True
    return any(used and sum(used) == amount for used in some)


def _lacking(chosen: Sequence[Choice], group: Group) -> list[tuple[int, int]]:
    """By how much the rows of each column are at most below their total, and by how much less it may be."""
    rows = [chosen[group.total], *(chosen[at] for at in group.parts)]
    return [
        (
            rows[0].highs[place] - sum(row.lows[place] for row in rows[1:]),
            sum(_width(row, place) for row in rows),
        )
        for place in range(len(rows[0].figures))
    ]


def _width(choice: Choice, place: int) -> int:
    return choice.highs[place] - choice.lows[place]
