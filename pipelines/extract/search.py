"""All best readings of a table of figures under its sums: one exact search.

A reading of the table takes one choice per row. The best readings are those that break least of what a
table promises:

- rules, of weight 10 each: a row's parts make its total; a total is given exactly where a part is;
  the rows of a group (all missions, or those of a region) make in each column what is printed for them;
  no figure is larger than the one printed for its first group. The row that sums a group is a row too;
  an empty cell counts as 0; of a figure that is not exact (`Range`) a sum has only to meet the bounds.
  No rule is certain, because editions contradict themselves;
- each note is marked exactly once, of weight 7: a mark alone never outweighs a rule;
- a mark is glued to what it marks, of weight 4: a mark that is apart may be the only one of its
  note, but a second one that is apart (7 + 4) does not get round a rule.

The search (`solve`) is exact and keeps every best reading, not one. Nothing else is preferred, neither
the size of a difference nor what is usual. It walks over the rows, largest figures first, and keeps what
each column of each group still lacks and how often each note is marked. A column that can no longer come
out is given up at the cost of a rule. The cost that a reading may have grows from the least that is
possible until a reading is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

RULE, NOTE, APART = 10, 7, 4
LIMIT = 400_000  # steps of one table's search, about a second


class Range(NamedTuple):
    """A figure that is not exact: at least `low`, at most `high` (None where nothing bounds it)."""

    low: int
    high: int | None


class Group(NamedTuple):
    """Rows that another row sums, by their places among the rows."""

    total: int
    parts: tuple[int, ...]

    def __contains__(self, at: object) -> bool:
        return at == self.total or at in self.parts


Amount = int | Range | None
Figures = tuple[Amount, ...]
Sum = tuple[int, Sequence[int]]  # index of a total, indices of its parts
Sums = Sequence[Sum]

_UNBOUNDED = 10**9
_GIVEN_UP = 1 << 60
_MANY = 2  # a note marked three times is as wrong as one marked twice

# Per group and column what it still lacks at most, or _GIVEN_UP; by how much it may lack less; per note how
# often it is marked.
_State = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
# What a row adds to columns of its groups: the place in the state, the amount, by how much it may be less.
_Added = tuple[tuple[int, int, int], ...]


def bounds(amount: Amount) -> tuple[int, int]:
    """The least and the most that a figure counts for in a sum."""
    if isinstance(amount, Range):
        return amount.low, _UNBOUNDED if amount.high is None else amount.high
    return amount or 0, amount or 0


@dataclass(frozen=True)
class Choice:
    """One way to read a row: an amount per column, and the notes marked in it.

    `apart` counts marks that are apart from what they mark; `key` leads back to the row's text.
    """

    figures: Figures
    markers: tuple[int, ...] = ()
    apart: int = 0
    key: int = 0

    @cached_property
    def lows(self) -> tuple[int, ...]:
        """The least that each column counts for."""
        return tuple(bounds(figure)[0] for figure in self.figures)

    @cached_property
    def highs(self) -> tuple[int, ...]:
        """The most that each column counts for."""
        return tuple(bounds(figure)[1] for figure in self.figures)


@dataclass(frozen=True)
class Solution:
    """All best readings at once.

    `rows` holds per row the choices that occur in a best reading. `cost` is the weight of what the best
    readings break, `holding` are per group the columns of exact figures whose sum comes out in every one of
    them, `uses` says per note how often it is marked: every count that occurs.
    """

    rows: tuple[tuple[Choice, ...], ...]
    cost: int
    holding: tuple[frozenset[int], ...]
    uses: Mapping[int, frozenset[int]]


class TooManyReadingsError(Exception):
    """The search would not end in reasonable time."""


def placements(figures: int, columns: int) -> list[tuple[int, ...]]:
    """The ways to place figures in columns without changing their order."""
    return list(combinations(range(columns), figures))


def laid(amounts: Sequence[Amount], places: Sequence[int], columns: int) -> Figures:
    """Figures by their columns, `places` being those of the amounts."""
    given = dict(zip(places, amounts, strict=True))
    return tuple(given.get(place) for place in range(columns))


def no_figures(ways: Sequence[Choice]) -> list[Choice]:
    """The choice of a row that is in no sum, which can be read in these ways."""
    return [Choice((None,) * len(ways[0].figures), ways[0].markers)]


def whole(amount: Amount) -> int | None:
    """A figure that is exact."""
    return None if isinstance(amount, Range) else amount


def violated(figures: Figures, sums: Sums) -> int:
    """How many rules a row breaks by itself: sums that are wrong, sums of which one side is missing."""
    return sum(bool(difference(figures, one)) + lopsided(figures, one) for one in sums)


def difference(figures: Figures, one: Sum) -> int:
    """By how much a row's total is above its parts, 0 where their bounds meet."""
    total, parts = one
    least, most = bounds(figures[total])
    low = sum(bounds(figures[part])[0] for part in parts)
    high = sum(bounds(figures[part])[1] for part in parts)
    return off(most - low, most - least + high - low)


