"""Which rows of annex 2 sum which others: the totals row, subtotals of regions, and parts of a row.

Words say that a row may be a sum, where it is printed says of which rows, and figures settle what both leave
open: whether a region's row with figures is its subtotal or a mission, whether `Totaal` under a region sums
that region or the table. A subtotal that its words name is one even where it contradicts its rows; a row that
only its figures make one is a subtotal only where they come out. What no figure settles is refused.

Here too: the errors of print that explain a row where sums do not come out (`Errors`), and rows that are
one mission's, which a declared reading adds up (`joined`). Which reading is relied on `columns` decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations

from pipelines.extract.cells import Text
from pipelines.extract.pdf.rows import PdfCell
from pipelines.extract.roles import plain
from pipelines.extract.rows import Figure, Row, Wording
from pipelines.extract.search import (
    APART,
    NOTE,
    RULE,
    Choice,
    Group,
    Sum,
    Sums,
    TooManyReadingsError,
    difference,
    lopsided,
    off,
    solve,
    violated,
)
from schemas.registry import DeclaredReading

_SEVERAL = 2  # rows, at least, whose sum is not a coincidence
Choices = Sequence[Sequence[Choice]]


@dataclass
class Structure:
    """Rows by their places in the table.

    `missions` are its missions, `total` its totals row, `subtotals` the rows that sum others; `parts` says of
    which row an "of which" row is a part. `open` says why a row's role is not decided, `unnamed` which role a
    row of an unknown mission can have by its figures.
    """

    missions: list[int] = field(default_factory=list)
    total: int | None = None
    subtotals: list[Group] = field(default_factory=list)
    parts: dict[int, int] = field(default_factory=dict)
    open: dict[int, str] = field(default_factory=dict)
    unnamed: dict[int, str] = field(default_factory=dict)

    @property
    def groups(self) -> list[Group]:
        """What the rows are summed by, the group of all missions first where the table has a total."""
        whole = [] if self.total is None else [Group(self.total, tuple(self.missions))]
        return [*whole, *self.subtotals]


class Finder:
    """The structure of a table; `choices` are the ways to read each row, `summed` says what a name sums."""

    def __init__(
        self, rows: Sequence[Row], choices: Choices, sums: Sums, summed: Callable[[str], str | None]
    ) -> None:
        self._rows, self._choices, self._sums, self._summed = rows, choices, sums, summed
        self._found = Structure(missions=[at for at, row in enumerate(rows) if row.kind == "mission"])

    def find(self) -> Structure:
        found = self._found
        totals = [at for at, row in enumerate(self._rows) if row.kind == "total"]
        found.total = self._whole(totals)
        if regions := [at for at, row in enumerate(self._rows) if row.kind == "region"]:
            self._regions(regions)
        settle = {"subtotal": self._subtotal, "total": self._second_total, "of which": self._part}
        for at, row in enumerate(self._rows):
            if row.kind in settle and at != found.total:
                settle[row.kind](at)
        for at in found.missions:
            if all(wording.mission_id is None for wording in self._rows[at].wordings):
                self._unnamed(at)
        return found

    def _unnamed(self, at: int) -> None:
        """Sees whether a row of an unknown mission is the sum of several others."""
        others = [one for one in self._found.missions if one != at]
        above = [one for one in others if one < at and self._rows[one].region == self._rows[at].region]
        if len(others) >= _SEVERAL and not others[0] < at < others[-1] and self.fits(at, others):
            self._found.unnamed[at] = "row total"
        elif len(above) >= _SEVERAL and self.fits(at, above):
            self._found.unnamed[at] = "row subtotal"

    def _whole(self, totals: Sequence[int]) -> int | None:
        """The row that sums all missions: the last or the first row of a sum, by its words or its place."""
        missions = self._found.missions
        outside = [at for at in totals if missions and not missions[0] < at < missions[-1]]
        if outside:
            return outside[-1]
        if totals:
            return None
        named = [at for at, row in enumerate(self._rows) if row.kind == "subtotal"]
        edge = [at for at in named if missions and not missions[0] < at < missions[-1]]
        plain = [at for at in edge if not self._of_region(at)]
        return next((at for at in reversed(plain) if self.fits(at, missions)), None)

    def _of_region(self, at: int) -> bool:
        """Whether a subtotal has the name of a region's heading or its opening, or none at all under one."""
        rest = self._summed(self._name(at))
        regions = {self._region(one) for one in range(len(self._rows))} - {""}
        return any(region.startswith(rest or "") for region in regions)

    def _regions(self, found: Sequence[int]) -> None:
        """Settles which rows with a region's name and figures are subtotals, and which missions."""
        total, missions = self._found.total, list(self._found.missions)
        under = {at: self._below(at) for at in found}
        sure = [at for at in found if under[at] and self.fits(at, under[at])]
        without = total is not None and self.fits(total, missions)
        for at in found:
            known = self._rows[at].wordings[0].mission_id is not None
            joined = total is not None and not without and self.fits(total, sorted([*missions, at]))
            others = [one for one in sure if one != at]
            if known or not under[at] or joined:
                self._found.missions.append(at)
                if known and at in sure and not joined:
                    self._found.open[at] = "it has the name of a mission, and is the sum of the rows below it"
            elif (others and (without or total is None)) or (
                at in sure and (without or any(len(under[one]) >= _SEVERAL for one in sure))
            ):
                self._found.subtotals.append(Group(at, tuple(under[at])))
            elif at in sure:
                self._found.open[at] = "it has the name of a region, and the figures of the only row below it"
            else:
                self._found.open[at] = (
                    "it has the name of a region, but its figures are not the sum of its rows"
                )
        self._found.missions.sort()

    def _subtotal(self, at: int) -> None:
        """Settles which rows a subtotal sums: those it names, those of its region, or a run of them."""
        ways = list(self._runs(at))
        way = next((way for way in ways if self.fits(at, way)), None)
        if way is None and ways and self._of_region(at):
            way = ways[0]
        if way is None:
            self._found.open[at] = "it opens like a sum, but no rows beside it add up to it"
        else:
            self._found.subtotals.append(Group(at, tuple(way)))

    def _second_total(self, at: int) -> None:
        """A row with a total's words beside the totals row sums the rows of its region, or all once more."""
        ways = self._runs(at)
        if not self._before(at):  # above all rows, as the totals are below them
            ways = chain(ways, [self._found.missions])
        way = next((way for way in ways if self.fits(at, way)), None)
        if way is None:
            self._found.open[at] = "it is a second row of totals, and no rows beside it add up to it"
        elif self._found.total is None and way == self._before(at):
            self._found.open[at] = "it is the sum of all rows above it, but rows follow it"
        else:
            self._found.subtotals.append(Group(at, tuple(way)))

    def _runs(self, at: int) -> Iterator[list[int]]:
        """Runs of missions that the sum in row `at` may be of, the likeliest first."""
        rest, before = self._summed(self._name(at)), self._before(at)
        starts = [one for one in before if self._opens(one)]
        named = [one for one in starts if self._region(one) and self._region(one) == rest]
        closed = max((one for one in range(at) if self._rows[one].kind in ("subtotal", "total")), default=-1)
        own = (
            [one for one in starts if self._region(one) == self._region(at)] if self._rows[at].region else []
        )
        for start in dict.fromkeys([*named[-1:], *own[-1:], closed + 1, *reversed(starts)]):
            if run := [one for one in before if one >= start]:
                yield run
        if below := self._below(at):
            yield below

    def _before(self, at: int) -> list[int]:
        return [one for one in self._found.missions if one < at]

    def _below(self, at: int) -> list[int]:
        """The missions below a row that heads them: those that are under the same region."""
        own, run = ("mission", self._rows[at].region), []
        for one in range(at + 1, len(self._rows)):
            if (self._rows[one].kind, self._rows[one].region) == own:
                run.append(one)
            elif self._rows[one].kind != "of which":
                break
        return run

    def _opens(self, at: int) -> bool:
        """Whether a mission is the first under its region."""
        earlier = self._before(at)
        return not earlier or self._rows[earlier[-1]].region != self._rows[at].region

    def _region(self, at: int) -> str:
        region = self._rows[at].region
        return plain(region.printed) if region else ""

    def _part(self, at: int) -> None:
        """The row above an "of which" row is what it is a part of."""
        above = next((one for one in range(at - 1, -1, -1) if self._rows[one].kind != "of which"), None)
        if above is None:
            self._found.open[at] = "it is a part of a row, but no row is above it"
        else:
            self._found.parts[at] = above

    def _name(self, at: int) -> str:
        return self._rows[at].wordings[0].plain

    def fits(self, at: int, parts: Sequence[int]) -> bool:
        """Whether a row can be the sum of others in every column, without more errors than they have."""
        ways = [[Choice(choice.figures) for choice in self._choices[one]] for one in (*parts, at)]
        alone = sum(min(RULE * violated(choice.figures, self._sums) for choice in row) for row in ways)
        try:
            group = Group(len(parts), tuple(range(len(parts))))
            return bool(parts) and solve(ways, [group], {}, self._sums).cost == alone
        except TooManyReadingsError:
            return False


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
    if not lopsided(choice.figures, one) and not amount:
        return True
    amounts = [*filter(None, (-lacks[total], *(lacks[part] for part in parts)))]
    some = (used for size in range(1, len(amounts) + 1) for used in combinations(amounts, size))
    return any(sum(used) == amount for used in some)


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


