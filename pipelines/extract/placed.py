"""Which reading of each row of annex 2 is taken from a PDF, where columns are seen and not inferred.

Structure tags and geometry are two passes over the same row, each of which may err alone:

- where both give the same it is taken, whatever the sums say: reports contradict themselves;
- where they differ it is taken only if sums confirm one of them: every sum that a differing figure
  is part of comes out, the row's and the column's. What both gave is then told in `cells.equalities`;
- where there is one pass only (no tags, or a picture) it is taken if every sum of the row and of its
  columns comes out. Else a second pass must give the same: the figures in their printed order,
  placed by the sums alone as in a text edition (see `inference`), without regard to where they stand.
  Where the sums leave it open, it must be among their best readings, and each figure must be nearest
  to the heading of its column, which is looked at without regard to rules and other cells.

Everything else is refused, with what each pass gave as the alternatives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from pipelines.extract import inference, numerals
from pipelines.extract.decisions import Decided, Decision
from pipelines.extract.inference import Choice, Solution
from pipelines.extract.rows import Figure, Row, Table, Wording
from pipelines.model import Document
from schemas.errors import JvomError
from schemas.registry import PersonnelLayout, Reading

_Seen = tuple[int | None, ...]


def decide(
    table: Table,
    totals: Row,
    notes: Collection[int],
    layout: PersonnelLayout,
    readings: Iterable[Reading],
    document: Document,
    edition_year: int,
) -> tuple[list[Decided], list[JvomError]]:
    """The readings that are taken, that of the totals row last; and why others are not.

    Every row has one wording, or two that differ; each with all its cells in their columns. Raises
    RegistryError where a declared reading is none of its row's.
    """
    rows = [*table.rows, totals]
    decision = _Placed(layout, readings, document, edition_year)
    seen = [decision.seen(row) for row in rows]
    decision.refuse_idle()
    marked = _marked(table, rows, notes)
    solution = inference.solve(seen[:-1], seen[-1], marked, decision.sums)
    doubtful = [
        not decision.confirmed(row, best, solution) for row, best in zip(rows, solution.rows, strict=True)
    ]
    second = decision.by_order(rows, marked) if any(doubtful) else [()] * len(rows)
    decided: list[Decided] = []
    problems: list[JvomError] = []
    for row, best, doubt, ordered in zip(rows, solution.rows, doubtful, second, strict=True):
        one = decision.settled(row, best, solution, ordered if doubt else None)
        if isinstance(one, Decided):
            decided.append(one)
        else:
            problems.append(one)
    return decided, problems


def _marked(table: Table, rows: Iterable[Row], notes: Collection[int]) -> dict[int, int]:
    """How often each note is marked outside the rows: every note there is, or that a row marks."""
    outside = Counter(mark.note for mark in table.marks)
    marks = {mark.note for row in rows for wording in row.wordings for mark in wording.marks}
    return {note: outside[note] for note in sorted({*notes, *marks})}


class _Placed(Decision):
    """What holds for all rows of one table whose columns are seen."""

    def seen(self, row: Row) -> list[Choice]:
        """What the passes gave, or the declared reading."""
        choices = [
            Choice(_values(wording.placed), tuple(mark.note for mark in wording.marks), 0, key)
            for key, wording in enumerate(row.wordings)
        ]
        if self.reading(row):
            choices = list(dict.fromkeys([*choices, *self.ways(row)]))
        return self.chosen(row, choices)

    def confirmed(self, row: Row, best: Sequence[Choice], solution: Solution) -> bool:
        """Whether two passes agree on a row, or the sums of all its figures come out."""
        if row.agreed or self.reading(row):
            return True
        if row.disputed:
            return self._sums_hold(best[0], self._differing(row), solution)
        return self._sums_hold(best[0], range(len(self.columns)), solution)

    def by_order(self, rows: Sequence[Row], marked: dict[int, int]) -> list[tuple[Choice, ...]]:
        """The best readings of each row by the order of its figures; none where there are too many."""
        ways = [list(dict.fromkeys(self._by_order(row, marked))) for row in rows]
        try:
            return list(inference.solve(ways[:-1], ways[-1], marked, self.sums).rows)
        except inference.TooManyReadingsError:
            return [()] * len(rows)

    def settled(
        self, row: Row, best: Sequence[Choice], solution: Solution, ordered: Sequence[Choice] | None
    ) -> Decided | JvomError:
        """The reading of a row; `ordered` is what the second pass says of one that is not confirmed."""
        chosen = best[0]
        wording = row.wordings[chosen.key]
        if ordered is not None or (row.disputed and len(_figures(best)) > 1):
            seen = [Choice(_values(one.placed)) for one in row.wordings]
            by_order = _figures(ordered or ())
            twice = by_order == {chosen.figures} or (row.under and chosen.figures in by_order)
            if row.disputed or not twice:
                why = _why(row, ordered or ())
                return self.undecided(row, wording, why, [*seen, *(ordered or ())])
        hidden = None if self.reading(row) else self._hidden_mark(chosen, solution)
        if hidden:
            return self.undecided(row, wording, hidden, [chosen])
        figures = _laid(wording, chosen)
        sums = tuple(tuple(self.equalities(i, chosen, solution, True)) for i in range(len(figures)))
        return Decided(row, wording, figures, sums, self.reading(row))

    def _hidden_mark(self, chosen: Choice, solution: Solution) -> str | None:
        """Why a figure may end in a mark that is printed as large as a digit."""
        unmarked = [str(note) for note, uses in solution.uses.items() if 0 in uses]
        for place, value in enumerate(chosen.figures):
            hidden = [note for note in unmarked if str(value).endswith(note) and str(value) != note]
            if value is not None and hidden and not self._sums_hold(chosen, [place], solution):
                return (
                    f"note {hidden[0]} is marked nowhere, and no sum confirms that {value} is a figure only"
                )
        return None

    def _differing(self, row: Row) -> list[int]:
        readings = [_values(wording.placed) for wording in row.wordings]
        alone = len(readings) == 1  # the other pass has no such row
        return [i for i, values in enumerate(zip(*readings, strict=True)) if alone or len(set(values)) > 1]

    def _sums_hold(self, chosen: Choice, places: Iterable[int], solution: Solution) -> bool:
        return all(
            place in solution.holding
            and not any(
                inference.violated(chosen.figures, [one]) for one in self.sums if place in (one[0], *one[1])
            )
            for place in places
        )

    def _by_order(self, row: Row, marked: Collection[int]) -> Iterator[Choice]:
        """Every way to place a row's figures in their order, marks taken for digits and digits for marks."""
        for key, wording in enumerate(row.wordings):
            printed = [list(_ways(figure, marked)) for figure in wording.figures]
            for figures, notes in _products(printed):
                name = tuple(mark.note for mark in wording.name.marks)
                for places in inference.placements(len(figures), len(self.columns)):
                    values: list[int | None] = [None] * len(self.columns)
                    for place, value in zip(places, figures, strict=True):
                        values[place] = value
                    yield Choice(tuple(values), (*name, *notes), 0, key)


