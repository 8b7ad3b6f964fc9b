"""Which column a figure of annex 2 belongs to, by the best readings under its totals, and what is refused.

A figure has the columns that it can be in: in a text any, in the printed order; in a PDF the one that it
is printed under. So a row of k figures can be read in several ways, times the ways to take footnote marks
off them. The best readings are those that break least of what a table promises: `search` finds all of them.

Which readings are relied on is decided apart (`choose`), and never by preference: a row is refused, with
its alternatives, or taken. A declared reading settles its row. A row of a text is taken where every best
reading agrees on it, unless

- a mark was taken off a figure, or is apart, and its note is not marked exactly once;
- a mark was taken off a figure that could be so large with it, and no sum that it is part of comes out;
- a rival, another reading of the row beside the best ones of the others, takes about as few errors of
  print (`_Chooser.rivals`): a reading in which every sum comes out is not relied on where it moves the
  figures of rows out of their usual columns, and two figures that changed places explain the table too;
- a space parts the thousands of a figure, or two figures, and no sum says which;
- a note is marked nowhere, and a figure with more digits than its number is not confirmed by a sum;
- the table breaks any rule, and the row is the totals row, or has a group of columns that is empty or
  starts with an empty cell (the report deals with military contributions, and with civil experts only
  beside them): one error may hide another.

Where the totals exceed the rows by what makes a row itself, parts and total, rows are missing, and the
table is refused. Every other contradiction is read as it is printed.

A row of a PDF is taken

- where the file's tags have the same, or drawn lines part every two columns along the row and between their
  headings, whatever the sums say: reports contradict themselves;
- where they have other cells in it only if every sum of the row and of its columns comes out. That they
  have is then said in `cells.equalities`;
- where neither says anything (no tags and lines, or a picture) if every sum of the row and its columns comes
  out. Else a second pass must give the same: the figures in their printed order, as in a text. Where the
  sums leave that open, it must be among the best readings, and each figure must be nearest to the
  heading of its column.

A figure that is in doubt (`Figure.doubt`), as in a picture or where `12+2` is printed, is taken only where a
sum that it is part of comes out. Where it is read in two ways, both are readings of its row, and only the
sums choose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pipelines.extract import answers, numerals, refusals
from pipelines.extract import sums as row_sums
from pipelines.extract.roles import RowNames
from pipelines.extract.rows import TIGHT, Figure, Row, Table, Wording
from pipelines.extract.search import (
    RULE,
    Amount,
    Choice,
    Figures,
    Group,
    Range,
    Solution,
    TooManyReadingsError,
    comes_out,
    laid,
    lopsided,
    no_figures,
    placements,
    solve,
    violated,
    whole,
)
from pipelines.extract.sums import Errors, Structure
from schemas.errors import JvomError, RegistryError
from schemas.registry import DeclaredReading, PersonnelLayout

READINGS = "schemas/readings.toml"
_SHOWN = 12  # readings that a refusal lists beside the one that is not relied on
LARGEST = 99_999  # persons: more than the armed forces have
_SEVERAL = "several readings fit the printed totals equally well"
_RIVAL = "another reading takes about as few errors of print to explain the table"
_UNMARKED = "note {note} is marked nowhere, and no sum confirms that {value} is a figure only"
_TIMES = 10  # the largest total: two figures side by side are not one that is larger


@dataclass(frozen=True)
class Chosen:
    """The reading of a row that is taken.

    `figures` holds for each column its figure, or None for an empty cell. `sums` holds for each
    column the equalities that come out and that its figure, or its being empty, rests on.
    """

    row: Row
    wording: Wording
    figures: tuple[Figure | None, ...]
    sums: tuple[tuple[str, ...], ...]
    declared: DeclaredReading | None
    key: str = ""
    """The row's row_key, once it is known which rows sum others."""

    @property
    def inferred(self) -> bool:
        """Whether the figures' columns had to be inferred from sums."""
        if self.declared is not None or not self.row.in_order:
            return False
        return 0 < len(self.wording.figures) < len(self.figures)


