"""Annex 2 from random rows and back, and the search compared with trying every reading.

What is accepted from a table that adds up is exactly what was rendered; what is refused lists the
rendered row among its alternatives. Of a table that contradicts itself no reading is accepted that
breaks more of what a table promises than the rendered rows do.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pipelines.extract import personnel, search
from pipelines.extract.annexes import AnnexInput
from pipelines.extract.personnel import Personnel
from pipelines.extract.refusals import UndecidedError
from pipelines.extract.search import APART, NOTE, RULE, Choice, Figures
from pipelines.model import Document, Line
from schemas.errors import Problems
from tests.support import examples
from tests.support.rendering import (
    COLUMNS,
    LAYOUT,
    REGISTRY,
    PersonnelTable,
    Style,
    personnel_tables,
    render_personnel,
    styles,
    with_error,
)

SUMS = ((4, (2, 3)),)


def repeatable(count: int) -> settings:
    """The same examples in every run of one profile, and no limit on time."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(examples(count), derandomize=True, suppress_health_check=slow)


def parse(table: PersonnelTable, style: Style) -> Personnel:
    """Annex 2 as rendered, footnotes taken out."""
    texts = render_personnel(table, style, "mei 2023 t/m april 2024")[1:]
    body = [text for text in texts if "Toelichting" not in text]
    lines = tuple(Line(number, 1, text) for number, text in enumerate(body, start=1))
    document = Document("report.txt", "5a" * 32, "text", lines, (None,))
    return personnel.read(AnnexInput(lines, tuple(table.notes), document, 2024, LAYOUT, REGISTRY), ())


def figures_of(rows: Sequence[dict[str, object]]) -> list[tuple[object, ...]]:
    return [tuple(row[column] for column in COLUMNS) for row in rows]


def broken(rows: Sequence[Sequence[int | None]], totals: Sequence[int | None]) -> int:
    """How many rules figures break; said in another way than the search says it."""
    count = 0
    for military, civil, total in [tuple(row[2:]) for row in (*rows, totals)]:
        count += (military or 0) + (civil or 0) != (total or 0)
        count += (military is None and civil is None) != (total is None)
    for printed, *column in zip(totals, *rows, strict=True):
        given = [value for value in column if value is not None]
        count += sum(given) != (printed or 0)
        count += sum(value > (printed or 0) for value in given)
    return count


@repeatable(40)
@given(personnel_tables(), styles())
def test_what_is_accepted_is_what_was_rendered(table: PersonnelTable, style: Style) -> None:
    truth = {row.mission_id: row.figures for row in table.rows} | {"total": table.printed_totals}
    try:
        annex = parse(table, style)
    except Problems as refusal:
        for problem in refusal.problems:
            assert isinstance(problem, UndecidedError)
            assert dict(zip(COLUMNS, truth[problem.mission_id], strict=True)) in problem.alternatives
        return
    assert figures_of(annex.rows) == table.figures
    assert figures_of(annex.totals) == [table.printed_totals]
    for row, read in zip(table.rows, annex.rows, strict=True):
        assert read["mission_id"] == row.mission_id
        assert read["mission_as_printed"] == row.name
        assert read["region_as_printed"] == row.region
        assert read["footnotes"] == ([] if row.note is None else [row.note])
    assert [note for note, _ in annex.markers] == list(table.notes)


@repeatable(40)
@given(personnel_tables().flatmap(with_error), styles())
def test_what_is_accepted_breaks_no_more_than_what_was_rendered(table: PersonnelTable, style: Style) -> None:
    try:
        annex = parse(table, style)
    except Problems:
        return
    read = figures_of(annex.rows)
    (totals,) = figures_of(annex.totals)
    assert broken(read, totals) <= broken(table.figures, table.printed_totals)  # type: ignore[arg-type]
    for row, values in zip(table.rows, read, strict=True):
        if None not in row.figures and not table.notes:
            assert values == row.figures


@repeatable(20)
@given(personnel_tables(usual=True), styles())
def test_usual_tables_that_add_up_are_never_refused(table: PersonnelTable, style: Style) -> None:
    rows = [*table.figures, table.printed_totals]
    printed = [[value for value in row if value is not None] for row in rows]
    # Two figures that may be one number with a space in it are another reading, which may add up too.
    assume(not any(one < 100 <= other < 1000 for row in printed for one, other in pairwise(row)))
    assert figures_of(parse(table, style).rows) == table.figures


# The search against trying everything.

NOTES = (2, 3)


@st.composite
def choices(draw: st.DrawFn) -> tuple[Choice, ...]:
    """The ways to place a few figures, with and without a mark; small, so that readings tie."""
    values = draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
    found = []
    for places in search.placements(len(values), 5):
        cells: list[int | None] = [None] * 5
        for place, value in zip(places, values, strict=True):
            cells[place] = value
        marks = draw(st.sampled_from([(), (), (), (2,), (3,), (2, 3)]))
        found.append(Choice(tuple(cells), marks, draw(st.integers(0, len(marks)))))
    return tuple(found)