def comes_out(figures: Figures, one: Sum) -> bool:
    """Whether a row's exact figures make their exact total, or are all empty."""
    exact = not any(isinstance(figures[place], Range) for place in (one[0], *one[1]))
    return exact and not violated(figures, [one])


def off(lack: int, width: int) -> int:
    """How far from 0 something is that is at most `lack`, and may be less by `width`."""
    return lack if lack < 0 else max(0, lack - width)


def lopsided(figures: Figures, one: Sum) -> bool:
    """Whether a total is given without parts, or parts without their total, unless one is not a number."""
    total, parts = one
    given = [figures[part] for part in parts if figures[part] is not None]
    if figures[total] is None:
        return bool(given) and not any(isinstance(part, Range) for part in given)
    return not given


def solve(
    rows: Sequence[Sequence[Choice]],
    groups: Sequence[Group],
    notes: Mapping[int, int],
    sums: Sums,
    limit: int = LIMIT,
) -> Solution:
    """All best readings of a table.

    `rows` holds the choices of each row, at least one each, those of rows that sum others too; `groups`
    says which rows these sum, the group of all missions first where there is one; `notes` says how often
    each note is marked outside the rows, as in a heading. Raises TooManyReadingsError beyond `limit` steps.
    """
    totals = rows[groups[0].total] if groups else [None]
    searches = [_Search(rows, groups, total, notes, sums) for total in totals]
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
    width = len(rows[0][0].figures)
    return Solution(
        rows=tuple(
            tuple(dict.fromkeys(c for part in parts for c in part)) for parts in zip(*best, strict=True)
        ),
        cost=cost,
        holding=tuple(
            frozenset(
                place
                for place in range(width)
                if all(end[0][start + place] == end[1][start + place] == 0 for end in ends)
            )
            for start in range(0, len(groups) * width, width)
        ),
        uses={note: frozenset(end[2][place] for end in ends) for place, note in enumerate(notes)},
    )


