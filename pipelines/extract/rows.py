"""Annex 2 as its printed rows: names, figures, footnote marks, region headings; as read from a text or a PDF.

Here belongs what can be said without the totals: where a row starts and ends, which mission a name is,
which digits may be a footnote's mark (`text_rows`, `pdf_rows`). Which column a figure of a text belongs to
is left open, and so is which of two readings of a picture is right: `columns` decides. From the header to
the totals row (or its last row) everything printed is part of a row, a region heading, a repeated header, a
line of text, or a leftover; nothing is skipped. Which rows sum others is said in `sums`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.extract import numerals
from pipelines.extract.cells import Mark, Text
from pipelines.extract.numerals import PrintedFigure
from pipelines.extract.roles import Kind
from pipelines.extract.search import Amount, Range
from pipelines.model import Line

TIGHT = "it may be two numbers that are not to be added up"
MOST_MARKED = 4  # words of one row that could end in a mark


@dataclass(frozen=True)
class Figure:
    """A printed figure; `parts` are the numbers that it adds up, one for a plain figure, none for a dash.

    `column` is the place of the column that it is printed under; None in a text, where it can be in any,
    in the printed order. `doubt` says of a figure in a picture what only one of its readings gave, or
    that it may not be a sum (`TIGHT`).
    `qualifier`, `low` and `high` are as in `numerals.PrintedFigure`.
    """

    text: Text
    parts: tuple[int, ...]
    column: int | None = None
    doubt: str = ""
    qualifier: str | None = None
    low: int | None = None
    high: int | None = None

    @classmethod
    def of(cls, text: Text, said: PrintedFigure, column: int | None = None, doubt: str = "") -> Figure:
        if not doubt and "declared" not in text.how and numerals.is_tight(text.printed):
            doubt = TIGHT
        return cls(text, said.parts, column, doubt, said.qualifier, said.low, said.high)

    @property
    def value(self) -> int | None:
        """The figure, in persons; None where a dash says that the cell is empty, or none is certain."""
        return sum(self.parts) if self.parts else None

    @property
    def exact(self) -> bool:
        """Whether it has its value, or says that the cell is empty."""
        return bool(self.parts) or self.qualifier is None

    @property
    def amount(self) -> Amount:
        """What it counts for in sums."""
        return self.value if self.exact else Range(self.low or 0, self.high)

    @property
    def spaced(self) -> bool:
        """Whether a space may part its thousands, or two figures."""
        return len(self.parts) == 1 and len(self.text.words) > 1


@dataclass(frozen=True)
class Wording:
    """One way to read a row's words.

    `mission_id` is `total` for the totals row, and None where no mission has the name `plain`,
    which leaves out a bracket that speaks of a separate report. `apart` are marks that are apart from
    what they mark. In a PDF `cells` holds every cell in its column, a blank one too.
    """

    name: Text
    plain: str
    mission_id: str | None
    figures: tuple[Figure, ...]
    apart: tuple[Mark, ...] = ()
    cells: tuple[Text, ...] = ()

    @property
    def separate_report(self) -> bool:
        """Whether the name says that the mission has a progress report of its own."""
        return self.plain != self.name.printed

    @property
    def marks(self) -> tuple[Mark, ...]:
        glued = (mark for figure in self.figures for mark in figure.text.marks)
        return (*self.name.marks, *glued, *self.apart)


@dataclass(frozen=True)
class Row:
    """One row: its lines, the region heading it is under, the ways to read its words, what its name makes it.

    `in_order` says that only the order of its figures is known, as in a text. In a PDF every wording has
    its figures in their columns: `agreed` says that the file's tags or drawn lines have the same, `disputed`
    that the tags do not, `under` that each figure is nearest to the heading of its own column. `glued` says
    that digits at the end of a figure may be a mark, as in a text whose words are in their places. `texts`
    are the cells beside the name and the figures, such as a remark, by their roles.
    """

    lines: tuple[Line, ...]
    region: Text | None
    wordings: tuple[Wording, ...]
    in_order: bool = True
    agreed: bool = False
    disputed: bool = False
    under: bool = False
    kind: Kind = "mission"
    glued: bool = False
    texts: tuple[tuple[str, Text], ...] = ()


@dataclass
class Table:
    """The printed table, and the marks in its headings (those of regions included).

    `rows` are all that have figures or a mission's name, `texts` lines of text among them, `leftovers` lines
    that are part of neither (`names` the first of those with nothing in a column of figures), `late` those
    of rows below the table's end.
    """

    marks: list[Mark] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    leftovers: list[tuple[Line, ...]] = field(default_factory=list)
    names: set[int] = field(default_factory=set)
    late: list[tuple[Line, ...]] = field(default_factory=list)
