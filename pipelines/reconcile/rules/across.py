"""Rules that compare editions with each other and with other public sources; they run at publishing."""

import math
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import schemas
from pipelines.reconcile import passages
from pipelines.reconcile.edition import INFO, Finding, Side, computed
from pipelines.reconcile.text import phrase
from schemas.registry import comparable
from schemas.vocabulary import DEPLOYED

Row = Mapping[str, Any]
Editions = Mapping[str, Sequence[Row]]

_TIMES = 3.0  # a change to three times, or to a third, is far for a mission with little history
_PERSONS = 20  # below this many persons more or fewer, any factor may be chance
_HISTORY = 3  # changes that a mission must have shown before its own spread counts
_SUCCEEDS = phrase("succeeds")
_FRAMES = {"military": "frame_military", "civil_police": "frame_civil_police"}
_HEDGED = ("about", "almost")


def year_on_year(editions: Editions) -> Iterator[Finding]:
    """Compares the persons sent to a mission with the edition before, where the two are comparable.

    That is where both periods meet and are equally long (`edition_sequence`), and both figures are exact.
    Reported is a change to more than three times or less than a third, and of at least 20 persons; for a
    mission that has shown at least three changes before, one that is also more than three times its usual
    change. A real change of policy looks the same as an error: info.
    """
    before = {
        row["edition_year"]: row["previous_edition_year"]
        for row in editions.get("edition_sequence", ())
        if row["comparable"]
    }
    for mission, rows in _by_mission(editions.get("personnel", ())).items():
        steps: list[float] = []
        for earlier, after in pairwise(rows):
            first, second = _sent(earlier), _sent(after)
            year, previous = _year(after), _year(earlier)
            if not first or not second or before.get(year) != previous:
                continue
            step = math.log(second / first)
            usual = statistics.median(abs(value) for value in steps) if len(steps) >= _HISTORY else 0.0
            far = abs(step) > max(math.log(_TIMES), 3 * usual) and abs(second - first) >= _PERSONS
            steps.append(step)
            if far:
                yield Finding(
                    mission,
                    _side(after, "deployed_total", str(second)),
                    _side(earlier, "deployed_total", str(first), previous),
                    f"{after['mission_as_printed']}: {second} persons sent, after {first} in the "
                    f"edition of {previous}.",
                    year=year,
                )


def same_period(editions: Editions) -> Iterator[Finding]:
    """Compares the period of each edition with those of earlier ones, and with the year that it was sent in.

    Two editions that speak of the same days may be one document that was entered twice, or count persons
    twice; a period that ended more than a year before its edition, or goes on after it, may be another
    year's. Which edition is under the wrong year cannot be known. Reports that go over from calendar years to
    other months overlap in part: info.
    """
    held = sorted((row for row in editions.get("editions", ()) if row["period_end"]), key=_year)
    for at, row in enumerate(held):
        year, own = _year(row), _period_side(row)
        for other in held[:at]:
            if row["period_start"] <= other["period_end"] and other["period_start"] <= row["period_end"]:
                alike = own.value == _period_side(other).value
                what = "the same period" if alike else "days of the same period"
                yield Finding(
                    None,
                    own,
                    replace(_period_side(other), column_name=f"period in {_year(other)}"),
                    f"The editions of {year} and {_year(other)} speak of {what}: {own.value}"
                    + ("." if alike else f" and {_period_side(other).value}."),
                    severity=None if alike else INFO,
                    year=year,
                )
        if not year - 1 <= row["period_end"].year <= year:
            which = "an earlier" if row["period_end"].year < year else "a later"
            message = f"This edition of {year} speaks of {own.value}, as {which} year's would."
            yield Finding(None, own, None, message, year=year)


def _period_side(edition: Row) -> Side:
    said = f"{edition['period_start']} to {edition['period_end']}"
    return Side("editions", str(_year(edition)), "period_start", said, None, None, said)


def name_drift(editions: Editions) -> Iterator[Finding]:
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
                    yield Finding(
                        mission,
                        _side(row, "mission", str(row["mission_as_printed"]), table=table),
                        _side(last, "mission", str(last["mission_as_printed"]), _year(last), table),
                        f"{table} prints {row['mission_as_printed']}; the edition of {_year(last)} "
                        f"printed {last['mission_as_printed']}.",
                        year=_year(row),
                    )
                known[name] = row


