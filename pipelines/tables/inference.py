"""Which column a figure belongs to, where empty cells vanished: an exact search under the totals.

A row of k figures for n columns can be read in as many ways as its figures can be placed in order,
times the ways to take footnote marks off them. A reading of the table takes one choice per row.
Readings are compared by three counts; the first that differs decides:

1. rules that are violated: each row's parts make its total, a total is given exactly where a part
   is, each column makes the printed total of the table. The totals row is a row too. Each weighs one
   and none is certain, because editions contradict themselves; an empty cell counts as 0;
2. notes that are not marked exactly once, so that marks never outweigh a rule;
3. marks that stand apart from what they mark.

The search is exact and keeps every best reading, not one: a row on which the best readings differ
is not decided. Nothing else is preferred, neither the size of a difference nor what is usual.

It walks over the rows, largest figures first, and keeps what each column still lacks. A column that
can no longer come out is given up at the cost of one violated rule. The number of violations that a
reading may have grows from the least that is possible until a reading is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

LIMIT = 300_000  # steps of one search, about a second

Figures = tuple[int | None, ...]
Sums = Sequence[tuple[int, Sequence[int]]]  # index of a total, indices of its parts

_GIVEN_UP = -1
_MANY = 2  # a note marked three times is as wrong as one marked twice
_NOTE = 1_000  # a note weighs more than all marks that stand apart

_Lacking = tuple[int, ...]  # per column what it still lacks, or _GIVEN_UP
_Counts = tuple[int, ...]  # per note how often it is marked


@dataclass(frozen=True)
class Choice:
    """One way to read a row: a value per column, and the notes marked in it.

    `apart` counts marks that stand apart from what they mark; `key` leads back to the row's text.
    """

    figures: Figures
    markers: tuple[int, ...] = ()
    apart: int = 0
    key: int = 0


S = TypeVar("S", bound=Hashable)
_Step = tuple[Choice, S, int]  # from a state by a choice to the next state, at a cost


@dataclass(frozen=True)
class Solution:
    """All best readings at once.

    `rows` holds per row the choices that occur in a best reading, the totals row last. `violated`
    is the number of violated rules, `holding` the columns whose total comes out in every best
    reading, `uses` per note how often it is marked: every count that occurs in a best reading.
    """

    rows: tuple[tuple[Choice, ...], ...]
    violated: int
    holding: frozenset[int]
    uses: Mapping[int, frozenset[int]]


class TooManyReadingsError(Exception):
    """The search would not end in reasonable time."""


def placements(figures: int, columns: int) -> list[tuple[int, ...]]:
    """The ways to place figures in columns without changing their order."""
    return list(combinations(range(columns), figures))


def violated(figures: Figures, sums: Sums) -> int:
    """How many rules a row breaks: that its parts make its total, that both or neither are given."""
    count = 0
    for total, parts in sums:
        given = [value for part in parts if (value := figures[part]) is not None]
        printed = figures[total]
        count += (sum(given) != (printed or 0)) + ((printed is None) == bool(given))
    return count


def solve(
    rows: Sequence[Sequence[Choice]],
    totals: Sequence[Choice],
    notes: Mapping[int, int],
    sums: Sums,
    limit: int = LIMIT,
) -> Solution:
    """All best readings of a table under its totals row.

    `rows` and `totals` hold the choices of each row and of the totals row, at least one each;
    `notes` says how often each note is marked outside them, as in a heading. Raises
    TooManyReadingsError beyond `limit` steps.
    """
    searches = [_Search(rows, total, notes, sums, limit) for total in totals]
    budget = min(search.least for search in searches)
    while not (found := [best for search in searches if (best := search.within(budget))]):
        budget += 1
    rank = min(best.rank for best in found)
    return _merged([best for best in found if best.rank == rank], list(notes), budget)


@dataclass(frozen=True)
class _Best:
    """The best readings under one choice of the totals row."""

    total: Choice
    rows: Sequence[Collection[Choice]]
    holding: frozenset[int]
    counts: Collection[tuple[int, ...]]
    rank: int


def _merged(found: Sequence[_Best], notes: Iterable[int], budget: int) -> Solution:
    rows = zip(*(best.rows for best in found), strict=True)
    counts = {counted for best in found for counted in best.counts}
    return Solution(
        rows=(
            *(tuple({choice: None for part in parts for choice in part}) for parts in rows),
            tuple(best.total for best in found),
        ),
        violated=budget,
        holding=frozenset.intersection(*(best.holding for best in found)),
        uses={note: frozenset(column) for note, column in zip(notes, zip(*counts, strict=True), strict=True)},
    )


class _Search:
    """The search under one choice of the totals row."""

    def __init__(
        self,
        rows: Sequence[Sequence[Choice]],
        total: Choice,
        notes: Mapping[int, int],
        sums: Sums,
        limit: int,
    ) -> None:
        self.total = total
        self.limit = limit
        self.notes = {note: place for place, note in enumerate(notes)}
        self.counts = self._counted(tuple(min(count, _MANY) for count in notes.values()), total)
        # Rows that can be read in one way only go first, then those with the largest figures: what
        # is left to place then says soonest that a column cannot come out.
        self.order = sorted(range(len(rows)), key=lambda i: (len(rows[i]) > 1, -_largest(rows[i])))
        self.options: list[list[tuple[Choice, tuple[int, ...], int]]] = []
        self.least = violated(total.figures, sums)
        for i in self.order:
            costs = [violated(choice.figures, sums) for choice in rows[i]]
            self.least += min(costs)
            self.options.append(
                [
                    (choice, _values(choice), cost - min(costs))
                    for choice, cost in zip(rows[i], costs, strict=True)
                ]
            )
        self.ranges = self._ranges()

    def within(self, budget: int) -> _Best | None:
        """The best readings, where some violate at most `budget` rules."""
        lacking, given_up = self._less(_values(self.total), (0,) * len(self.total.figures), 0)
        bound = budget - self.least - given_up
        if bound < 0:
            return None
        sums = _Paths(lacking, [self._placing(i) for i in range(len(self.options))], bound, self.limit)
        if not sums.ends:
            return None
        marks = _Paths(
            (lacking, self.counts),
            [self._counting(steps) for steps in sums.steps],
            None,
            self.limit,
            lambda state: _NOTE * sum(count != 1 for count in state[1]),
        )
        rows: list[Collection[Choice]] = [()] * len(self.options)
        for i, steps in zip(self.order, marks.steps, strict=True):
            rows[i] = {choice: None for _, choice, _ in steps}.keys()
        ends = [state for state, _ in marks.ends]
        columns = range(len(lacking))
        return _Best(
            total=self.total,
            rows=rows,
            holding=frozenset(c for c in columns if all(end[c] != _GIVEN_UP for end in ends)),
            counts={counts for _, counts in marks.ends},
            rank=marks.cost + self.total.apart,
        )

    def _ranges(self) -> list[list[tuple[int, int]]]:
        """Per row, the least and the most that it and the rows after it can put into each column."""
        ranges = [[(0, 0)] * len(self.total.figures)]
        for options in reversed(self.options):
            columns = zip(*(values for _, values, _ in options), strict=True)
            ranges.append(
                [(low + min(v), high + max(v)) for (low, high), v in zip(ranges[-1], columns, strict=True)]
            )
        return ranges[::-1]

    def _less(self, lacking: _Lacking, values: Iterable[int], row: int) -> tuple[_Lacking, int]:
        """What columns lack after `values` went in, with `row` next; and how many had to be given up."""
        after, given_up = [], 0
        for lack, value, (low, high) in zip(lacking, values, self.ranges[row], strict=True):
            if lack == _GIVEN_UP:
                after.append(lack)
            elif low <= lack - value <= high:
                after.append(lack - value)
            else:
                after.append(_GIVEN_UP)
                given_up += 1
        return tuple(after), given_up

    def _placing(self, row: int) -> Callable[[_Lacking], Iterable[_Step[_Lacking]]]:
        def steps(lacking: _Lacking) -> Iterator[_Step[_Lacking]]:
            for choice, values, cost in self.options[row]:
                after, given_up = self._less(lacking, values, row + 1)
                yield choice, after, cost + given_up

        return steps

    def _counting(
        self, placed: Iterable[tuple[_Lacking, Choice, _Lacking]]
    ) -> Callable[[tuple[_Lacking, _Counts]], Iterable[_Step[tuple[_Lacking, _Counts]]]]:
        following = defaultdict(list)
        for before, choice, after in placed:
            following[before].append((choice, after))

        def steps(state: tuple[_Lacking, _Counts]) -> Iterator[_Step[tuple[_Lacking, _Counts]]]:
            for choice, after in following[state[0]]:
                yield choice, (after, self._counted(state[1], choice)), choice.apart

        return steps

    def _counted(self, counts: tuple[int, ...], choice: Choice) -> tuple[int, ...]:
        if not choice.markers:
            return counts
        changed = list(counts)
        for note in choice.markers:
            place = self.notes[note]
            changed[place] = min(changed[place] + 1, _MANY)
        return tuple(changed)


class _Paths(Generic[S]):
    """All cheapest ways through the layers, from `start` on.

    `layers` gives per row the steps from a state: choice, next state, cost. Ways that cost more
    than `bound` are left. Afterwards `ends` holds the last states of the cheapest ways (none where
    all were left), `steps` per row the steps on them, and `cost` what they cost.
    """

    def __init__(
        self,
        start: S,
        layers: Sequence[Callable[[S], Iterable[_Step[S]]]],
        bound: int | None,
        limit: int,
        closing: Callable[[S], int] = lambda _: 0,
    ) -> None:
        reached: list[dict[S, int]] = [{start: 0}]
        taken: list[list[tuple[S, Choice, S, int]]] = []
        for steps in layers:
            after: dict[S, int] = {}
            taken.append([])
            for state, before in reached[-1].items():
                for choice, target, cost in steps(state):
                    total = before + cost
                    if bound is None or total <= bound:
                        taken[-1].append((state, choice, target, total))
                        after[target] = min(total, after.get(target, total))
                if len(taken[-1]) > limit:
                    raise TooManyReadingsError
            limit -= len(taken[-1])
            reached.append(after)
        ends = {state: cost + closing(state) for state, cost in reached[-1].items()}
        self.cost = min(ends.values(), default=0)
        self.ends = {state for state, cost in ends.items() if cost == self.cost}
        self.steps: list[list[tuple[S, Choice, S]]] = []
        kept = self.ends
        for row in range(len(layers) - 1, -1, -1):
            cheapest = reached[row + 1]
            self.steps.append(
                [(b, c, a) for b, c, a, total in taken[row] if a in kept and total == cheapest[a]]
            )
            kept = {before for before, _, _ in self.steps[-1]}
        self.steps.reverse()


def _values(choice: Choice) -> tuple[int, ...]:
    return tuple(value or 0 for value in choice.figures)


def _largest(row: Iterable[Choice]) -> int:
    return max(value for choice in row for value in _values(choice))
