"""Which reading of each row of annex 2 is taken, and when none is.

Empty cells vanish from a text edition, so the columns of most figures are inferred from the printed
totals (see `inference`). A row is taken only where every best reading agrees on it, and where
nothing speaks against relying on it:

- a mark taken off a figure, or standing apart, is believed only if its note is then marked once;
- while a note is marked nowhere, a figure with more digits than that note's number might hide its
  mark, and is believed only if a sum confirms it;
- where the table breaks any rule, one error may hide another: then inferred columns are not believed
  for the totals row, nor for a row in which a group of columns is empty or starts with an empty cell
  (the report deals with military contributions, and with civil experts only beside them).

These rules never choose a reading: they refuse one, and the refusal lists the alternatives. A
declared reading settles its row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipelines.extract import inference, refusals
from pipelines.extract.inference import Choice, Solution
from pipelines.extract.rows import Figure, Row, Table, Wording
from pipelines.model import Document
from schemas.errors import JvomError, RegistryError
from schemas.registry import PersonnelLayout, Reading
from schemas.vocabulary import TOTAL

READINGS = "schemas/readings.toml"
_SHOWN = 12  # readings that a refusal lists beside the one that is not relied on


@dataclass(frozen=True)
class Decided:
    """The reading of a row that is taken.

    `figures` holds for each column its figure, or None for an empty cell. `sums` holds for each
    column the equalities that come out and that its figure, or its being empty, rests on.
    """

    row: Row
    wording: Wording
    figures: tuple[Figure | None, ...]
    sums: tuple[tuple[str, ...], ...]
    declared: Reading | None

    @property
    def inferred(self) -> bool:
        """Whether the figures' columns had to be inferred from sums."""
        if self.declared is not None or self.wording.placed:
            return False
        return 0 < len(self.wording.figures) < len(self.figures)


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

    Every row must have a wording; `readings` are those declared for this document. Raises
    RegistryError where one of them is no reading of its row, or of no row at all.
    """
    rows = [*table.rows, totals]
    decision = Decision(layout, readings, document, edition_year)
    choices = [decision.choices(row) for row in rows]
    decision.refuse_idle()
    outside = Counter(mark.note for mark in table.marks)
    try:
        solution = inference.solve(
            choices[:-1], choices[-1], {note: outside[note] for note in sorted(notes)}, decision.sums
        )
    except inference.TooManyReadingsError:
        names = [
            row.wordings[0].name.printed for row, ways in zip(rows, choices, strict=True) if len(ways) > 1
        ]
        return [], [refusals.too_many_readings(document, rows[0].lines[0], names)]
    decided: list[Decided] = []
    problems: list[JvomError] = []
    for row, ways, best in zip(rows, choices, solution.rows, strict=True):
        one = decision.of(row, ways, best, solution)
        if isinstance(one, Decided):
            decided.append(one)
        else:
            problems.append(one)
    return decided, problems


class Decision:
    """What holds for all rows of one table."""

    def __init__(
        self,
        layout: PersonnelLayout,
        readings: Iterable[Reading],
        document: Document,
        edition_year: int,
    ) -> None:
        self.columns = layout.columns
        places = {name: place for place, name in enumerate(self.columns)}
        self.sums = [(places[total], [places[part] for part in parts]) for total, parts in layout.sums]
        totals = {total for total, _ in self.sums}
        groups = [[places[column.column] for column in group.columns] for group in layout.groups]
        self.parts = [[place for place in group if place not in totals] for group in groups]
        self.declared = {reading.mission_id: reading for reading in readings}
        self.idle = set(self.declared)
        self.document = document
        self.edition_year = edition_year

    def ways(self, row: Row) -> list[Choice]:
        """The ways to place the figures of a row in their order."""
        ways = (
            Choice(_placed(wording, places, len(self.columns)), _notes(wording), len(wording.apart), key)
            for key, wording in enumerate(row.wordings)
            for places in inference.placements(len(wording.figures), len(self.columns))
        )
        return list(dict.fromkeys(ways))  # where dashes stand makes no difference by itself

    def choices(self, row: Row) -> list[Choice]:
        """The ways to place the figures of a row, or only the declared one."""
        return self.chosen(row, self.ways(row))

    def chosen(self, row: Row, choices: list[Choice]) -> list[Choice]:
        """Of these choices the declared one, else all. Raises RegistryError where it is none of them."""
        reading = self.reading(row)
        if reading is None:
            return choices
        fitting = [choice for choice in choices if self.fits(choice, row, reading)]
        if not fitting:
            raise RegistryError(
                f"the reading declared for {reading.mission_id} is none of “{row.wordings[0].name.printed}” "
                f"on line {row.lines[0].shown} of {self.document.path}",
                file=READINGS,
                hint="correct or remove the entry: it must place the printed figures in their order",
            )
        self.idle.discard(reading.mission_id)
        return fitting

    def refuse_idle(self) -> None:
        """Raises RegistryError where a reading is declared for a row that is not there."""
        for mission_id in sorted(self.idle):
            raise RegistryError(
                f"a reading is declared for {mission_id}, but {self.document.path} has no such row",
                file=READINGS,
                hint="correct or remove the entry",
            )

    def of(
        self, row: Row, ways: Sequence[Choice], best: Sequence[Choice], solution: Solution
    ) -> Decided | JvomError:
        """The reading of one row, where the best readings agree on it and can be relied on."""
        chosen, reading = best[0], self.reading(row)
        wording = row.wordings[chosen.key]
        if reading is None:
            distinct = {(row.wordings[c.key].mission_id, c.figures, tuple(sorted(c.markers))) for c in best}
            if len(distinct) > 1:
                return self.undecided(
                    row, wording, "several readings fit the printed totals equally well", best
                )
            if why := next(self._doubts(chosen, wording, solution), None):
                own = inference.violated(chosen.figures, self.sums)
                others = [way for way in ways if inference.violated(way.figures, self.sums) <= own]
                return self.undecided(row, wording, why, [chosen, *others[:_SHOWN]])
        figures = laid_out(wording.figures, chosen.figures)
        placed = len(wording.figures) == len(self.columns)
        sums = tuple(tuple(self.equalities(i, chosen, solution, placed)) for i in range(len(figures)))
        return Decided(row, wording, figures, sums, reading)

    def reading(self, row: Row) -> Reading | None:
        """What is declared for a row."""
        ids = {wording.mission_id for wording in row.wordings}
        return next((self.declared[i] for i in ids if i in self.declared), None)

    def fits(self, choice: Choice, row: Row, reading: Reading) -> bool:
        """Whether a choice is the declared reading."""
        figures = dict(zip(self.columns, choice.figures, strict=True))
        same = all(figures.get(name) == reading.figures.get(name) for name in {*figures, *reading.figures})
        return same and row.wordings[choice.key].mission_id == reading.mission_id

    def undecided(self, row: Row, wording: Wording, why: str, choices: Iterable[Choice]) -> JvomError:
        """The refusal of a row, with these choices as its alternatives."""
        figures = dict.fromkeys(choice.figures for choice in choices)
        return refusals.undecided(
            self.document,
            self.edition_year,
            row.lines,
            wording.mission_id or refusals.slug(wording.name.printed),
            why,
            [dict(zip(self.columns, values, strict=True)) for values in figures],
        )

    def _doubts(self, chosen: Choice, wording: Wording, solution: Solution) -> Iterator[str]:
        """Why the only best reading of a row is not to be relied on."""
        for mark in (*(m for figure in wording.figures for m in figure.text.marks), *wording.apart):
            if solution.uses[mark.note] != {1}:
                yield f"{mark.note} looks like a footnote's mark, but that note is not marked exactly once"
        unmarked = [note for note, uses in solution.uses.items() if 0 in uses]
        for place, value in enumerate(chosen.figures):
            hidden = [note for note in unmarked if len(str(value)) > len(str(note))]
            if value is not None and hidden and not self._confirmed(place, chosen, solution):
                yield f"note {hidden[0]} is marked nowhere, and no sum confirms that {value} is a figure only"
        if len(wording.figures) < len(self.columns):
            if any(inference.lopsided(chosen.figures, one) for one in self.sums):
                yield "it would give a total without parts, or parts without a total"
            if solution.cost and wording.mission_id == TOTAL:
                yield "the table contradicts itself, so the columns of its totals cannot be inferred"
            if solution.cost and (empty := next(self._empty_first(chosen), None)):
                yield f"the table contradicts itself, so that {empty} is empty cannot be inferred"

    def _empty_first(self, chosen: Choice) -> Iterator[str]:
        """Columns that are empty at the start of a group or to the left of a figure in it, totals aside."""
        for group in self.parts:
            given = [chosen.figures[place] is not None for place in group]
            for index, place in enumerate(group):
                if not given[index] and (index == 0 or any(given[index:])):
                    yield self.columns[place]

    def _confirmed(self, place: int, chosen: Choice, solution: Solution) -> bool:
        own = [(total, parts) for total, parts in self.sums if place in (total, *parts)]
        return place in solution.holding or any(not inference.violated(chosen.figures, [one]) for one in own)

    def equalities(self, place: int, chosen: Choice, solution: Solution, placed: bool) -> Iterator[str]:
        """The sums that come out and speak for a figure, and for its column unless it is `placed`."""
        for total, parts in self.sums:
            if place in (total, *parts) and not inference.violated(chosen.figures, [(total, parts)]):
                given = [str(value) for part in parts if (value := chosen.figures[part]) is not None]
                if given:
                    yield f"row total {' + '.join(given)} = {chosen.figures[total]}"
        group = [] if placed else next((group for group in self.parts if place in group), [])
        for other in sorted({place, *group}):
            if other in solution.holding:
                yield f"column total {self.columns[other]}"


def _placed(wording: Wording, places: Sequence[int], columns: int) -> inference.Figures:
    values: list[int | None] = [None] * columns
    for place, figure in zip(places, wording.figures, strict=True):
        values[place] = figure.value
    return tuple(values)


def laid_out(printed: Sequence[Figure], values: inference.Figures) -> tuple[Figure | None, ...]:
    """The printed figure of each column; dashes go to the first empty columns where they may stand."""
    left = list(printed)
    figures: list[Figure | None] = []
    for value in values:
        taken = bool(left) and (left[0].value is None) == (value is None)
        figures.append(left.pop(0) if taken else None)
    return tuple(figures)


def _notes(wording: Wording) -> tuple[int, ...]:
    return tuple(mark.note for mark in wording.marks)
