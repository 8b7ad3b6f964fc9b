"""Which rows of annex 2 sum which others: the totals row, subtotals of regions, and parts of a row.

Words say that a row may be a sum, where it is printed says of which rows, and figures settle what both leave
open: whether a region's row with figures is its subtotal or a mission, whether `Totaal` under a region sums
that region or the table. A subtotal that its words name is one even where it contradicts its rows; a row that
only its figures make one is a subtotal only where they come out. What no figure settles is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.extract.row_roles import plain
from pipelines.extract.rows import Row
from pipelines.extract.search import RULE, Choice, Group, Sums, TooManyReadingsError, solve, violated

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


def find(rows: Sequence[Row], choices: Choices, sums: Sums, summed: Callable[[str], str | None]) -> Structure:
    """The structure of a table; `choices` are the ways to read each row, `summed` says what a name sums."""
    return _Finder(rows, choices, sums, summed).find()


class _Finder:
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
        for at, row in enumerate(self._rows):
            if row.kind == "subtotal" and at != found.total:
                self._subtotal(at)
            elif row.kind == "total" and at != found.total:
                self._second_total(at)
            elif row.kind == "of which":
                self._part(at)
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
        """A row with a total's words beside the totals row sums the rows of its region, if any."""
        way = next((way for way in self._runs(at) if self.fits(at, way)), None)
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
        region, run = self._rows[at].region, []
        for one in range(at + 1, len(self._rows)):
            if self._rows[one].kind == "mission" and self._rows[one].region == region:
                run.append(one)
            elif self._rows[one].kind != "of which":
                break
        return run

    def _opens(self, at: int) -> bool:
        """Whether a mission is the first under its region."""
        earlier = [one for one in self._found.missions if one < at]
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
