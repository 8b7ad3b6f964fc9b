"""Editions that were never printed: annex 2 from rows to text, in the style of the real report.

    table = PersonnelTable((PersonnelRow("unifil", "UNIFIL", "Afrika", (1, None, 2, None, 2)),))
    text = render(Edition(table))

`render_personnel` gives the lines of annex 2, heading included; `render` a whole report around them,
with annex 1 and running text of `reports`. As in the real text, empty cells vanish, marks
are glued to names or figures, and names wrap; `Style` says how it is set. A table that the strategy
`personnel_tables` draws adds up and marks each note once; `with_error` plants a contradiction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count, groupby

from hypothesis import assume
from hypothesis import strategies as st

from schemas.registry import Layout
from tests.support.reports import ANNEX_1, REGISTRY, report

LAYOUT = REGISTRY.layouts[0]
COLUMNS = LAYOUT.personnel.columns
REGIONS = LAYOUT.personnel.regions
SEPARATE = f"({LAYOUT.personnel.separate_report})"

Figures = tuple[int | None, ...]


@dataclass(frozen=True)
class PersonnelRow:
    """One row of annex 2. `note` is marked on the name, or on the figure in column `marked`.

    `addend` prints the first figure as a sum: 2 prints 5 as `3 + 2`.
    """

    mission_id: str
    name: str
    region: str | None
    figures: Figures
    note: int | None = None
    marked: int | None = None
    addend: int | None = None


@dataclass(frozen=True)
class PersonnelTable:
    """Annex 2: rows under their region headings; `totals` is what they add up to unless it is given."""

    rows: tuple[PersonnelRow, ...]
    totals: Figures | None = None

    @property
    def figures(self) -> list[Figures]:
        return [row.figures for row in self.rows]

    @property
    def printed_totals(self) -> Figures:
        """The totals row; a column without any figure has none there either."""
        if self.totals is not None:
            return self.totals
        columns = [[v for v in column if v is not None] for column in zip(*self.figures, strict=True)]
        return tuple(sum(column) if column else None for column in columns)

    @property
    def notes(self) -> tuple[int, ...]:
        return tuple(sorted(row.note for row in self.rows if row.note is not None))


@dataclass(frozen=True)
class Style:
    """How a document is set.

    `spaced` puts a blank line after each line, `gap` parts figures, `wrap` is the number of words
    after which a name goes on in the next line, `dots` prints 1790 as 1.790, `notes_first` puts
    footnotes above their table, `line_end` ends each line.
    """

    spaced: bool = True
    gap: str = " "
    wrap: int = 5
    dots: bool = False
    notes_first: bool = True
    line_end: str = "\n"


@dataclass(frozen=True)
class Edition:
    """A whole report; `annex_1` holds the lines of the other annex, `layout` says how annex 2 is laid out."""

    personnel: PersonnelTable
    style: Style = field(default_factory=Style)
    period: str = "mei 2023 t/m april 2024"
    annex_1: tuple[str, ...] = tuple(ANNEX_1)
    layout: Layout = LAYOUT


def render(edition: Edition) -> str:
    """The text of the whole report."""
    style = edition.style
    annex_2 = [
        *render_personnel(edition.personnel, style, edition.period, edition.layout),
        "Deze cijfers zijn verzonnen en staan hier alleen om te worden gelezen.",
    ]
    text = report(annex_1=list(edition.annex_1), annex_2=annex_2)
    return text.replace("\n", style.line_end * (2 if style.spaced else 1))


def render_personnel(table: PersonnelTable, style: Style, period: str, layout: Layout = LAYOUT) -> list[str]:
    """The lines of annex 2, from its heading (a page starts there) to its totals row or footnotes."""
    heading = layout.personnel.heading.printed.replace("<period>", period)
    notes = [f"{number} Toelichting bij een van de missies." for number in table.notes]
    body = layout.personnel.header.split(" / ")
    for region, rows in groupby(table.rows, key=lambda row: row.region):
        body += [region] if region else []
        body += [line for row in rows for line in render_row(row, style)]
    totals = [_number(value, style) for value in table.printed_totals if value is not None]
    body.append(style.gap.join([layout.personnel.total, *totals]))
    return [f" {heading}", *notes, *body] if style.notes_first else [f" {heading}", *body, *notes]


def render_row(row: PersonnelRow, style: Style) -> list[str]:
    """The lines of one row: its name, perhaps wrapped, and its figures behind the name's last line."""
    words = row.name.split()
    if row.note is not None and row.marked is None:
        words[-1] += str(row.note)
    lines = [" ".join(words[start : start + style.wrap]) for start in range(0, len(words), style.wrap)]
    figures = [
        render_figure(row, column, value, style)
        for column, value in enumerate(row.figures)
        if value is not None
    ]
    return [*lines[:-1], style.gap.join([lines[-1], *figures])]


