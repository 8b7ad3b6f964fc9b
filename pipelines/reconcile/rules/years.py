"""Rules that compare editions; they depend on which editions are held, so they run at publishing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from pipelines.reconcile.findings import INFO, Finding, Side
from schemas.registry import comparable
from schemas.vocabulary import DEPLOYED

Row = Mapping[str, object]
Editions = Mapping[str, Sequence[Row]]

_TIMES = 3.0  # a change to three times, or to a third, is far for a mission with little history
_PERSONS = 20  # below this many persons more or fewer, any factor may be chance
_HISTORY = 3  # changes that a mission must have shown before its own spread counts


def year_on_year(editions: Editions) -> Iterator[tuple[int, Finding]]:
    """Compares the persons sent to a mission with the edition before, where both periods are equally long.

    Reported is a change to more than three times or less than a third, and of at least 20 persons; for a
    mission that has shown at least three changes before, one that is also more than three times its usual
    change. A real change of policy looks the same as an error: info.
    """
    periods = {row["edition_year"]: row.get("period_months") for row in editions.get("editions", ())}
    for mission, rows in _by_mission(editions.get("personnel", ())).items():
        steps: list[float] = []
        for before, after in pairwise(rows):
            first, second = _sent(before), _sent(after)
            year, previous = _year(after), _year(before)
            if not first or not second or year != previous + 1 or periods.get(year) != periods.get(previous):
                continue
            step = math.log(second / first)
            usual = statistics.median(abs(value) for value in steps) if len(steps) >= _HISTORY else 0.0
            far = abs(step) > max(math.log(_TIMES), 3 * usual) and abs(second - first) >= _PERSONS
            steps.append(step)
            if far:
                yield (
                    year,
                    Finding(
                        "year_on_year",
                        INFO,
                        mission,
                        _side(after, "deployed_total", str(second)),
                        _side(before, "deployed_total", str(first), previous),
                        f"{after['mission_as_printed']}: {second} persons sent, after {first} in the "
                        f"edition of {previous}.",
                    ),
                )


def name_drift(editions: Editions) -> Iterator[tuple[int, Finding]]:
    """Compares the name that an annex prints for a mission with the names of earlier editions.

    White space, case, quotation marks, dashes and "(separate VGR)" aside. Both spellings are in the
    registry, so nothing goes astray; whether a new name means a new task cannot be known: info.
    """
    for table in ("personnel", "mandates"):
        for mission, rows in _by_mission(editions.get(table, ())).items():
            known: dict[str, Row] = {}
            for row in rows:
                name = _bare(row)
                if known and name not in known:
                    last = list(known.values())[-1]
                    yield (
                        _year(row),
                        Finding(
                            "name_drift",
                            INFO,
                            mission,
                            _side(row, "mission", str(row["mission_as_printed"]), table=table),
                            _side(last, "mission", str(last["mission_as_printed"]), _year(last), table),
                            f"{table} prints {row['mission_as_printed']}; the edition of "
                            f"{_year(last)} printed "
                            f"{last['mission_as_printed']}.",
                        ),
                    )
                known[name] = row


def _by_mission(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=_year):
        found.setdefault(str(row["mission_id"]), []).append(row)
    return found


def _year(row: Row) -> int:
    year = row["edition_year"]
    return year if isinstance(year, int) else 0


def _sent(row: Row) -> int:
    """Military and civil/police persons together."""
    return sum(value for column in DEPLOYED if isinstance(value := row[column], int))


def _bare(row: Row) -> str:
    return comparable(str(row["mission_as_printed"])).replace("(separate vgr)", "").strip()


def _side(row: Row, column: str, value: str, other_year: int | None = None, table: str = "personnel") -> Side:
    """A cell of an edition; of an earlier one the place is left out, since lines are the edition's own."""
    page, line = row.get("source_page"), row.get("source_line")
    here = other_year is None
    return Side(
        table,
        str(row["mission_id"]),
        column if here else f"{column} in {other_year}",
        value,
        page if here and isinstance(page, int) else None,
        line if here and isinstance(line, int) else None,
        str(row["mission_as_printed"]) if column == "mission" else value,
    )
