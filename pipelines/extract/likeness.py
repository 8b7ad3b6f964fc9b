"""How much of an edition's annexes a document has, by its lines: what a fetch judges by.

The headings of the annexes and the words of their tables' headers count. Where no known layout has them, the
tables are read, since a document's own header may do without a layout.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.extract import headings, read
from pipelines.extract.headings import Place
from pipelines.model import Edition, Line, SourceFile
from schemas.registry import Heading, Layout, Registry

FITS = 3.5  # of 4: both annexes have their heading, and all but a few words of their headers
SPREAD = 40  # filled lines under a heading in which the words of its header are looked for
NAMED = 3  # other annexes that are named where one is missing

_ANNEX = re.compile(r"bijlage\s+\w{1,3}\b.{0,80}", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True)
class Score:
    """How much of a layout's annexes a document has (0 to 4), whether that makes it an edition, and why."""

    value: float
    fits: bool
    reasons: tuple[str, ...]
    of_other_year: bool = False


def judge(data: bytes, source: SourceFile, registry: Registry) -> Score:
    """The score of a document; one that only its own headers make an edition is read to see that it is.

    Raises SourceError where not even lines can be read.
    """
    lines = [line.text for line in read.read_lines(data, source).lines]
    found = score(lines, registry.layouts, source.edition_year)
    if found.fits or found.of_other_year or not any(map(_ANNEX.match, lines)):
        return found
    tables = read.read_edition(data, source, Edition(source.edition_year), registry).tables
    if tables is None:
        return found
    (end,) = tables["editions"]["period_end"].to_pylist()
    missions, fits = tables["personnel"].num_rows, end is None or end.year in _years(source.edition_year)
    reason = f"is read by its own headers: {missions} missions" + (f", until {end}" if end else "")
    return Score(4.0 if fits else found.value, fits, (reason,), not fits)


def _years(edition_year: int) -> tuple[int, int]:
    """The years in which the period of an edition may end."""
    return edition_year - 1, edition_year


@dataclass(frozen=True)
class _Annex:
    """An annex of a layout in a document: where its heading is, and the share of its header's words."""

    heading: Heading
    place: Place | None
    share: float

    @property
    def score(self) -> float:
        return (1.0 if self.place else 0.0) + self.share


def score(lines: Sequence[str], layouts: Iterable[Layout], edition_year: int) -> Score:
    """The best score under any known layout; both annexes count for two points each.

    A document that speaks of another period than an edition of that year can is none of that year.
    """
    texts = (" ".join(line.split()) for line in lines if line.strip())
    filled = [Line(number, 1, text) for number, text in enumerate(texts, 1)]
    ways = (
        [
            _annex(filled, layout.mandates.heading, [column.printed for column in layout.mandates.columns]),
            _annex(filled, layout.personnel.heading, [layout.personnel.header]),
        ]
        for layout in layouts
    )
    value, best = max(((sum(one.score for one in way), way) for way in ways), key=lambda one: one[0])
    wrong = [reason for annex in best for reason in _wrong_period(annex, edition_year)]
    fits = value >= FITS and all(annex.place for annex in best) and not wrong
    reasons = [reason for annex in best for reason in _reasons(annex)] + wrong
    if any(annex.place is None for annex in best):
        others = list(dict.fromkeys(line.text for line in filled if _ANNEX.fullmatch(line.text)))[:NAMED]
        reasons += [f"has instead: {', '.join(map(repr, others))}"] if others else []
    return Score(round(value, 2), fits, tuple(reasons), bool(wrong))


def _annex(filled: Sequence[Line], heading: Heading, header: Sequence[str]) -> _Annex:
    """The place where the heading has most of its header under it; a table of contents has none."""
    words = {word for text in header for word in _words(text)}
    found = []
    for place in headings.places(filled, heading):
        under = {word for line in filled[place.end : place.end + SPREAD] for word in _words(line.text)}
        found.append(_Annex(heading, place, len(words & under) / len(words)))
    return max(found, key=lambda one: one.share, default=_Annex(heading, None, 0.0))


def _words(text: str) -> set[str]:
    """The words, without the footnote markers that are glued to them."""
    return {word.rstrip("0123456789") for word in re.findall(r"[\w/.-]*\w", text.casefold())} - {""}


def _reasons(annex: _Annex) -> list[str]:
    if annex.place is None:
        return [f"no line reads {annex.heading.printed!r}"]
    words = "all" if annex.share == 1 else f"{annex.share:.0%}"
    return [f"has {annex.place.text!r} with {words} of the words of its table's header"]


def _wrong_period(annex: _Annex, edition_year: int) -> list[str]:
    """A period belongs to an edition of the year in which it ends, or of the next."""
    names = annex.place.names if annex.place else {}
    years = [int(year) for year in _YEAR.findall(names.get("period", ""))]
    if not years or max(years) in _years(edition_year):
        return []
    return [f"speaks of {names['period']}, which an edition of {edition_year} does not"]