def choose(
    table: Table,
    notes: Collection[int],
    layout: PersonnelLayout,
    names: RowNames,
    readings: Iterable[DeclaredReading],
) -> tuple[list[Chosen], Structure, list[JvomError]]:
    """The readings that are taken, row by row; which rows sum others; and why others are not taken.

    Every row must have a wording; `readings` are those declared for this document. Raises
    RegistryError where one of them is not a reading of its row, or of any row.
    """
    rows = table.rows
    chooser = _Chooser(layout, readings)
    choices = [chooser.choices(row) for row in rows]
    chooser.refuse_idle()
    structure = row_sums.Finder(rows, choices, chooser.sums, names.summed).find()
    unclear = [refusals.of_row(rows[at].lines, "unclear sum", why=why) for at, why in structure.open.items()]
    if amiss := [*unclear, *_impossible(rows, choices)]:
        return [], structure, [*amiss]
    groups = chooser.groups = structure.groups
    chooser.as_declared = _declared_columns([rows[group.total] for group in groups])
    if structure.total is not None:
        most = _TIMES * max(value for way in choices[structure.total] for value in way.highs)
        choices = [
            [way for way in ways if max(way.lows) <= most or not _spaced(row, way)] or ways
            for row, ways in zip(rows, choices, strict=True)
        ]
    outside = Counter(mark.note for mark in table.marks)
    marks = {mark.note for row in rows for wording in row.wordings for mark in wording.marks}
    marked = {note: outside[note] for note in sorted({*notes, *marks})}
    choices = [no_figures(ways) if at in structure.parts else ways for at, ways in enumerate(choices)]
    try:
        solution = solve(choices, groups, marked, chooser.sums)
    except TooManyReadingsError:
        open_rows = [row for row, ways in zip(rows, choices, strict=True) if len(ways) > 1]
        names_of = ", ".join(row.wordings[0].name.printed for row in open_rows)
        said = {"rows": len(open_rows), "names": names_of}
        return [], structure, [refusals.of_row(rows[0].lines[:1], "too many readings", **said)]
    errors = Errors([best[0] for best in solution.rows], structure, marked, chooser.sums)
    if (missing := chooser.missing(errors)) and (refused := _missing_rows(rows, *missing, layout)):
        return [], structure, [refused]
    if split := list(chooser.splits(rows, errors)):
        return [], structure, split
    doubtful = [
        not (row.in_order or at in structure.parts or chooser.confirmed(at, row, best, solution))
        for at, (row, best) in enumerate(zip(rows, solution.rows, strict=True))
    ]
    second = chooser.by_order(rows, marked) if any(doubtful) else [()] * len(rows)
    chosen: list[Chosen] = []
    problems: list[JvomError] = []
    cases = (_Case(at, rows[at], choices[at], best, solution) for at, best in enumerate(solution.rows))
    for case, doubt, ordered in zip(cases, doubtful, second, strict=True):
        is_part = case.at in structure.parts
        one = chooser.part(case) if is_part else chooser.decided(case, errors, ordered if doubt else None)
        if isinstance(one, Chosen):
            chosen.append(one)
            problems.extend(chooser.amiss(one))
        else:
            problems.append(one)
    return chosen, structure, problems


def _impossible(rows: Sequence[Row], choices: Sequence[Sequence[Choice]]) -> Iterator[JvomError]:
    """A refusal of each row that has a figure larger than any by each of its readings."""
    for row, ways in zip(rows, choices, strict=True):
        if (least := min(max(way.lows) for way in ways)) > LARGEST:
            yield refusals.of_row(row.lines, "too large", figure=least)


def _declared_columns(rows: Iterable[Row]) -> frozenset[int]:
    """The columns in which a figure of these rows is declared."""
    figures = (figure for row in rows for wording in row.wordings for figure in wording.figures)
    declared = (figure.column for figure in figures if "declared" in figure.text.how)
    return frozenset(column for column in declared if column is not None)