class _Search:
    """One choice of the row that sums the first group, and the steps from row to row under it."""

    def __init__(
        self,
        rows: Sequence[Sequence[Choice]],
        groups: Sequence[Group],
        total: Choice | None,
        notes: Mapping[int, int],
        sums: Sums,
    ) -> None:
        self._groups, self._total, self._count = groups, total, len(rows)
        self._at = groups[0].total if groups else None
        self.notes = {note: place for place, note in enumerate(notes)}
        # Rows that can be read in one way only go first, then group by group those with the largest figures:
        # what is left to place then says soonest that a column cannot come out.
        self.order = sorted(
            (at for at in range(len(rows)) if at != self._at),
            key=lambda at: (len(rows[at]) > 1, self._inner(at), -max(max(c.lows) for c in rows[at])),
        )
        self.options: list[list[tuple[Choice, _Added, int]]] = []
        self.least = RULE * violated(total.figures, sums) + APART * total.apart if total else 0
        for at in self.order:
            costs = [self._cost(at, choice, sums) for choice in rows[at]]
            self.least += min(costs)
            self.options.append(
                [(c, self._added(at, c), cost - min(costs)) for c, cost in zip(rows[at], costs, strict=True)]
            )
        slots = len(groups) * len(rows[0][0].figures)
        self.ranges = self._ranges(slots)
        counts = tuple(min(count, _MANY) for count in notes.values())
        self.least += NOTE * counts.count(_MANY)
        self.start: _State = ((0,) * slots, (0,) * slots, counts)
        if total and self._at is not None:
            self.start, cost = self._after(self.start, total, self._added(self._at, total), 0)
            self.least += cost

    def steps(self, row: int, state: _State) -> Iterator[tuple[Choice, _State, int]]:
        """From a state by each choice of a row (of those in `order`) to the next, at a cost."""
        for choice, added, cost in self.options[row]:
            after, more = self._after(state, choice, added, row + 1)
            yield choice, after, cost + more

    def in_order(self, chosen: Sequence[Iterable[Choice]]) -> list[Iterable[Choice]]:
        rows: list[Iterable[Choice]] = [(self._total,) if self._total else ()] * self._count
        for row, choices in zip(self.order, chosen, strict=True):
            rows[row] = choices
        return rows

    def _inner(self, at: int) -> int:
        """The group within the first that a row belongs to, 0 for none."""
        return next((place for place, group in enumerate(self._groups) if place and at in group), 0)

    def _cost(self, at: int, choice: Choice, sums: Sums) -> int:
        too_large = 0
        if self._total and at in self._groups[0].parts:
            too_large = sum(low > most for low, most in zip(choice.lows, self._total.highs, strict=True))
        return RULE * (violated(choice.figures, sums) + too_large) + APART * choice.apart

    def _added(self, at: int, choice: Choice) -> _Added:
        columns = len(choice.figures)
        return tuple(
            (place * columns + column, high if at == group.total else -low, high - low)
            for place, group in enumerate(self._groups)
            if at in group
            for column, (low, high) in enumerate(zip(choice.lows, choice.highs, strict=True))
        )

    def _ranges(self, slots: int) -> list[list[tuple[int, int, int]]]:
        """Per row, the least and the most that it and the rows after it can add, and the widest bounds."""
        ranges = [[(0, 0, 0)] * slots]
        for options in reversed(self.options):
            here = list(ranges[-1])
            for ways in zip(*(added for _, added, _ in options), strict=True):
                slot, amounts, widths = ways[0][0], [way[1] for way in ways], [way[2] for way in ways]
                low, high, width = here[slot]
                here[slot] = (low + min(amounts), high + max(amounts), width + max(widths))
            ranges.append(here)
        return ranges[::-1]

    def _after(self, state: _State, choice: Choice, added: _Added, row: int) -> tuple[_State, int]:
        """The state after a choice, `row` being next, and what that costs."""
        lacking, widths, cost = list(state[0]), list(state[1]), 0
        ranges = self.ranges[row]
        for slot, amount, width in added:
            if lacking[slot] == _GIVEN_UP:
                continue
            lack, wide = lacking[slot] + amount, widths[slot] + width
            low, high, more = ranges[slot]
            if lack + high >= 0 and lack + low <= wide + more:
                lacking[slot], widths[slot] = lack, wide
            else:
                lacking[slot], widths[slot], cost = _GIVEN_UP, 0, cost + RULE
        counts = state[2]
        if choice.markers:
            marked = [*counts]
            for place in (self.notes[note] for note in choice.markers):
                marked[place] = min(marked[place] + 1, _MANY)
            counts, cost = tuple(marked), cost + NOTE * (marked.count(_MANY) - counts.count(_MANY))
        return (tuple(lacking), tuple(widths), counts), cost


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
        ends = {state: cost + NOTE * state[2].count(0) for state, cost in reached[-1].items()}
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
