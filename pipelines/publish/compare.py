"""Two editions side by side: figures by mission, which missions came and went, and the mandates that changed.

Rows of the published file in, a document for a command out. What changed between two readings of one edition
is the business of `lake.differences`; whether figures compare at all is said by `edition_sequence`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.lake import differences
from schemas.vocabulary import FIGURES

Row = Mapping[str, Any]
QUERIES = {
    "edition_sequence": "SELECT * FROM edition_sequence ORDER BY edition_year",
    "mission_trends": "SELECT * FROM mission_trends WHERE listed AND edition_year IN ($first, $second)",
    "figures_left_out": "SELECT * FROM figures_left_out WHERE edition_year IN ($first, $second)",
    "mandates": "SELECT * FROM mandates WHERE edition_year IN ($first, $second)",
}


@dataclass(frozen=True)
class Pair:
    """A mission in both editions or one: `figures` and `persons_sent` are (first, second).

    A figure is a number, the printed words where they are not an exact one, or None for a blank or no row.
    `status` is "in both", or which of the two does not list it. `change` is that of the persons sent; None
    unless both are exact.
    """

    mission_id: str
    name: str
    listed: tuple[bool, bool]
    status: str
    figures: Mapping[str, tuple[int | str | None, int | str | None]]
    persons_sent: tuple[int | None, int | None]

    @property
    def change(self) -> int | None:
        first, second = self.persons_sent
        return None if first is None or second is None else second - first


@dataclass(frozen=True)
class Comparison:
    """What differs from the first edition to the second; `notes` say how far their figures compare."""

    editions: tuple[int, int]
    comparable: bool
    notes: tuple[str, ...]
    missions: tuple[Pair, ...]
    mandates: tuple[differences.Difference, ...]

    @property
    def mandate_sentences(self) -> tuple[str, ...]:
        """One line for each mandate that differs, or that one of the two does not have."""
        first, second = self.editions
        alone = [each for each in self.mandates if each.column_name is None]
        missing = [f"{each.subject}: not in {first if each.old_value is None else second}" for each in alone]
        cells = [each for each in self.mandates if each.column_name is not None]
        return tuple(sorted([*differences.sentences(cells), *missing]))


def between(first: int, second: int, rows: Mapping[str, Sequence[Row]]) -> Comparison:
    """The comparison of two editions that are held, from the rows that `QUERIES` ask for."""
    sequence = {row["edition_year"]: row for row in rows["edition_sequence"]}
    notes = list(_notes(first, second, sequence))
    mandates = [[row for row in rows["mandates"] if row["edition_year"] == year] for year in (first, second)]
    lacking = [str(year) for year, found in zip((first, second), mandates, strict=True) if not found]
    if lacking:
        notes.append(f"the mandates cannot be compared: {' and '.join(lacking)} has none recorded")
    earlier, later = sorted((first, second))
    alike = sequence[later]["previous_edition_year"] == earlier and bool(sequence[later]["comparable"])
    changed = () if lacking else differences.differences(*({"mandates": found} for found in mandates))
    return Comparison((first, second), alike, tuple(notes), tuple(_pairs(first, second, rows)), changed)


def _notes(first: int, second: int, sequence: Mapping[int, Row]) -> Iterator[str]:
    for year in (first, second):
        start, end = sequence[year]["period_start"], sequence[year]["period_end"]
        yield f"{year} speaks of {start} to {end}" if start and end else f"the period of {year} is not known"
    earlier, later = sorted((first, second))
    between = [year for year in sequence if earlier < year < later]
    if between:
        yield f"other editions lie between them: {', '.join(map(str, between))}"
    if missing := sorted(set(range(earlier + 1, later)) - set(between)):
        yield f"of these years no edition is held: {', '.join(map(str, missing))}"
    if between or not sequence[later]["comparable"]:
        yield "so the figures do not speak of years on end that are alike: compare them with care"


def _pairs(first: int, second: int, rows: Mapping[str, Sequence[Row]]) -> Iterator[Pair]:
    listed = {(row["mission_id"], row["edition_year"]): row for row in rows["mission_trends"]}
    words = {
        (row["mission_id"], row["edition_year"], row["column_name"]): row["as_printed"]
        for row in rows["figures_left_out"]
    }
    names = {row["mission_id"]: row["name"] for row in rows["mission_trends"]}

    def figure(mission: str, year: int, name: str) -> int | str | None:
        row = listed.get((mission, year), {})
        return words.get((mission, year, name), row.get(name))

    for mission, name in sorted(names.items(), key=lambda item: (item[1].lower(), item[0])):
        here, there = (listed.get((mission, year), {}) for year in (first, second))
        yield Pair(
            mission,
            name,
            (bool(here), bool(there)),
            "in both" if here and there else f"not in {second if here else first}",
            {of: (figure(mission, first, of), figure(mission, second, of)) for of in FIGURES},
            (here.get("deployed_total_computed"), there.get("deployed_total_computed")),
        )