def _why(row: Row, ordered: Sequence[Choice]) -> str:
    if row.disputed:
        return (
            "the file's structure tags and its geometry give it differently "
            "(tag_geometry_disagreement), and no row total and column total that hold confirm one of them"
        )
    if len(ordered) == 1:
        return "its sums do not come out, and by the order of its figures they would be placed otherwise"
    return "its sums do not come out, and nothing but the place of its figures says which column they are in"


def _values(placed: Iterable[Figure]) -> _Seen:
    return tuple(figure.value for figure in placed)


def _figures(choices: Iterable[Choice]) -> set[_Seen]:
    return {choice.figures for choice in choices}


def _laid(wording: Wording, chosen: Choice) -> tuple[Figure | None, ...]:
    """The printed figure of each column, None for a blank; otherwise than seen only if declared so."""
    if _values(wording.placed) == chosen.figures:
        return tuple(figure if figure.text.printed else None for figure in wording.placed)
    left = [figure for figure in wording.figures if figure.value is not None]
    return tuple(left.pop(0) if value is not None else None for value in chosen.figures)


def _ways(figure: Figure, notes: Collection[int]) -> Iterator[tuple[int | None, tuple[int, ...]]]:
    """The ways to take one printed cell: the figure with its marks off, or with a mark's digits in it."""
    marks = tuple(mark.note for mark in figure.text.marks)
    yield figure.value, marks
    if len(figure.parts) == 1:
        if len(marks) == 1 and (value := numerals.whole(f"{figure.text.printed}{marks[0]}")) is not None:
            yield value, ()
        for body, note in numerals.marked(figure.text.printed, notes) if not marks else ():
            if (value := numerals.whole(body)) is not None:
                yield value, (note,)


def _products(
    printed: Sequence[Sequence[tuple[int | None, tuple[int, ...]]]],
) -> Iterator[tuple[list[int | None], tuple[int, ...]]]:
    """Each cell as first given, and each with one cell taken in another way."""
    usual = [ways[0] for ways in printed]
    for changed, ways in enumerate(printed):
        for way in ways[1:]:
            taken = [*usual[:changed], way, *usual[changed + 1 :]]
            yield [value for value, _ in taken], tuple(note for _, notes in taken for note in notes)
    yield [value for value, _ in usual], tuple(note for _, notes in usual for note in notes)