def _missing_rows(
    rows: Sequence[Row], at: int, amounts: Mapping[str, int], layout: PersonnelLayout
) -> JvomError | None:
    """The refusal of a table whose row `at` sums more than there is; None where its figures are declared."""
    wording = rows[at].wordings[0]
    printed = {layout.columns[one.column]: one for one in wording.figures if one.column is not None}
    given = {column: one for column, one in printed.items() if column in amounts and one.value is not None}
    if given and all("declared" in one.text.how for one in given.values()):
        return None
    entries = [
        answers.total_as_printed(wording.name.printed, column, one.text.printed)
        for column, one in given.items()
    ]
    return refusals.missing_rows(rows[at].lines[0], amounts, entries)


@dataclass(frozen=True)
class _Case:
    """One row with its best readings, among all the ways to read it, and how often its notes are marked."""

    at: int
    row: Row
    ways: Sequence[Choice]
    best: Sequence[Choice]
    solution: Solution

    @property
    def chosen(self) -> Choice:
        return self.best[0]

    @property
    def wording(self) -> Wording:
        return self.row.wordings[self.chosen.key]


class _Chooser:
    """What holds for all rows of one table."""

    def __init__(self, layout: PersonnelLayout, readings: Iterable[DeclaredReading]) -> None:
        self._columns = layout.columns
        places = {name: place for place, name in enumerate(self._columns)}
        self.sums = [(places[total], [places[part] for part in parts]) for total, parts in layout.sums]
        totals = {total for total, _ in self.sums}
        groups = [
            [places[column.column] for column in group.columns if column.column in places]
            for group in layout.groups
        ]
        self._parts = [[place for place in group if place not in totals] for group in groups]
        self._declared = {reading.mission_id: reading for reading in readings}
        self._idle = set(self._declared)
        self._most = [LARGEST] * len(self._columns)
        self.groups: Sequence[Group] = ()
        self.as_declared: frozenset[int] = frozenset()

    def choices(self, row: Row) -> list[Choice]:
        """The ways to place the figures of a row, or only the declared one.

        Raises RegistryError where the declared one is none of them.
        """
        reading = self._reading(row)
        choices = self._ways(row, in_order=row.in_order)
        if reading is None:
            return choices
        choices = list(dict.fromkeys([*choices, *self._ways(row, in_order=True)]))
        self._idle.discard(reading.mission_id)
        if fitting := [choice for choice in choices if self._fits(choice, row, reading)]:
            return fitting
        where = f"“{row.wordings[0].name.printed}” on line {row.lines[0].shown} of this document"
        raise RegistryError(
            f"the reading declared for {reading.mission_id} does not fit {where}",
            file=READINGS,
            hint="correct or remove the entry: it must place the printed figures in their order",
        )

    def refuse_idle(self) -> None:
        """Raises RegistryError where a reading is declared for a row that is not there."""
        if self._idle:
            message = f"a reading is declared for {min(self._idle)}, but this document has no such row"
            raise RegistryError(message, file=READINGS, hint="correct or remove the entry")

    def confirmed(self, at: int, row: Row, best: Sequence[Choice], solution: Solution) -> bool:
        """Whether a PDF's tags or lines have the same in a row, or the sums of all its figures come out."""
        if row.agreed or self._reading(row):
            return True
        unsummed = self._unsummed(solution) if row.under else set[int]()
        if row.under and self.groups and at == self.groups[0].total and unsummed:
            others = {*range(len(self._columns))} - unsummed
            return not row.disputed and all(self._holds(at, place, solution) for place in others)
        unsummed = set() if row.disputed else unsummed
        return self._sums_hold(at, best[0], range(len(self._columns)), solution, unsummed)

    def by_order(self, rows: Sequence[Row], marked: Mapping[int, int]) -> list[tuple[Choice, ...]]:
        """The best readings of each row by the order of its figures; none where there are too many."""
        ways = [
            no_figures(self._ways(row, in_order=False))
            if row.kind == "of which"
            else list(dict.fromkeys(self._by_order(row, marked)))
            for row in rows
        ]
        try:
            return list(solve(ways, self.groups, marked, self.sums).rows)
        except TooManyReadingsError:
            return [()] * len(rows)

    def missing(self, errors: Errors) -> tuple[int, dict[str, int]] | None:
        """The row that sums more than there is, and what rows that are not there must have had.

        A subtotal alone does not say so where the totals row comes out.
        """
        for place, group in enumerate(self.groups):
            if amounts := self._missing(errors.lacking(place)):
                return group.total, amounts
            if errors.most and not place and not any(errors.lacking(0)):
                return None
        return None

    def _missing(self, lacks: Sequence[int]) -> dict[str, int]:
        """Amounts in two columns or more that make a row."""
        makes_row = all(lacks[total] == sum(lacks[part] for part in parts) for total, parts in self.sums)
        some = [lacks[place] for total, parts in self.sums for place in (total, *parts)]
        if not makes_row or min(some, default=-1) < 0 or not any(some):
            return {}
        given = {name: amount for name, amount in zip(self._columns, lacks, strict=True) if amount > 0}
        return given if len(given) > 1 else {}

    def rivals(self, case: _Case, errors: Errors) -> list[Choice]:
        """Other readings of a row that explain the table with about as few errors.

        Those that fill the groups of columns from the left may take one more for each column that is wrong
        either way, but less so with them: one error may hide another. And they may take two more where the
        chosen one does not fill them so: two figures that changed places make two columns wrong.
        """
        at, row, chosen = case.at, case.row, case.chosen
        unusual = any(self._empty_first(chosen))
        least, lacks = errors.cost(at, chosen), errors.columns(at, chosen)

        def most(way: Choice) -> int:
            too_large = errors.most and any(a > b for a, b in zip(way.lows, errors.most, strict=True))
            if (too_large and _spaced(row, way)) or any(lopsided(way.figures, one) for one in self.sums):
                return least - 1
            if any(self._empty_first(way)) or way.apart or way.markers != chosen.markers:
                return least
            hidden = sum(
                bool(b) and abs(b) < abs(a)
                for before, after in zip(lacks, errors.columns(at, way), strict=True)
                for a, b in zip(before, after, strict=True)
            )
            return least + RULE * (hidden + 2 * unusual)

        others = (way for way in case.ways if way.figures != chosen.figures)
        return [way for way in others if errors.cost(at, way) <= most(way)]

    def splits(self, rows: Iterable[Row], errors: Errors) -> Iterator[JvomError]:
        """Rows of a text that take fewer errors of print where two of their figures are one."""
        for at, (row, chosen) in enumerate(zip(rows, errors.chosen, strict=True)):
            if row.in_order and (figures := self._split(at, row, chosen, errors)):
                yield refusals.of_row(row.lines, "split figure", printed=figures)
            elif row.in_order and self._reading(row) is None and self._stray(at, row, chosen, errors):
                yield refusals.of_row(row.lines[-1:], "stray figure")

    def _stray(self, at: int, row: Row, chosen: Choice, errors: Errors) -> bool:
        """Whether a row takes fewer errors without its last figure, which is on a line of its own."""
        figures, columns = row.wordings[chosen.key].figures, len(self._columns)
        lines = [figure.text.words[0].line for figure in figures]
        if len(lines) < 2 or lines[-1] is lines[-2]:
            return False
        ways = (
            laid([figure.amount for figure in wording.figures[:-1]], places, columns)
            for wording in row.wordings
            for places in placements(len(wording.figures) - 1, columns)
        )
        least = errors.cost(at, chosen)
        return any(errors.cost(at, Choice(way, chosen.markers, chosen.apart)) < least for way in ways)

    def _split(self, at: int, row: Row, chosen: Choice, errors: Errors) -> str:
        """Two figures that take fewer errors of print if they are one, with a space too many."""
        figures, columns = row.wordings[chosen.key].figures, len(self._columns)
        least = errors.cost(at, chosen) if self._reading(row) is None else 0
        for place, (left, right) in enumerate(pairwise(figures)):
            last, first = left.text.words[-1], right.text.words[0]
            gap = first.start - last.end if last.line is first.line else 0
            if gap != 1 or left.text.marks or not (left.value and right.text.printed.isdecimal()):
                continue
            values = [figure.amount for figure in figures]
            values[place : place + 2] = [int(f"{left.value}{right.text.printed}")]
            for places in placements(len(values), columns):
                way = Choice(laid(values, places, columns), chosen.markers, chosen.apart)
                if errors.comes_out(at, way, places[place]) and errors.cost(at, way) < least:
                    return f"{last.text} {first.text}"
        return ""

    def decided(self, case: _Case, errors: Errors, ordered: Sequence[Choice] | None) -> Chosen | JvomError:
        """The reading of a row that is no part of another, or why it is not relied on."""
        row = case.row
        if (row.in_order or row.glued) and (unsure := self._unsure(case, errors)):
            return unsure
        return self.taken(case) if row.in_order else self._placed(case, ordered)

    def _unsure(self, case: _Case, errors: Errors) -> JvomError | None:
        """Why a row is not relied on where only sums say which columns figures are in, or what are marks."""
        row, chosen = case.row, case.chosen
        if self._reading(row) is not None:
            return None
        distinct = {(row.wordings[c.key].mission_id, c.figures, tuple(sorted(c.markers))) for c in case.best}
        if len(distinct) > 1:
            return self._undecided(case, _SEVERAL, case.best)
        if rivals := self.rivals(case, errors):
            return self._undecided(case, _RIVAL, [chosen, *rivals])
        if row.in_order and (why := next(self._doubts(case, errors.most), "")):
            own = violated(chosen.figures, self.sums)
            others = [way for way in case.ways if violated(way.figures, self.sums) <= own]
            return self._undecided(case, why, [chosen, *others[:_SHOWN]])
        if row.glued and (why := next(self._mark_doubts(case, errors.most), "")):
            return self._undecided(case, why, case.ways)
        if row.glued and (way := next(self._shorter(case.at, chosen, errors), None)):
            why = "its sums come out without some digits: a mark or another figure may be printed beside them"
            return self._undecided(case, why, [chosen, way])
        return None

    def _placed(self, case: _Case, ordered: Sequence[Choice] | None) -> Chosen | JvomError:
        """The reading of a row of a PDF; `ordered` is what the second pass says of one not confirmed."""
        row, chosen, wording = case.row, case.chosen, case.wording
        if (blank := next(self._blank_totals(chosen), None)) is not None:
            where = row.lines, wording.name.printed, self._columns[blank], wording.cells[blank].printed
            return refusals.blank_total(*where)
        if len({choice.figures for choice in case.best}) > 1:
            text, doubt, column = next((f.text, f.doubt, f.column) for f in wording.figures if f.doubt)
            return refusals.uncertain(text.printed, doubt, text.spans[0], self._columns[column or 0])
        if ordered is not None:
            by_order = {choice.figures for choice in ordered}
            twice = by_order == {chosen.figures} or (row.under and chosen.figures in by_order)
            if row.disputed or not twice:
                seen = self._ways(row, in_order=False)
                return self._undecided(case, _why(row, ordered), [*seen, *ordered])
        if self._reading(row) is None and (hidden := self._hidden_mark(case)):
            return self._undecided(case, hidden, [chosen])
        return self.taken(case)

    def part(self, case: _Case) -> Chosen | JvomError:
        """The reading of an "of which" row, which no sum confirms: only its own place, or all its columns."""
        row, ways = case.row, self._ways(case.row, in_order=case.row.in_order)
        case = replace(case, best=ways)
        sure = len(case.wording.figures) == len(self._columns) if row.in_order else row.agreed or row.under
        if row.disputed or not sure or len({way.figures for way in ways}) > 1:
            why = "it is a part of another row, so no sum says which columns its figures are in"
            return self._undecided(case, why, ways[:_SHOWN])
        return self.taken(case)

    def _shorter(self, at: int, chosen: Choice, errors: Errors) -> Iterator[Choice]:
        """Readings in which a figure is one digit or two shorter, and its column comes out."""
        for place, value in enumerate(chosen.figures):
            if not isinstance(value, int) or errors.comes_out(at, chosen, place):
                continue
            digits = str(value)
            for left in filter(None, (digits[:-1], digits[:-2], digits[1:], digits[2:])):
                figures = (*chosen.figures[:place], int(left), *chosen.figures[place + 1 :])
                way = replace(chosen, figures=figures)
                if errors.comes_out(at, way, place) and errors.cost(at, way) < errors.cost(at, chosen):
                    yield way

    def amiss(self, one: Chosen) -> Iterator[JvomError]:
        """Figures that are in doubt, and that no sum confirms; and one that is larger than any."""
        for name, figure, sums in zip(self._columns, one.figures, one.sums, strict=True):
            if figure is None or not figure.doubt or one.declared:
                continue
            text, row = figure.text, one.wording.name.printed
            own = {f"column total {name}", *(one for one in sums if one.startswith("row total"))}
            if figure.doubt == TIGHT and not own & {*sums}:
                yield refusals.tight_sum(row, name, text)
            elif figure.doubt != TIGHT and not sums:
                yield refusals.uncertain(text.printed, figure.doubt, text.spans[0], name)
        if (most := max((figure.value or 0 for figure in one.figures if figure), default=0)) > LARGEST:
            yield refusals.of_row(one.row.lines, "too large", figure=most)

    def _ways(self, row: Row, *, in_order: bool) -> list[Choice]:
        """The ways to place the figures of a row: in their order, or each in the column it is in."""
        ways = (
            Choice(values, tuple(mark.note for mark in wording.marks), len(wording.apart), key)
            for key, wording in enumerate(row.wordings)
            for values in self._placements(wording.figures, in_order=in_order)
        )
        return list(dict.fromkeys(ways))  # where dashes are makes no difference by itself

    def _placements(self, figures: Sequence[Figure], *, in_order: bool) -> Iterator[Figures]:
        seen = tuple(figure.column for figure in figures if figure.column is not None)
        for places in placements(len(figures), len(self._columns)) if in_order else [seen]:
            yield laid([figure.amount for figure in figures], places, len(self._columns))

    def _by_order(self, row: Row, marked: Collection[int]) -> Iterator[Choice]:
        """Every way to place a row's figures in their order, marks taken for digits and digits for marks."""
        for key, wording in enumerate(row.wordings):
            printed = [list(_ways(figure, marked)) for figure in wording.figures]
            name = tuple(mark.note for mark in wording.name.marks)
            for figures, notes in _one_changed(printed):
                for places in placements(len(figures), len(self._columns)):
                    yield Choice(laid(figures, places, len(self._columns)), (*name, *notes), 0, key)

    def taken(self, case: _Case) -> Chosen:
        row, wording = case.row, case.wording
        figures = _figures_of(wording, case.chosen.figures)
        known = not row.in_order or len(wording.figures) == len(self._columns)
        equalities = (tuple(self._equalities(case, place, known)) for place in range(len(figures)))
        return Chosen(row, wording, figures, tuple(equalities), self._reading(row))

    def _reading(self, row: Row) -> DeclaredReading | None:
        ids = {wording.mission_id for wording in row.wordings}
        return next((self._declared[i] for i in ids if i in self._declared), None)

    def _fits(self, choice: Choice, row: Row, reading: DeclaredReading) -> bool:
        figures = self._by_column(choice.figures)
        same = all(figures.get(name) == reading.figures.get(name) for name in {*figures, *reading.figures})
        return same and row.wordings[choice.key].mission_id == reading.mission_id

    def _by_column(self, figures: Figures) -> dict[str, int | None]:
        return dict(zip(self._columns, map(whole, figures), strict=True))

    def _undecided(self, case: _Case, why: str, choices: Iterable[Choice]) -> JvomError:
        """The refusal of a row, with these choices as its alternatives."""
        figures = [*map(self._by_column, dict.fromkeys(choice.figures for choice in choices))]
        name = case.wording.mission_id or answers.slug(case.wording.name.printed)
        return refusals.undecided(case.row.lines, name, why, figures, shared=why in (_SEVERAL, _RIVAL))

    def _doubts(self, case: _Case, most: Sequence[int] | None) -> Iterator[str]:
        """Why the only best reading of a row of a text is not to be relied on."""
        at, chosen, wording, solution = case.at, case.chosen, case.wording, case.solution
        yield from self._mark_doubts(case, most)
        if len(wording.figures) < len(self._columns):
            if any(lopsided(chosen.figures, one) for one in self.sums):
                yield "it would give a total without parts, or parts without a total"
            if solution.cost and any(at == group.total for group in self.groups):
                yield "the table contradicts itself, so the columns of its totals cannot be inferred"
            if solution.cost and (empty := next(self._empty_first(chosen), None)):
                yield f"the table contradicts itself, so that {empty} is empty cannot be inferred"

    def _blank_totals(self, chosen: Choice) -> Iterator[int]:
        """Totals that a row of exact figures prints no figure for."""
        exact = not any(isinstance(figure, Range) for figure in chosen.figures)
        for total, parts in self.sums if exact else ():
            if chosen.figures[total] is None and any(chosen.figures[part] is not None for part in parts):
                yield total

    def _mark_doubts(self, case: _Case, most: Sequence[int] | None) -> Iterator[str]:
        """Why the marks that a reading takes off figures, or leaves on them, are not to be relied on."""
        at, chosen, wording, solution = case.at, case.chosen, case.wording, case.solution
        for mark in (*(m for figure in wording.figures for m in figure.text.marks), *wording.apart):
            if solution.uses[mark.note] != {1}:
                yield f"{mark.note} looks like a footnote's mark, but that note is not marked exactly once"
        for mark in wording.apart:
            ways = (way for way in case.ways if way.apart < chosen.apart)
            if any(self._fits_as_well(way, case) for way in ways):
                yield f"no sum that comes out says that {mark.note} is a mark and not a figure"
        for place, figure in enumerate(_figures_of(wording, chosen.figures)):
            for mark in figure.text.marks if figure else ():
                whole = int(f"{chosen.lows[place]}{mark.note}")
                if whole <= (most or self._most)[place] and not self._confirmed(at, place, chosen, solution):
                    yield f"no sum that comes out says that {mark.note} is a mark and not the end of {whole}"
            if figure and figure.spaced and not self._confirmed(at, place, chosen, solution):
                yield f"no sum that comes out says that {figure.text.printed} is one figure"
        unmarked = [note for note, uses in solution.uses.items() if 0 in uses]
        for place, value in enumerate(chosen.figures):
            hidden = [note for note in unmarked if len(str(value)) > len(str(note))]
            if value is not None and hidden and not self._confirmed(at, place, chosen, solution):
                yield _UNMARKED.format(note=hidden[0], value=value)

    def _fits_as_well(self, way: Choice, case: _Case) -> bool:
        """Whether no sum that comes out speaks against another reading of a row."""
        pairs = enumerate(zip(way.figures, case.chosen.figures, strict=True))
        differing = (place for place, (one, other) in pairs if one != other)
        broken = violated(way.figures, self.sums) > violated(case.chosen.figures, self.sums)
        return not broken and not any(self._holds(case.at, place, case.solution) for place in differing)

    def _hidden_mark(self, case: _Case) -> str | None:
        """Why a figure of a PDF may end in a mark that is printed as large as a digit."""
        at, chosen, solution = case.at, case.chosen, case.solution
        unmarked = [str(note) for note, uses in solution.uses.items() if 0 in uses]
        for place, value in enumerate(chosen.figures):
            hidden = [note for note in unmarked if str(value).endswith(note) and str(value) != note]
            if value is not None and hidden and not self._sums_hold(at, chosen, [place], solution):
                return _UNMARKED.format(note=hidden[0], value=value)
        return None

    def _empty_first(self, chosen: Choice) -> Iterator[str]:
        """Columns that are empty at the start of a group or to the left of a figure in it, totals aside."""
        for group in self._parts:
            given = [chosen.figures[place] is not None for place in group]
            for index, place in enumerate(group):
                if not given[index] and (index == 0 or any(given[index:])):
                    yield self._columns[place]

    def _holds(self, at: int, place: int, solution: Solution) -> bool:
        """Whether a column comes out that sums exact figures, that of the row among them."""
        return any(
            place in holding
            for group, holding in zip(self.groups, solution.holding, strict=True)
            if at in group
        )

    def _confirmed(self, at: int, place: int, chosen: Choice, solution: Solution) -> bool:
        """Whether any sum of exact figures that a figure is part of comes out."""
        return self._holds(at, place, solution) or any(
            comes_out(chosen.figures, one) for one in self.sums if place in (one[0], *one[1])
        )

    def _sums_hold(
        self, at: int, chosen: Choice, places: Iterable[int], solution: Solution, unsummed: Iterable[int] = ()
    ) -> bool:
        """Whether every sum that the figures in these columns are part of comes out.

        A column whose total is declared to be printed as it is need not: the sums of the row say enough.
        """
        amiss = {*self.as_declared, *unsummed}
        return all(
            (place in amiss or self._holds(at, place, solution))
            and not any(violated(chosen.figures, [one]) for one in self.sums if place in (one[0], *one[1]))
            for place in places
        )

    def _unsummed(self, solution: Solution) -> set[int]:
        """The columns that have figures, and none in the row of totals: nothing is promised of them."""
        if not self.groups:
            return set()
        group = self.groups[0]
        columns = zip(*(solution.rows[at][0].figures for at in (group.total, *group.parts)), strict=True)
        return {place for place, (last, *rows) in enumerate(columns) if last is None and {*rows} - {None}}

    def _equalities(self, case: _Case, place: int, known: bool) -> Iterator[str]:
        """The sums that come out and speak for a figure, and for its column unless that is `known`."""
        chosen = case.chosen
        for total, parts in self.sums:
            given = [str(value) for part in parts if (value := chosen.figures[part]) is not None]
            if given and place in (total, *parts) and comes_out(chosen.figures, (total, parts)):
                yield f"row total {' + '.join(given)} = {chosen.figures[total]}"
        group = [] if known else next((group for group in self._parts if place in group), [])
        for other in sorted({place, *group}):
            if self._holds(case.at, other, case.solution):
                yield f"column total {self._columns[other]}"


