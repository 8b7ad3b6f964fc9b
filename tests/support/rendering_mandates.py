"""Annex 1 as a text extractor leaves it, from rows: letter salad, wrapped cells, several cells on a line.

`tables()` draws rows and a rendering of them; whatever is drawn must be read back as the same rows.
"""

import datetime
from dataclasses import dataclass

from hypothesis import strategies as st

from schemas.dates import MONTHS
from schemas.registry import Mission
from tests.support.reports import HEADER_1, REGISTRY

LAYOUT = REGISTRY.layouts[0]
KEYWORDS = LAYOUT.mandates.legal_basis
WORDS = ["97", "2695", "(1701)", "Mali", "tussen", "partijen,", "Grondwet", "d.d.", "-"]
STATUSES = dict(LAYOUT.mandates.statuses)
_GAPS = st.sampled_from([[], [""], ["", " ", ""], [" "], ["", "Pagina 3 van 9", ""], ["", *HEADER_1]])
_BLANKS = st.sampled_from([[], [""]])
_TAILS = st.sampled_from(["", " "])
_BREAKS = st.sampled_from([False, False, False, True])
_SPACES: st.SearchStrategy[str] = st.sampled_from([" ", " ", " ", "  "])
_DATES = st.dates(datetime.date(1946, 1, 1), datetime.date(2149, 12, 31))


@dataclass(frozen=True)
class Lasting:
    """A duration as it is to be read."""

    printed: str
    status: str
    end: datetime.date | None = None
    extension: str | None = None


@dataclass(frozen=True)
class Row:
    """A row as it is to be read."""

    mission: Mission
    name: str
    legal_basis: str
    mandate: Lasting
    frame: Lasting
    region: str


@dataclass(frozen=True)
class Table:
    """Rows, and the lines that render them, header first."""

    rows: tuple[Row, ...]
    lines: tuple[str, ...]


@st.composite
def lastings(draw: st.DrawFn) -> Lasting:
    """A duration of any kind."""
    if draw(st.booleans()):
        word = draw(st.sampled_from(sorted(STATUSES)))
        return Lasting(word, STATUSES[word])
    day = draw(_DATES)
    printed = f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    if not draw(st.booleans()):
        return Lasting(printed, "until", day)
    count = draw(st.integers(1, 30))
    unit, letter = draw(st.sampled_from(LAYOUT.mandates.extension.units))
    closing = draw(st.sampled_from(["", *(f" {word}" for word in LAYOUT.mandates.extension.closing)]))
    return Lasting(f"{printed} + optie {count} {unit}{closing}", "until", day, f"P{count}{letter}")


@st.composite
def rows(draw: st.DrawFn, mission: Mission, region: str) -> Row:
    """A row of a mission; the words of its legal basis are any, but no number is right before a date."""
    words = draw(st.lists(st.sampled_from(WORDS), max_size=5))
    legal_basis = " ".join([draw(st.sampled_from(KEYWORDS)), *words, "VNVR"])
    name = draw(st.sampled_from(mission.spellings))
    return Row(mission, name, legal_basis, draw(lastings()), draw(lastings()), region)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A table with its missions grouped by region, a label before or within each group."""
    regions = draw(st.lists(st.sampled_from(["Europa", "Midden-Oosten", "Afrika"]), min_size=1, unique=True))
    found: list[Row] = []
    lines = list(HEADER_1)
    for group, region in enumerate(regions):
        missions = [mission for mission in REGISTRY.missions if mission.region == region]
        chosen = draw(st.lists(st.sampled_from(missions), min_size=1, max_size=4, unique_by=lambda m: m.id))
        label_at = draw(st.integers(0, len(chosen) - 1)) if group else 0
        for place, mission in enumerate(chosen):
            if place == label_at:
                lines += draw(_labels(region))
            row = draw(rows(mission, region))
            found.append(row)
            lines += draw(_lines(row))
            lines += draw(_GAPS)
    return Table(tuple(found), tuple(lines))


@st.composite
def _labels(draw: st.DrawFn, region: str) -> list[str]:
    """A rotated label: pieces of one to three letters, each on a line."""
    lines: list[str] = []
    rest = region
    while rest:
        size = draw(st.integers(1, 3))
        lines += [draw(st.sampled_from(["", " "])) * (not lines) + rest[:size] + draw(_TAILS)]
        lines += draw(_BLANKS)
        rest = rest[size:]
    return [*lines, *draw(st.sampled_from([[], [" "]]))]


@st.composite
def _lines(draw: st.DrawFn, row: Row) -> list[str]:
    """A row: its words in reading order, broken into lines anywhere."""
    words = " ".join([row.name, row.legal_basis, row.mandate.printed, row.frame.printed]).split()
    lines = [words[0]]
    for word in words[1:]:
        if draw(_BREAKS):
            lines += [*draw(_BLANKS), word]
        else:
            lines[-1] += draw(_SPACES) + word
    return [line + draw(_TAILS) for line in lines]