def joined(rows: Sequence[Row], readings: Iterable[DeclaredReading]) -> list[Row]:
    """The rows; those of a mission whose reading is declared to be of several are one."""
    found = [*rows]
    for reading in (one for one in readings if one.rows > 1):
        of = [row for row in found if row.wordings and row.wordings[0].mission_id == reading.mission_id]
        if len(of) == reading.rows and all(map(_is_seen, of)):
            joined_row = _one_row(of)
            found = [joined_row if row is of[0] else row for row in found if row not in of[1:]]
    return found


def together(rows: Sequence[Row], columns: Sequence[str]) -> Mapping[str, int] | None:
    """What rows make together, by column; None where a figure or its column is not certain."""
    if not all(map(_is_seen, rows)):
        return None
    wordings = [row.wordings[0] for row in rows]
    if not all(figure.exact for wording in wordings for figure in wording.figures):
        return None
    return {columns[one.column or 0]: one.value for one in _added(wordings) if one.value is not None}


def _is_seen(row: Row) -> bool:
    return not row.in_order and not row.disputed and len(row.wordings) == 1


def _one_row(rows: Sequence[Row]) -> Row:
    first, wordings = rows[0], [row.wordings[0] for row in rows]
    places = range(len(wordings[0].cells))
    cells = tuple(_as_one([wording.cells[place] for wording in wordings]) for place in places)
    texts: dict[str, list[Text]] = {}
    for role, text in (one for row in rows for one in row.texts):
        texts.setdefault(role, []).append(text)
    return replace(
        first,
        lines=tuple(line for row in rows for line in row.lines),
        wordings=(replace(wordings[0], figures=tuple(_added(wordings)), cells=cells),),
        agreed=all(row.agreed for row in rows),
        under=all(row.under for row in rows),
        texts=tuple((role, _as_one(given)) for role, given in texts.items()),
    )


def _added(wordings: Sequence[Wording]) -> Iterable[Figure]:
    """Each column's figure, in all rows together."""
    by_column: dict[int, list[Figure]] = {}
    for figure in (figure for wording in wordings for figure in wording.figures):
        by_column.setdefault(figure.column or 0, []).append(figure)
    for column in sorted(by_column):
        given = by_column[column]
        parts = tuple(part for figure in given for part in figure.parts)
        yield replace(given[0], text=_as_one([figure.text for figure in given]), parts=parts)


def _as_one(texts: Sequence[Text]) -> Text:
    """Several cells as one, with the places of all; blanks count for nothing."""
    given = [text for text in texts if text.printed] or texts[:1]
    spans = tuple(span for text in given for span in text.spans)
    return replace(
        given[0],
        words=tuple(word for text in given for word in text.words),
        marks=tuple(mark for text in given for mark in text.marks),
        cell=PdfCell(" ".join(text.printed for text in given), (), spans),
        disputed=tuple(dict.fromkeys(why for text in given for why in text.disputed)),
    )
