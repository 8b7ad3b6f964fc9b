"""Rules on figures that ought to add up: rows, columns, the totals row, and totals that the text states."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pipelines.reconcile import events
from pipelines.reconcile.edition import Edition, dated, figure, stated, summed
from pipelines.reconcile.findings import ERROR, WARN, Finding, Side, computed
from pipelines.reconcile.persons import CIVIL, EITHER, MILITARY
from pipelines.reconcile.statements import CEILING, CEILING_FIGURE, EDITION, UNIT, Statement
from schemas.vocabulary import DEPLOYED, FIGURES, FRAME, TOTAL


def row_total(edition: Edition) -> Iterator[Finding]:
    """Compares, in each row of annex 2, military plus civil/police persons sent with the printed total.

    An empty cell counts as none. It cannot know which of the three figures is wrong; the smallest repairs of
    the whole table say which could be.
    """
    for mission, row in edition.staffed.items():
        total, parts = figure(row, "deployed_total"), summed(row, DEPLOYED)
        if total is None or parts is None or total == parts:
            continue
        shown = " + ".join(str(value) for column in DEPLOYED if (value := figure(row, column)) is not None)
        yield Finding(
            "row_total",
            ERROR,
            mission,
            edition.cell("personnel", mission, "deployed_total"),
            computed(parts, shown, "deployed_total"),
            f"{row['mission_as_printed']}: {shown} makes {parts}, but the row total is printed as {total}.",
        )


def column_total(edition: Edition) -> Iterator[Finding]:
    """Compares the sum of each column of annex 2 with the figure printed in the totals row.

    An empty cell counts as none, and a column whose total is empty is not compared. A row that the report
    leaves out of its total on purpose cannot be known.
    """
    if edition.totals is None:
        return
    for column in FIGURES:
        printed = figure(edition.totals, column)
        values = [value for row in edition.personnel if (value := figure(row, column)) is not None]
        if printed is None or not values or sum(values) == printed:
            continue
        yield Finding(
            "column_total",
            ERROR,
            None,
            edition.cell("personnel_totals", TOTAL, column),
            computed(sum(values), f"sum of {len(values)} rows", column),
            f"The rows of {column} add up to {sum(values)}, but the totals row prints {printed}.",
        )


def grand_total(edition: Edition) -> Iterator[Finding]:
    """Compares the totals row of annex 2 with itself: military plus civil/police against the total.

    It says nothing about the rows above; that is row_total and column_total.
    """
    if edition.totals is None:
        return
    total, parts = figure(edition.totals, "deployed_total"), summed(edition.totals, DEPLOYED)
    if total is None or parts is None or total == parts:
        return
    values = [value for column in DEPLOYED if (value := figure(edition.totals, column)) is not None]
    shown = " + ".join(map(str, values))
    yield Finding(
        "grand_total",
        ERROR,
        None,
        edition.cell("personnel_totals", TOTAL, "deployed_total"),
        computed(parts, shown, "deployed_total", "personnel_totals"),
        f"The totals row prints {shown}, which makes {parts}, but its total is printed as {total}.",
    )


def prose_total(edition: Edition) -> Iterator[Finding]:
    """Compares each total of the whole edition that the text states with the totals row of annex 2.

    Only a sentence that counts persons sent (or ceilings) in the period or in total, names no mission and
    stands under no region is a total of the edition; "about" and ranges are not compared. Whether the text
    leaves missions out without saying so cannot be known.
    """
    if edition.totals is None:
        return
    for statement in edition.reading.statements:
        if statement.pattern != EDITION or not statement.exact:
            continue
        frame = statement.quantity == "frame_total"
        printed = summed(edition.totals, FRAME) if frame else figure(edition.totals, statement.quantity)
        if printed is None or printed == statement.low:
            continue
        column = "frame_military" if frame else statement.quantity
        yield Finding(
            "prose_total",
            ERROR,
            None,
            stated(statement),
            edition.cell("personnel_totals", TOTAL, column, printed),
            f"The text states {statement.low} ({statement.quantity}), but the totals row of annex 2 prints "
            f"{printed}.{_hint(edition, statement)}",
        )


def _hint(edition: Edition, statement: Statement) -> str:
    """Where the stated total is what the printed parts make, that is worth saying."""
    whole = edition.totals is not None and statement.quantity == "deployed_total"
    if whole and edition.totals is not None and summed(edition.totals, DEPLOYED) == statement.low:
        return " Its printed parts do make the figure of the text."
    rows = [value for row in edition.personnel if (value := _column(row, statement.quantity)) is not None]
    return " The rows above it do make the figure of the text." if sum(rows) == statement.low else ""


def _column(row: object, quantity: str) -> int | None:
    return figure(row, quantity) if isinstance(row, dict) and quantity in row else None


def prose_conflict(edition: Edition) -> Iterator[Finding]:
    """Compares statements of the text about the same quantity with each other.

    For the whole edition: equal quantities, and a stated total against parts that one other sentence states
    together. For a mission: its frame, the size of a unit, and the end of the contribution. Numbers per
    rotation or at one moment may change within the period, and numbers of different functions add up, so
    these are not compared.
    """
    whole = [s for s in edition.reading.statements if s.pattern == EDITION and s.exact]
    for first, second in combinations(_distinct(whole), 2):
        if first.quantity == second.quantity and first.low != second.low:
            yield _conflict(first, second.low, stated(second))
    for total in (s for s in _distinct(whole) if s.kind == EITHER):
        for military, civil in _pairs(whole):
            if military.quantity.split("_")[0] != total.quantity.split("_")[0]:
                continue
            makes = military.low + civil.low
            if makes != total.low and civil.sentence is not total.sentence:
                side = Side(**{**vars(stated(civil)), "value": str(makes), "column_name": total.quantity})
                yield _conflict(total, makes, side, f"{military.low} + {civil.low} = {makes}")
    for mission in dict.fromkeys(s.mission_id for s in edition.reading.statements if s.mission_id):
        frames = list(_frames(edition, mission))
        for (value, one), (other, two) in combinations(frames, 2):
            if value != other:
                yield _conflict(one, other, stated(two), str(other), value)
        sizes = [
            s for s in edition.reading.statements if s.mission_id == mission and s.pattern == UNIT and s.exact
        ]
        for one, two in combinations(_distinct(sizes), 2):
            if one.kind == two.kind and one.low != two.low and one.sentence is not two.sentence:
                yield _conflict(one, two.low, stated(two))
    yield from _ends(edition)


def _ends(edition: Edition) -> Iterator[Finding]:
    """Two dates for the end of a mission's contribution that cannot be the same."""
    ended = edition.of_kind(events.ENDED)
    for one, two in combinations(ended, 2):
        apart = one.date.high < two.date.low or two.date.high < one.date.low
        if one.mission_id == two.mission_id and apart:
            yield Finding(
                "prose_conflict",
                WARN,
                one.mission_id,
                dated(one),
                dated(two),
                f"The text lets the contribution end {one.date.as_printed} in one place and "
                f"{two.date.as_printed} in another.",
            )


