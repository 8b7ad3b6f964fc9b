"""Editions that were never printed: from rows to the text of a report, in the style of the real one.

    table = PersonnelTable(rows=(PersonnelRow("unifil", "UNIFIL", "Midden-Oosten", (1, None, 2, None, 2)),))
    text = render(Edition(personnel=table))

`render` gives a whole document: a chapter, annex 1, annex 2. `render_personnel` gives the lines of
annex 2 alone, heading included. As in the real text, empty cells vanish, marks are glued to names or
figures, names wrap. `Style` says how it is set. The strategies `personnel_tables`, `styles` and
`editions` draw such things for Hypothesis; a table that they draw adds up, and marks each note once.
`with_error` plants a contradiction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, groupby

from hypothesis import strategies as st

from schemas import registry

REGISTRY = registry.load()
LAYOUT = REGISTRY.layouts[0]
COLUMNS = LAYOUT.personnel.columns
REGIONS = LAYOUT.personnel.regions
SEPARATE = f"({LAYOUT.personnel.separate_report})"

Figures = tuple[int | None, ...]


@dataclass(frozen=True)
class PersonnelRow:
    """One row of annex 2. `note` is marked on the name, or on the figure in column `marked`.

    `sums` prints the figure of a column as a sum of two: {0: 2} prints 5 as `3 + 2`.
    """

    mission_id: str
    name: str
    region: str | None
    figures: Figures
    note: int | None = None
    marked: int | None = None
    sums: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class PersonnelTable:
    """Annex 2: rows under their region headings, and the totals row; by default what they add up to."""

    rows: tuple[PersonnelRow, ...]
    totals: Figures | None = None

    @property
    def printed_totals(self) -> Figures:
        """The totals row: a column without any figure has no total."""
        if self.totals is not None:
            return self.totals
        columns = [[value for value in column if value is not None] for column in zip(*self.figures)]
        return tuple(sum(column) if column else None for column in columns)

    @property
    def figures(self) -> list[Figures]:
        """The figures of each row."""
        return [row.figures for row in self.rows]

    @property
    def notes(self) -> tuple[int, ...]:
        """The notes that are marked, in order."""
        return tuple(sorted(row.note for row in self.rows if row.note is not None))


@dataclass(frozen=True)
class MandateRow:
    """One row of annex 1, each cell as printed."""

    mission_id: str
    name: str
    legal_basis: str = "VNVR-resolutie 2695"
    international_mandate: str = "31 augustus 2024"
    national_frame: str = "31 juli 2025"


@dataclass(frozen=True)
class Style:
    """How a document is set.

    `spaced` puts a blank line after each line, `gap` parts a name and its figures, `wrap` is the
    number of words after which a name goes on in the next line, `dots` prints 1790 as 1.790,
    `notes_first` puts footnotes above their table, `line_end` ends each line.
    """

    spaced: bool = True
    gap: str = " "
    wrap: int = 5
    dots: bool = False
    notes_first: bool = True
    line_end: str = "\n"


@dataclass(frozen=True)
class Edition:
    """A whole report."""

    personnel: PersonnelTable
    mandates: tuple[MandateRow, ...] = (MandateRow("unifil", "UNIFIL"),)
    period: str = "mei 2023 t/m april 2024"
    style: Style = field(default_factory=Style)


def render(edition: Edition) -> str:
    """The text of the whole document."""
    pages = [
        [" 1 Inleiding", "Dit is een verzonnen verslag over inzet."],
        render_mandates(edition.mandates),
        [*render_personnel(edition.personnel, edition.style, edition.period), *_closing()],
    ]
    lines = [line for page in pages for line in page]
    if edition.style.spaced:
        lines = [line for text in lines for line in (text, "")]
    return edition.style.line_end.join([*lines, ""])


def render_mandates(rows: Iterable[MandateRow]) -> list[str]:
    """The lines of annex 1; a page starts at its heading."""
    header = " ".join(column.printed for column in LAYOUT.mandates.columns)
    lines = [f" {LAYOUT.mandates.heading.printed}", header]
    for row in rows:
        lines.append(f"{row.name} {row.legal_basis} {row.international_mandate} {row.national_frame}")
    return lines


def render_personnel(table: PersonnelTable, style: Style, period: str) -> list[str]:
    """The lines of annex 2, from its heading to its totals row; a page starts at its heading."""
    heading = LAYOUT.personnel.heading.printed.replace("<period>", period)
    notes = [f"{number} Toelichting bij een van de missies." for number in table.notes]
    body = [*LAYOUT.personnel.header.split(" / ")]
    for region, rows in groupby(table.rows, key=lambda row: row.region):
        body.extend([region] if region else [])
        body.extend(line for row in rows for line in render_row(row, style))
    body.append(style.gap.join([LAYOUT.personnel.total, *_printed(table.printed_totals, style)]))
    parts = [notes, body] if style.notes_first else [body, notes]
    return [f" {heading}", *(line for part in parts for line in part)]


def render_row(row: PersonnelRow, style: Style) -> list[str]:
    """The lines of one row: its name, perhaps wrapped, and its figures after the name's last line."""
    words = row.name.split(" ")
    if row.note is not None and row.marked is None:
        words = marked_name(words, row.note)
    lines = [" ".join(words[start : start + style.wrap]) for start in range(0, len(words), style.wrap)]
    figures: list[str] = []
    sums = dict(row.sums)
    for column, (value, text) in enumerate(zip(row.figures, _cells(row.figures, style), strict=True)):
        if value is None:
            continue
        shown = f"{value - sums[column]} + {sums[column]}" if column in sums else text
        figures.append(f"{shown}{row.note}" if row.marked == column else shown)
    lines[-1] = style.gap.join([lines[-1], *figures])
    return lines


