"""Rules that compare editions with each other and with other public sources; they run at publishing."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pipelines.reconcile.edition import INFO, Finding, Side, computed
from schemas.registry import comparable
from schemas.vocabulary import DEPLOYED

Row = Mapping[str, Any]
Editions = Mapping[str, Sequence[Row]]

_TIMES = 3.0  # a change to three times, or to a third, is far for a mission with little history
_PERSONS = 20  # below this many persons more or fewer, any factor may be chance
_HISTORY = 3  # changes that a mission must have shown before its own spread counts
_FRAMES = {"military": "frame_military", "civil_police": "frame_civil_police"}
_HEDGED = ("about", "almost")


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
                name = comparable(str(row["mission_as_printed"])).replace("(separate vgr)", "").strip()
                if known and name not in known:
                    last = list(known.values())[-1]
                    yield (
                        _year(row),
                        Finding(
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
    return int(row["edition_year"])


def _sent(row: Row) -> int:
    """Military and civil/police persons together."""
    return sum(value for column in DEPLOYED if isinstance(value := row[column], int))


def _side(row: Row, column: str, value: str, other_year: int | None = None, table: str = "personnel") -> Side:
    """A cell of an edition; of an earlier one the place is left out, since lines are the edition's own."""
    page, line = row.get("source_page"), row.get("source_line")
    here = other_year is None
    return Side(
        table,
        str(row["mission_id"]),
        column if here else f"{column} in {other_year}",
        value,
        page if here else None,
        line if here else None,
        str(row["mission_as_printed"]) if column == "mission" else value,
    )


def observation_outside_frame(editions: Editions) -> Iterator[tuple[int, Finding]]:
    """Compares head counts of other public sources with the frame of the edition in whose period they lie.

    A count is compared where all of its days lie within the period; where military and civil/police are
    not told apart, or do not exceed, the total. A blank frame beside one that is given counts as 0; where
    both are blank there is nothing to compare with. Sums of rotations are not compared. A frame may have
    changed within the period, which annex 2 does not say: warn; where the source says "about": info.
    """
    listed = {(row["edition_year"], row["mission_id"]): row for row in editions.get("personnel", ())}
    for edition in editions.get("editions", ()):
        for observation in editions.get("observations", ()):
            printed = listed.get((edition["edition_year"], observation["mission_id"]))
            if printed is None or observation["measure"] != "headcount" or not _within(observation, edition):
                continue
            exceeded = _exceeded(observation, printed)
            if exceeded is not None:
                yield edition["edition_year"], _finding(observation, printed, *exceeded)


def _within(observation: Row, edition: Row) -> bool:
    start, end = edition["period_start"], edition["period_end"]
    if start is None or end is None:
        return False
    return bool(start <= observation["period_start"] and observation["period_end"] <= end)


def _exceeded(observation: Row, printed: Row) -> tuple[str, str, int] | None:
    """The figure that is above its frame, the frame's column, and the frame."""
    for figure, column in _FRAMES.items():
        if None not in (observation[figure], printed[column]) and observation[figure] > printed[column]:
            return figure, column, printed[column]
    frames = [printed[column] for column in _FRAMES.values() if printed[column] is not None]
    if frames and observation["total"] > sum(frames):
        return "total", "frame_total", sum(frames)
    return None


def _finding(observation: Row, printed: Row, figure: str, column: str, frame: int) -> Finding:
    hedged = f"{observation['qualifier']} " if observation["qualifier"] else ""
    part = f" ({observation['part']})" if observation["part"] else ""
    count, mission = observation[figure], printed["mission_id"]
    place = (printed["source_page"], printed["source_line"], str(frame), printed["source_line_end"])
    side = Side("personnel", mission, column, str(frame), *place)
    if column == "frame_total":
        side = computed(frame, "frame_military plus frame_civil_police", column)
    source = f"{observation['dates_as_printed']}: {observation['source_url']}"
    other = Side("observations", observation["observation_id"], figure, str(count), None, None, source)
    return Finding(
        mission,
        side,
        other,
        f"{hedged}{count} persons{part} were counted ({observation['dates_as_printed']}), "
        f"where the annex allows {frame}.",
        (printed["source_line"],),
        severity=INFO if observation["qualifier"] in _HEDGED else None,
    )