def _distinct(statements: list[Statement]) -> list[Statement]:
    """One statement of each quantity and value: the first."""
    first: dict[tuple[str, int], Statement] = {}
    for statement in statements:
        first.setdefault((statement.quantity, statement.low), statement)
    return list(first.values())


def _pairs(statements: list[Statement]) -> Iterator[tuple[Statement, Statement]]:
    """Military and civil/police of one sentence, each pair of values once."""
    seen: set[tuple[str, int, int]] = set()
    for military in (s for s in statements if s.kind == MILITARY):
        for civil in (s for s in statements if s.kind == CIVIL and s.sentence is military.sentence):
            key = (military.quantity, military.low, civil.low)
            if key not in seen:
                seen.add(key)
                yield military, civil


def _frames(edition: Edition, mission: str) -> Iterator[tuple[int, Statement]]:
    """The whole frame of a mission by each sentence that states it whole."""
    by_sentence: dict[int, list[Statement]] = {}
    for s in edition.reading.statements:
        if s.mission_id == mission and s.pattern in (CEILING, CEILING_FIGURE) and s.exact:
            by_sentence.setdefault(id(s.sentence), []).append(s)
    for group in by_sentence.values():
        kinds = {s.kind for s in group}
        if EITHER in kinds or kinds == {MILITARY, CIVIL}:
            yield sum(s.low for s in group), group[0]


def _conflict(
    first: Statement,
    value: int,
    side: Side,
    shown: str | None = None,
    own: int | None = None,
) -> Finding:
    edition_wide = first.mission_id is None
    return Finding(
        "prose_conflict",
        ERROR if edition_wide else WARN,
        first.mission_id,
        stated(first) if own is None else Side(**{**vars(stated(first)), "value": str(own)}),
        side,
        f"The text states {first.low if own is None else own} ({first.quantity}) in one place and "
        f"{shown or value} in another.",
    )