def render_figure(row: PersonnelRow, column: int, value: int, style: Style) -> str:
    """One cell that is not empty."""
    shown = _number(value, style)
    if row.addend is not None and column == 0:
        shown = f"{value - row.addend} + {row.addend}"
    return f"{shown}{row.note}" if row.marked == column else shown


def _number(value: int, style: Style) -> str:
    return f"{value:,}".replace(",", "." if style.dots else "")


_KINDS = {
    "military": (True, False),
    "both": (True, True),
    "civil": (False, True),
    "none": (False, False),
}
_ANY = ["military"] * 7 + ["both"] * 3 + ["civil"]
_SIZES = st.one_of(st.integers(1, 12), st.integers(1, 300), st.integers(0, 2500))


@st.composite
def row_figures(draw: st.DrawFn, usual: bool) -> Figures:
    """Frame and deployed figures of one mission, with the total that they add up to.

    In a `usual` row soldiers have a frame and are deployed, with civil experts on both sides or none.
    """
    sent = draw(st.sampled_from(_ANY[:-1] if usual else _ANY))
    frame = sent if usual else draw(st.sampled_from([sent, sent, sent, *_ANY, "none"]))
    sizes = st.integers(1, 2500) if usual else _SIZES
    cells = [draw(sizes) if given else None for kind in (frame, sent) for given in _KINDS[kind]]
    return (*cells, sum(value or 0 for value in cells[2:]))


@st.composite
def personnel_tables(draw: st.DrawFn, most: int = 8, usual: bool = False) -> PersonnelTable:
    """A table that adds up: missions in any order, in any spelling, with regions, marks and sums.

    A `usual` table has a figure in every column, and only usual rows (see `row_figures`).
    """
    missions = draw(st.lists(st.sampled_from(REGISTRY.missions), min_size=1, max_size=most, unique=True))
    regions = sorted(draw(st.sampled_from(REGIONS)) for _ in missions)
    marked = draw(st.sets(st.sampled_from(range(len(missions))), max_size=3))
    notes = count(draw(st.integers(1, 30)))
    rows = []
    for place, (mission, region) in enumerate(zip(missions, regions, strict=True)):
        name = draw(st.sampled_from(mission.spellings)) + draw(st.sampled_from(["", "", f" {SEPARATE}"]))
        row = PersonnelRow(mission.id, name, region, draw(row_figures(usual)))
        if place in marked:
            columns = [None, *_given(row.figures)]
            row = replace(row, note=next(notes), marked=draw(st.sampled_from(columns)))
        if (row.figures[0] or 0) > 1 and draw(st.integers(0, 5)) == 0:
            row = replace(row, addend=draw(st.integers(1, (row.figures[0] or 0) - 1)))
        rows.append(row)
    table = PersonnelTable(tuple(rows))
    assume(not usual or None not in table.printed_totals)
    return table


@st.composite
def with_error(draw: st.DrawFn, table: PersonnelTable) -> PersonnelTable:
    """The table with one printed figure changed, in a row or in the totals row."""
    totals = table.printed_totals
    place = draw(st.integers(0, len(table.rows)))
    if place == len(table.rows):
        return replace(table, totals=draw(_changed(totals)))
    row = table.rows[place]
    changed = replace(row, figures=draw(_changed(row.figures)), addend=None)
    return PersonnelTable((*table.rows[:place], changed, *table.rows[place + 1 :]), totals)


@st.composite
def _changed(draw: st.DrawFn, figures: Figures) -> Figures:
    column = draw(st.sampled_from(_given(figures)))
    value = draw(st.one_of(st.integers(0, 30), st.integers(0, 3000)).filter(lambda v: v != figures[column]))
    return (*figures[:column], value, *figures[column + 1 :])


def _given(figures: Sequence[int | None]) -> list[int]:
    return [column for column, value in enumerate(figures) if value is not None]


def styles() -> st.SearchStrategy[Style]:
    """Any way to set a document."""
    return st.builds(
        Style,
        spaced=st.booleans(),
        gap=st.sampled_from([" ", "  ", "\u00a0", " \u2009"]),
        wrap=st.integers(2, 6),
        dots=st.booleans(),
        notes_first=st.booleans(),
        line_end=st.sampled_from(["\n", "\r\n"]),
    )