def marked_name(words: Sequence[str], note: int) -> list[str]:
    """The words of a name with a note's number glued to its last word."""
    return [*words[:-1], f"{words[-1]}{note}"]


def _cells(figures: Figures, style: Style) -> Iterator[str]:
    for value in figures:
        yield "" if value is None else f"{value:,}".replace(",", "." if style.dots else "")


def _printed(figures: Figures, style: Style) -> list[str]:
    return [text for text in _cells(figures, style) if text]


def _closing() -> list[str]:
    return ["Deze cijfers zijn verzonnen en staan hier alleen om te worden gelezen."]


def _figures(military: bool, civil: bool, sizes: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[int | None, ...]]:
    empty = st.none()
    return st.tuples(sizes if military else empty, sizes if civil else empty)


@st.composite
def row_figures(draw: st.DrawFn) -> Figures:
    """Frame and deployed figures of one mission; the total adds up. Civil only is rare, as in print."""
    sizes = st.one_of(st.integers(0, 12), st.integers(1, 300), st.integers(1, 2500))
    kinds = ["military"] * 6 + ["both"] * 3 + ["civil"]
    frame = draw(st.sampled_from([*kinds, "none"]))
    deployed = draw(st.sampled_from([frame, *kinds])) if frame != "none" else draw(st.sampled_from(kinds))
    parts = {"military": (True, False), "both": (True, True), "civil": (False, True), "none": (False, False)}
    frames = draw(_figures(*parts[frame], sizes))
    sent = draw(_figures(*parts[deployed], sizes))
    return (*frames, *sent, sum(value or 0 for value in sent))


@st.composite
def personnel_tables(draw: st.DrawFn, most: int = 10) -> PersonnelTable:
    """A table that adds up: missions of the registry in any order, regions, notes, printed sums."""
    missions = draw(st.lists(st.sampled_from(REGISTRY.missions), min_size=1, max_size=most, unique=True))
    regions = draw(st.lists(st.sampled_from(REGIONS), min_size=len(missions), max_size=len(missions)))
    marked = draw(st.lists(st.sampled_from(range(len(missions))), unique=True, max_size=3))
    notes = count(draw(st.integers(1, 30)))
    rows = []
    for number, (mission, region) in enumerate(zip(missions, sorted(regions, key=REGIONS.index), strict=True)):
        name = draw(st.sampled_from(mission.spellings))
        row = PersonnelRow(mission.id, name, region, draw(row_figures()))
        if draw(st.integers(0, 4)) == 0:
            row = replace(row, name=f"{name} {SEPARATE}")
        if number in marked:
            places = [None, *(i for i, value in enumerate(row.figures) if value is not None)]
            row = replace(row, note=next(notes), marked=draw(st.sampled_from(places)))
        if (first := row.figures[0]) is not None and first > 1 and draw(st.integers(0, 5)) == 0:
            row = replace(row, sums=((0, draw(st.integers(1, first - 1))),))
        rows.append(row)
    return PersonnelTable(tuple(rows))


@st.composite
def with_error(draw: st.DrawFn, table: PersonnelTable) -> PersonnelTable:
    """The table with one figure, of a row or of the totals row, off by a little or a lot."""
    rows = [*table.figures, table.printed_totals]
    at = draw(st.sampled_from([(i, j) for i, row in enumerate(rows) for j, v in enumerate(row) if v is not None]))
    row, column = at
    value = rows[row][column] or 0
    other = draw(st.integers(0, 50) | st.integers(0, 3000).filter(lambda new: new != value))
    changed = (*rows[row][:column], other, *rows[row][column + 1 :])
    if row == len(table.rows):
        return replace(table, totals=changed)
    kept = tuple(
        replace(old, figures=changed, sums=()) if i == row else old for i, old in enumerate(table.rows)
    )
    return PersonnelTable(kept, table.printed_totals)


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


def editions() -> st.SearchStrategy[Edition]:
    """Whole reports whose annex 2 adds up."""
    return st.builds(Edition, personnel=personnel_tables(), style=styles())