def cost(reading: Sequence[Choice], outside: dict[int, int]) -> int:
    """What a reading of the whole table costs; its last choice is the totals row."""
    *rows, totals = reading
    uses = Counter(outside) + Counter(note for choice in reading for note in choice.markers)
    return (
        RULE * broken([row.figures for row in rows], totals.figures)
        + NOTE * sum(uses[note] != 1 for note in NOTES)
        + APART * sum(choice.apart for choice in reading)
    )


@repeatable(30)
@given(
    st.lists(choices(), min_size=1, max_size=3),
    choices(),
    st.tuples(st.integers(0, 2), st.integers(0, 1)),
)
def test_the_search_finds_every_best_reading(
    rows: list[tuple[Choice, ...]], totals: tuple[Choice, ...], outside: tuple[int, int]
) -> None:
    marked = dict(zip(NOTES, outside, strict=True))
    readings = [(reading, cost(reading, marked)) for reading in product(*rows, totals)]
    least = min(value for _, value in readings)
    best = [reading for reading, value in readings if value == least]
    solution = search.solve([*rows, totals], [search.Group(len(rows), tuple(range(len(rows))))], marked, SUMS)
    assert solution.cost == least
    assert [set(row) for row in solution.rows] == [set(column) for column in zip(*best, strict=True)]
    (holding,) = solution.holding
    assert holding == {place for place in range(5) if all(comes_out(reading, place) for reading in best)}
    for note in NOTES:
        used = {
            min(marked[note] + sum(choice.markers.count(note) for choice in reading), 2) for reading in best
        }
        assert solution.uses[note] == used


AMOUNTS = st.one_of(
    st.none(),
    st.integers(0, 4),
    st.builds(lambda low, more: search.Range(low, low + more), st.integers(0, 2), st.integers(1, 3)),
    st.just(search.Range(0, None)),
)


@repeatable(30)
@given(st.data())
def test_sums_of_regions_and_of_figures_that_are_not_exact_are_met_within_their_bounds(
    data: st.DataObject,
) -> None:
    row = st.lists(
        st.builds(Choice, st.tuples(AMOUNTS, AMOUNTS, AMOUNTS)), min_size=1, max_size=3, unique=True
    )
    rows = [data.draw(row) for _ in range(5)]
    groups = [search.Group(4, (0, 1, 3)), search.Group(2, (0, 1))][data.draw(st.integers(0, 1)) :]
    sums = [(2, (0, 1))]

    def misses(total: Sequence[search.Amount], parts: Sequence[search.Amount]) -> bool:
        (low, high), sides = search.bounds(total[0]), [search.bounds(part) for part in parts]
        return high < sum(side[0] for side in sides) or low > sum(side[1] for side in sides)

    def price(reading: Sequence[Choice]) -> int:
        found = sum(search.violated(choice.figures, sums) for choice in reading)
        for group in groups:
            for place in range(3):
                parts = [reading[at].figures[place] for at in group.parts]
                found += misses([reading[group.total].figures[place]], parts)
        whole = reading[groups[0].total]
        over = [a > b for at in groups[0].parts for a, b in zip(reading[at].lows, whole.highs, strict=True)]
        return RULE * (found + sum(over))

    readings = [(reading, price(reading)) for reading in product(*rows)]
    least = min(value for _, value in readings)
    best = [reading for reading, value in readings if value == least]
    solution = search.solve(rows, groups, {}, sums)
    assert solution.cost == least
    assert [set(row) for row in solution.rows] == [set(column) for column in zip(*best, strict=True)]
    for group, holding in zip(groups, solution.holding, strict=True):
        for place in holding:
            for reading in best:
                amounts = [reading[at].figures[place] for at in (group.total, *group.parts)]
                assert not any(isinstance(amount, search.Range) for amount in amounts)
                assert not misses(amounts[:1], amounts[1:])


def comes_out(reading: Sequence[Choice], place: int) -> bool:
    *rows, totals = reading
    return sum(row.lows[place] for row in rows) == totals.lows[place]


def test_the_search_ends() -> None:
    row = [Choice(placed(places)) for places in search.placements(3, 5)]
    groups = [search.Group(40, tuple(range(40)))]
    with pytest.raises(search.TooManyReadingsError):
        search.solve([*[row] * 40, [Choice((3, 3, 3, 3, 3))]], groups, {}, SUMS, limit=1000)


def placed(places: Sequence[int]) -> Figures:
    return tuple(place + 1 if place in places else None for place in range(5))