def succession(editions: Editions) -> Iterator[Finding]:
    """Compares the missions that begin in an edition with those that it is the first to leave out.

    Reported where both have the same organisation and share a country (of two missions without countries: the
    region, if only one of each begins and ends there) and the registry has no relation between them: one
    may carry on the other's work under a new name, which `succeeds` in the registry would say. Whether it
    does cannot be known: info. Reported too is a note or a remark at a mission's row that says so.
    """
    known = {row["mission_id"]: row for row in editions.get("mission_registry", ())}
    related = {
        frozenset((row["mission_id"], row["other_mission_id"]))
        for row in editions.get("mission_relations", ())
    }
    by_mission = _by_mission(editions.get("personnel", ()))
    yield from _noted(editions, known, by_mission, related)
    years = sorted({_year(row) for rows in by_mission.values() for row in rows})
    for before, year in pairwise(years):
        begun = [mission for mission, rows in by_mission.items() if _year(rows[0]) == year]
        ended = [mission for mission, rows in by_mission.items() if _year(rows[-1]) == before]
        for new, old in product(begun, ended):
            shared = _shared(known, new, old, begun, ended)
            if shared is None or frozenset((new, old)) in related:
                continue
            here, there = by_mission[new][0], by_mission[old][-1]
            name, other = (str(row["mission_as_printed"]) for row in (here, there))
            yield Finding(
                new,
                _side(here, "mission", name),
                _side(there, "mission", other, before),
                f"{name} is first listed in this edition, and {other} last in that of {before}; both "
                f"are of {shared}. If one carries on the other, say so with a relation in "
                f"schemas/missions.toml: {new} succeeds {old}.",
                year=year,
            )


def _noted(
    editions: Editions,
    known: Mapping[str, Row],
    by_mission: Mapping[str, Sequence[Row]],
    related: set[frozenset[Any]],
) -> Iterator[Finding]:
    """What notes and remarks at a mission's row say of another one that its work came from, or went to."""
    names = {comparable(str(row["name"])): mission for mission, row in known.items()}
    listed = [row for rows in by_mission.values() for row in rows]
    names |= {comparable(str(row["mission_as_printed"])): row["mission_id"] for row in listed}
    for row in listed:
        mission, name = row["mission_id"], row["mission_as_printed"]
        for side in _beside(row, editions.get("footnotes", ())):
            text = comparable(str(side.text))
            found = {one for at, one in names.items() if re.search(rf"(?<!\w){re.escape(at)}(?!\w)", text)}
            for other in sorted(found - {mission}) if _SUCCEEDS.search(text) else ():
                if frozenset((mission, other)) not in related:
                    message = (
                        f"A note at {name} names {other}. If one carries on the other, say so with a "
                        f"relation in schemas/missions.toml: {mission} succeeds {other}, or the reverse."
                    )
                    named = replace(side, value=other)
                    yield Finding(mission, _side(row, "mission", name), named, message, year=_year(row))


def _beside(row: Row, footnotes: Sequence[Row]) -> Iterator[Side]:
    """The footnotes that a row of annex 2 marks, and its remark."""
    for key, note in zip(schemas.TABLES["footnotes"].row_keys(footnotes), footnotes, strict=True):
        if note["edition_year"] == row["edition_year"] and passages.marks(row, note):
            at = (note["source_page"], note["source_line"])
            yield Side("footnotes", key, "text", None, *at, note["text"])
    if row.get("remark"):
        at = (row["source_page"], row["source_line"])
        yield Side("personnel", row["mission_id"], "remark", None, *at, row["remark"])


def _shared(
    known: Mapping[str, Row], new: str, old: str, begun: Sequence[str], ended: Sequence[str]
) -> str | None:
    """What makes a mission the likely successor of another, in words; None if nothing does."""
    one, other = known.get(new), known.get(old)
    if one is None or other is None or one["organisation"] != other["organisation"]:
        return None
    countries = sorted(set(one["countries"] or ()) & set(other["countries"] or ()))
    if countries:
        return f"{one['organisation']} in {', '.join(countries)}"

    def alike(mission: str) -> bool:
        row = known.get(mission, {})
        return all(row.get(name) == one[name] for name in ("organisation", "region"))

    placed = one["countries"] or other["countries"]
    alone = sum(map(alike, begun)) == sum(map(alike, ended)) == 1 and alike(old)
    return f"{one['organisation']} in {one['region']}" if alone and not placed else None


def _by_mission(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=_year):
        found.setdefault(str(row["mission_id"]), []).append(row)
    return found


def _year(row: Row) -> int:
    return int(row["edition_year"])


def _sent(row: Row) -> int:
    """Military and civil/police persons together; 0 in a row with a figure that is not exact."""
    if row.get("exact") is False:
        return 0
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


def observation_outside_frame(editions: Editions) -> Iterator[Finding]:
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
            if printed.get("exact") is False:
                continue
            exceeded = _exceeded(observation, printed)
            if exceeded is not None:
                yield replace(_finding(observation, printed, *exceeded), year=edition["edition_year"])


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