def _spaced(row: Row, way: Choice) -> bool:
    return any(figure.spaced for figure in row.wordings[way.key].figures)


def _why(row: Row, ordered: Sequence[Choice]) -> str:
    if row.disputed:
        tags = "the file's structure tags have other cells in it (tag_geometry_disagreement)"
        return f"{tags}, and not all of its sums come out"
    if len(ordered) == 1:
        return "its sums do not come out, and by the order of its figures they would be placed otherwise"
    return "its sums do not come out, and nothing but the place of its figures says which column they are in"


def _figures_of(wording: Wording, values: Figures) -> tuple[Figure | None, ...]:
    """The printed figure of each column: the one seen in it, else the next in the printed order.

    Dashes go to the first empty columns where they may be.
    """
    seen = {figure.column: figure for figure in wording.figures if figure.column is not None}
    if len(seen) == len(wording.figures) and wording.figures:
        placed = [seen.get(place) for place in range(len(values))]
        if all((one.amount if one else None) == value for one, value in zip(placed, values, strict=True)):
            return tuple(placed)
    left = [figure for figure in wording.figures if not seen or figure.amount is not None]
    figures: list[Figure | None] = []
    for value in values:
        taken = bool(left) and (left[0].amount is None) == (value is None)
        figures.append(left.pop(0) if taken else None)
    return tuple(figures)


def _ways(figure: Figure, notes: Collection[int]) -> Iterator[tuple[Amount, tuple[int, ...]]]:
    """The ways to take one printed cell: the figure with its marks off, or with a mark's digits in it."""
    marks = tuple(mark.note for mark in figure.text.marks)
    yield figure.amount, marks
    if len(figure.parts) == 1:
        if len(marks) == 1 and (value := numerals.whole(f"{figure.text.printed}{marks[0]}")) is not None:
            yield value, ()
        for body, note in numerals.marked(figure.text.printed, notes) if not marks else ():
            if (value := numerals.whole(body)) is not None:
                yield value, (note,)


def _one_changed(
    printed: Sequence[Sequence[tuple[Amount, tuple[int, ...]]]],
) -> Iterator[tuple[list[Amount], tuple[int, ...]]]:
    """Each cell as first given, and each with one cell taken in another way."""
    usual = [ways[0] for ways in printed]
    changed = [[*usual[:at], way, *usual[at + 1 :]] for at, ways in enumerate(printed) for way in ways[1:]]
    for taken in [*changed, usual]:
        yield [value for value, _ in taken], tuple(note for _, notes in taken for note in notes)
