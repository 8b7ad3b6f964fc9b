"""All best readings of a table of figures under its totals: one exact search.

A reading of the table takes one choice per row. The best readings are those that break least of what a
table promises:

- rules, of weight 10 each: a row's parts make its total; a total is given exactly where a part is;
  a column makes the printed total of the table; no figure is larger than that. The totals row is a
  row too; an empty cell counts as 0. No rule is certain, because editions contradict themselves;
- each note is marked exactly once, of weight 7: a mark alone never outweighs a rule;
- a mark is glued to what it marks, of weight 4: a mark that is apart may be the only one of its
  note, but a second one that is apart (7 + 4) does not get round a rule.

The search (`solve`) is exact and keeps every best reading, not one. Nothing else is preferred, neither
the size of a difference nor what is usual. It walks over the rows, largest figures first, and keeps what
each column still lacks and how often each note is marked. A column that can no longer come out is given
up at the cost of a rule. The cost that a reading may have grows from the least that is possible until a
reading is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

RULE, NOTE, APART = 10, 7, 4
LIMIT = 400_000  # steps of one table's search, about a second

Figures = tuple[int | None, ...]
Sum = tuple[int, Sequence[int]]  # index of a total, indices of its parts
Sums = Sequence[Sum]

_GIVEN_UP = -1
_MANY = 2  # a note marked three times is as wrong as one marked twice

# Per column what it still lacks, or _GIVEN_UP; per note how often it is marked.
_State = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Choice:
    """One way to read a row: a value per column, and the notes marked in it.

    `apart` counts marks that are apart from what they mark; `key` leads back to the row's text.
    """

    figures: Figures
    markers: tuple[int, ...] = ()
    apart: int = 0
    key: int = 0

    @property
    def values(self) -> tuple[int, ...]:
        return tuple(value or 0 for value in self.figures)


@dataclass(frozen=True)
class Solution:
    """All best readings at once.

    `rows` holds per row the choices that occur in a best reading, the totals row last. `cost` is
    the weight of what the best readings break, `holding` are the columns whose total comes out in
    every one of them, `uses` says per note how often it is marked: every count that occurs.
    """

    rows: tuple[tuple[Choice, ...], ...]
    cost: int
    holding: frozenset[int]
    uses: Mapping[int, frozenset[int]]


class TooManyReadingsError(Exception):
    """The search would not end in reasonable time."""


def placements(figures: int, columns: int) -> list[tuple[int, ...]]:
    """The ways to place figures in columns without changing their order."""
    return list(combinations(range(columns), figures))


def violated(figures: Figures, sums: Sums) -> int:
    """How many rules a row breaks by itself: sums that are wrong, sums of which one side is missing."""
    return sum(
        (sum(figures[part] or 0 for part in parts) != (figures[total] or 0))
        + lopsided(figures, (total, parts))
        for total, parts in sums
    )


def lopsided(figures: Figures, one: Sum) -> bool:
    """Whether a total is given without parts, or parts without their total."""
    total, parts = one
    return (figures[total] is None) == any(figures[part] is not None for part in parts)


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
    searches = [_Search(rows, total, notes, sums) for total in totals]
    bound = min(search.least for search in searches)
    while True:
        paths: list[_Paths] = []
        for search in searches:
            paths.append(_Paths(search, bound, limit))
            limit -= paths[-1].taken
        if any(path.ends for path in paths):
            break
        bound = min(path.next_bound for path in paths)
    cost = min(path.cost for path in paths)
    found = [(search, path) for search, path in zip(searches, paths, strict=True) if path.cost == cost]
    ends = [end for _, path in found for end in path.ends]
    best = [search.in_order(path.chosen) for search, path in found]
    return Solution(
        rows=(
            *(tuple(dict.fromkeys(c for part in parts for c in part)) for parts in zip(*best, strict=True)),
            tuple(search.total for search, _ in found),
        ),
        cost=cost,
        holding=frozenset(
            place for place in range(len(ends[0][0])) if all(lacking[place] == 0 for lacking, _ in ends)
        ),
        uses={note: frozenset(counts[place] for _, counts in ends) for place, note in enumerate(notes)},
    )


class _Search:
    """One choice of the totals row, and the steps from row to row under it."""

    def __init__(
        self, rows: Sequence[Sequence[Choice]], total: Choice, notes: Mapping[int, int], sums: Sums
    ) -> None:
        self.total = total
        self.notes = {note: place for place, note in enumerate(notes)}
        # Rows that can be read in one way only go first, then those with the largest figures: what
        # is left to place then says soonest that a column cannot come out.
        self.order = sorted(
            range(len(rows)), key=lambda i: (len(rows[i]) > 1, -max(max(c.values) for c in rows[i]))
        )
        self.options: list[list[tuple[Choice, tuple[int, ...], int]]] = []
        self.least = RULE * violated(total.figures, sums) + APART * total.apart
        for i in self.order:
            costs = [self._cost(choice, sums) for choice in rows[i]]
            self.least += min(costs)
            extra = (cost - min(costs) for cost in costs)
            self.options.append([(c, c.values, cost) for c, cost in zip(rows[i], extra, strict=True)])
        self.ranges = self._ranges()
        outside = tuple(min(count, _MANY) for count in notes.values())
        counts, twice = self._marked(outside, total)
        lacking, given_up = self._less(total.values, (0,) * len(total.values), 0)
        self.start: _State = (lacking, counts)
        self.least += NOTE * (twice + outside.count(_MANY)) + RULE * given_up

    def steps(self, row: int, state: _State) -> Iterator[tuple[Choice, _State, int]]:
        """From a state by each choice of a row (of those in `order`) to the next, at a cost."""
        for choice, values, cost in self.options[row]:
            lacking, given_up = self._less(state[0], values, row + 1)
            counts, twice = self._marked(state[1], choice)
            yield choice, (lacking, counts), cost + RULE * given_up + NOTE * twice

    def in_order(self, chosen: Sequence[Iterable[Choice]]) -> list[Iterable[Choice]]:
        rows: list[Iterable[Choice]] = [()] * len(chosen)
        for row, choices in zip(self.order, chosen, strict=True):
            rows[row] = choices
        return rows

    def _cost(self, choice: Choice, sums: Sums) -> int:
        too_large = sum(value > most for value, most in zip(choice.values, self.total.values, strict=True))
        return RULE * (violated(choice.figures, sums) + too_large) + APART * choice.apart

    def _ranges(self) -> list[list[tuple[int, int]]]:
        """Per row, the least and the most that it and the rows after it can put into each column."""
        ranges = [[(0, 0)] * len(self.total.values)]
        for options in reversed(self.options):
            columns = zip(*(values for _, values, _ in options), strict=True)
            ranges.append(
                [(low + min(v), high + max(v)) for (low, high), v in zip(ranges[-1], columns, strict=True)]
            )
        return ranges[::-1]

    def _less(self, lacking: Iterable[int], values: Iterable[int], row: int) -> tuple[tuple[int, ...], int]:
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

    def _marked(self, counts: tuple[int, ...], choice: Choice) -> tuple[tuple[int, ...], int]:
        """How often notes are marked after a choice, and how many of them now once too often."""
        if not choice.markers:
            return counts, 0
        after = list(counts)
        for note in choice.markers:
            place = self.notes[note]
            after[place] = min(after[place] + 1, _MANY)
        return tuple(after), after.count(_MANY) - counts.count(_MANY)


class _Paths:
    """All cheapest ways through the rows that cost no more than `bound`.

    `chosen` holds per step the choices on them, `ends` the states they end in (none where all cost
    more; `next_bound` is then the least that one can cost), `cost` what they cost, `taken` the
    number of steps that were looked at.
    """

    def __init__(self, search: _Search, bound: int, limit: int) -> None:
        self.taken = 0
        pruned: list[int] = []
        reached: list[dict[_State, int]] = [{search.start: search.least}]
        taken: list[list[tuple[_State, Choice, _State, int]]] = []
        for row in range(len(search.options)):
            after: dict[_State, int] = {}
            taken.append([])
            for state, before in reached[-1].items():
                for choice, target, cost in search.steps(row, state):
                    if before + cost > bound:
                        pruned.append(before + cost)
                        continue
                    taken[-1].append((state, choice, target, before + cost))
                    after[target] = min(before + cost, after.get(target, before + cost))
                self.taken += len(search.options[row])
                if self.taken > limit:
                    raise TooManyReadingsError
            reached.append(after)
        ends = {state: cost + NOTE * state[1].count(0) for state, cost in reached[-1].items()}
        self.cost = min(ends.values(), default=bound + 1)
        self.next_bound = min([*pruned, *ends.values()], default=bound + 1)
        self.ends = {state for state, cost in ends.items() if cost == self.cost <= bound}
        self.chosen = self._back(reached, taken)

    def _back(
        self,
        reached: Sequence[Mapping[_State, int]],
        taken: Sequence[Iterable[tuple[_State, Choice, _State, int]]],
    ) -> list[list[Choice]]:
        """The choices on the cheapest ways, from the last step to the first."""
        chosen: list[list[Choice]] = []
        kept = self.ends
        for cheapest, steps in zip(reversed(reached), reversed(taken), strict=False):
            on = [(b, choice) for b, choice, a, cost in steps if a in kept and cost == cheapest[a]]
            chosen.append(list(dict.fromkeys(choice for _, choice in on)))
            kept = {before for before, _ in on}
        return chosen[::-1]
