"""The trend views once more, in plain Python and from the words of the contract alone.

No SQL, no Arrow: editions are dataclasses, results are lists of dictionaries. `test_trends`
holds the views against it.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.building import FIGURES, Tables, base_tables, edition_tables

Row = dict[str, Any]
SENT = ("deployed_military", "deployed_civil_police")
# What some editions print → the figure that it is a part of.
PARTS = {
    "frame_civil": "frame_civil_police",
    "frame_police": "frame_civil_police",
    "deployed_civil": "deployed_civil_police",
    "deployed_police": "deployed_civil_police",
}
# Missions under other names than their own, as the registry has them; one that is part of another is not.
RELATIONS = (
    ("undof", "succeeds", "minusma"),
    ("eutm-mali", "includes", "unifil"),
    ("unifil", "part of", "undof"),
)
ENDS = ("international_mandate_end", "national_frame_end")


@dataclass(frozen=True)
class Reading:
    """One recorded reading of an edition: what annexes 1 and 2 list, by mission."""

    year: int
    personnel: Mapping[str, Row]
    totals: Mapping[str, int | None] = field(default_factory=dict)
    mandates: Mapping[str, Row] = field(default_factory=dict)
    period: tuple[datetime.date | None, datetime.date | None] = (None, None)
    months: int | None = 12
    withdrawn: bool = False

    def computed(self, mission: str) -> int | None:
        """Military plus civil/police of a mission; None if not listed, both blank or one inexact."""
        return None if self.inexact(mission) else self.exact(mission)

    def exact(self, mission: str) -> int | None:
        """What is exact of the persons sent to a mission; None if nothing is."""
        row = self.personnel.get(mission, {})
        return _sum(row.get(name) for name in SENT)

    @property
    def sent(self) -> int | None:
        """What is exact of the persons sent to all missions."""
        return _sum(map(self.exact, self.personnel))

    def left_out(self, mission: str) -> list[str]:
        """The mission's figures that are printed without an exact value; a part stands for its figure."""
        qualified = self.personnel.get(mission, {}).get("qualified", {})
        printed = [name for name, (qualifier, *_) in qualified.items() if qualifier != "not applicable"]
        return sorted({PARTS.get(name, name) for name in printed})

    def inexact(self, mission: str) -> bool:
        """Whether the persons sent to a mission are not exactly known."""
        return any(name in SENT for name in self.left_out(mission))

    @property
    def unknown(self) -> int:
        """Number of missions listed whose persons sent are not exactly known."""
        return sum(map(self.inexact, self.personnel))

    @property
    def counts_sent(self) -> bool:
        """Whether it prints any figure of persons sent."""
        return any(
            value is not None
            for row in self.personnel.values()
            for name, value in row.items()
            if name in FIGURES and name.startswith("deployed")
        )


def base(readings: Sequence[Reading], missions: Sequence[Row]) -> Tables:
    """The readings as the tables that the views read."""
    tables, causes, count = [], {}, dict[int, int]()
    for reading in readings:
        count[reading.year] = count.get(reading.year, 0) + 1
        if reading.withdrawn:
            causes[reading.year, count[reading.year]] = "withdrawn"
        tables.append(
            edition_tables(
                reading.year,
                [{"mission_id": mission, **row} for mission, row in reading.personnel.items()],
                totals={name: reading.totals.get(name) for name in FIGURES},
                mandates=[{"mission_id": mission, **row} for mission, row in reading.mandates.items()],
                period=reading.period,
                period_months=reading.months,
            )
        )
    names = ("mission_id", "relation", "other_mission_id")
    relations = [dict(zip(names, row, strict=True)) for row in RELATIONS]
    return base_tables(*tables, missions=missions, relations=relations, causes=causes)


def latest(readings: Iterable[Reading]) -> list[Reading]:
    """The latest editions: of each its last reading, unless that withdraws it; oldest first."""
    last = {reading.year: reading for reading in readings}
    return [last[year] for year in sorted(last) if not last[year].withdrawn]


def edition_sequence(editions: Sequence[Reading]) -> list[Row]:
    rows = []
    for at, edition in enumerate(editions):
        previous = editions[at - 1] if at else None
        between = None
        if previous and previous.period[1] and edition.period[0]:
            between = (edition.period[0] - previous.period[1]).days - 1
        rows.append(
            {
                "edition_year": edition.year,
                "position": at + 1,
                "period_start": edition.period[0],
                "period_end": edition.period[1],
                "previous_edition_year": previous.year if previous else None,
                "years_not_held": list(range(previous.year + 1, edition.year)) if previous else [],
                "days_between": between,
                "comparable": comparable(editions, at),
                "counts": "military and civil/police" if edition.counts_sent else "no exact figure",
            }
        )
    return rows


def comparable(editions: Sequence[Reading], at: int) -> bool | None:
    """Whether an edition and the one before it compare; None for the first one."""
    if not at:
        return None
    before, now = editions[at - 1], editions[at]
    if before.period[1] is None or now.period[0] is None:
        return False
    meet = before.period[1] + datetime.timedelta(days=1) == now.period[0]
    return (
        meet
        and now.months is not None
        and now.months == before.months
        and before.counts_sent == now.counts_sent
    )


def _alike(editions: Sequence[Reading], at: int, missions: Iterable[str]) -> bool | None:
    """Whether the persons sent to some missions compare with the edition before."""
    exact = not any(edition.inexact(m) for edition in editions[max(at - 1, 0) : at + 1] for m in missions)
    return comparable(editions, at) and exact


def figures_left_out(editions: Sequence[Reading]) -> list[Row]:
    rows = []
    for edition in editions:
        for mission, row in edition.personnel.items():
            for name, (qualifier, low, high) in row.get("qualified", {}).items():
                if qualifier != "not applicable":
                    rows.append(
                        {
                            "edition_year": edition.year,
                            "mission_id": mission,
                            "printed_column": name,
                            "column_name": PARTS.get(name, name),
                            "as_printed": f"{qualifier} {low} {high}",
                            "qualifier": qualifier,
                            "value_low": low,
                            "value_high": high,
                        }
                    )
    return sorted(rows, key=lambda row: (row["edition_year"], row["mission_id"], row["printed_column"]))


def mission_trends(editions: Sequence[Reading], missions: Sequence[Row]) -> list[Row]:
    rows = []
    names = {row["mission_id"]: row["name"] for row in missions}
    for registered in missions:
        mission = registered["mission_id"]
        for at, edition in enumerate(editions):
            previous = editions[at - 1] if at else None
            if mission not in edition.personnel and not (previous and mission in previous.personnel):
                continue
            rows.append(_mission_trend(editions, at, registered, names))
    return sorted(rows, key=lambda row: (row["mission_id"], row["edition_year"]))


def _mission_trend(editions: Sequence[Reading], at: int, registered: Row, names: Mapping[str, str]) -> Row:
    mission, edition = registered["mission_id"], editions[at]
    previous = editions[at - 1] if at else None
    figures = edition.personnel.get(mission, {})
    now = edition.computed(mission)
    everyone = [edition.computed(other) for other in edition.personnel]
    alike = at > 1 and comparable(editions, at) and comparable(editions, at - 1)
    three = [editions[i].computed(mission) for i in range(at - 2, at + 1)] if alike else []
    known = [count for count in three if count is not None]
    return {
        "mission_id": mission,
        "edition_year": edition.year,
        "period_start": edition.period[0],
        "period_end": edition.period[1],
        "name": registered["name"],
        "region": registered["region"],
        "organisation": registered["organisation"],
        "listed": mission in edition.personnel,
        **{name: figures.get(name) for name in FIGURES},
        "deployed_total_computed": now,
        "previous_edition_year": previous.year if previous else None,
        "comparable": _alike(editions, at, [mission]),
        **_change(now, previous.computed(mission) if previous else None),
        "share_of_total": _ratio(now, edition.sent),
        "rank_in_edition": None if now is None else 1 + sum(n > now for n in everyone if n is not None),
        "share_leaves_out": edition.unknown if mission in edition.personnel else None,
        "deployed_per_frame_military": _ratio(
            figures.get("deployed_military"), figures.get("frame_military")
        ),
        "deployed_per_frame_civil_police": _ratio(
            figures.get("deployed_civil_police"), figures.get("frame_civil_police")
        ),
        "moving_average_3": sum(known) / 3 if len(known) == 3 else None,
        "status": _status({other.year: mission in other.personnel for other in editions[: at + 1]}),
        "left_out": edition.left_out(mission),
        "has_error_finding": False,
        "has_correction": False,
        "separate_report": figures.get("separate_report"),
        "inferred": False if mission in edition.personnel else None,
        **{name: edition.mandates.get(mission, {}).get(name) if figures else None for name in ENDS},
        "period_days": _length(*edition.period),
        "continued_under": (under := _continued_under(mission, edition, previous)),
        "continued_under_names": [names[other] for other in under],
        "previous_has_error_finding": False,
        "deployed_exact": edition.exact(mission),
    }


def _continued_under(mission: str, edition: Reading, previous: Reading | None) -> list[str]:
    """Other names under which a mission that only one of two editions lists is in the other one."""
    before = previous.personnel if previous else {}
    if mission in edition.personnel and mission in before:
        return []
    beside = before if mission in edition.personnel else edition.personnel
    pairs = [{a, b} for a, relation, b in RELATIONS if relation != "part of" and mission in {a, b}]
    return sorted(other for pair in pairs for other in pair - {mission} if other in beside)


def _length(start: datetime.date | None, end: datetime.date | None) -> int | None:
    """Length of a period with its first and its last day."""
    return (end - start).days + 1 if start and end else None


def _status(listed: Mapping[int, bool]) -> str | None:
    """Status in the last of the editions so far, given which of them list the mission."""
    *before, now = sorted(listed)
    if not before:
        return None
    if not listed[now]:
        return "no_longer_listed"
    if listed[before[-1]]:
        return "continued"
    if before[-1] < now - 1:
        return None
    return "returned" if any(listed[year] for year in before) else "new"


def mission_history(editions: Sequence[Reading], missions: Sequence[Row]) -> list[Row]:
    rows = []
    for registered in missions:
        mission = registered["mission_id"]
        listing = [edition for edition in editions if mission in edition.personnel]
        if not listing:
            continue
        first, last = listing[0].year, listing[-1].year
        known = [edition for edition in listing if edition.computed(mission) is not None]
        peak = max(known, key=lambda edition: (edition.computed(mission), -edition.year), default=None)
        rows.append(
            {
                "mission_id": mission,
                "name": registered["name"],
                "first_edition_year": first,
                "last_edition_year": last,
                "editions_listed": len(listing),
                "peak_edition_year": peak.year if peak else None,
                "peak_deployed_total": peak.computed(mission) if peak else None,
                "latest_deployed_total": listing[-1].computed(mission),
                "gaps": [
                    e.year
                    for e in editions
                    if first < e.year < last
                    and not any(
                        other == mission or (other, "includes", mission) in RELATIONS for other in e.personnel
                    )
                ],
                "years_not_held": sorted(set(range(first, last)) - {e.year for e in editions}),
                "editions_left_out": [edition.year for edition in listing if edition.inexact(mission)],
            }
        )
    return sorted(rows, key=lambda row: row["mission_id"])


def group_trends(editions: Sequence[Reading], missions: Sequence[Row], group: str) -> list[Row]:
    rows = []
    for value in sorted({registered[group] for registered in missions}):
        members = [registered["mission_id"] for registered in missions if registered[group] == value]
        for at, edition in enumerate(editions):
            present = [mission for mission in members if mission in edition.personnel]
            past = [mission for mission in members if at and mission in editions[at - 1].personnel]
            if not present and not past:
                continue
            now, before = (
                _sum(held.exact(mission) for mission in there)
                for held, there in ((edition, present), (editions[at - 1], past))
            )
            counted, counted_before = now if present else 0, before if past else 0
            rows.append(
                {
                    group: value,
                    "edition_year": edition.year,
                    "previous_edition_year": editions[at - 1].year if at else None,
                    "comparable": _alike(editions, at, members),
                    "missions": len(present),
                    "missions_left_out": sum(bool(edition.left_out(mission)) for mission in present),
                    **{name: _sum(edition.personnel[m].get(name) for m in present) for name in FIGURES},
                    "deployed_total_computed": now,
                    **_change(counted if at else None, counted_before),
                    "share_of_total": _ratio(now, edition.sent),
                    "share_leaves_out": edition.unknown,
                    "sent_left_out": sum(map(edition.inexact, present)),
                }
            )
    return rows


def edition_totals(editions: Sequence[Reading]) -> list[Row]:
    rows = []
    for edition in editions:
        own = [row for row in edition.personnel.values() if row["separate_report"]]
        other = [row for row in edition.personnel.values() if not row["separate_report"]]
        for name in sorted(FIGURES):
            printed, summed = edition.totals.get(name), _sum(row.get(name) for row in own + other)
            inexact = sum(name in edition.left_out(mission) for mission in edition.personnel)
            rows.append(
                {
                    "edition_year": edition.year,
                    "column_name": name,
                    "printed": printed,
                    "sum_of_rows": summed,
                    "difference": None if inexact or printed is None or summed is None else printed - summed,
                    "sum_of_military_and_civil_police": edition.sent if name == "deployed_total" else None,
                    "subtotal_separate_reports": _sum(row.get(name) for row in own),
                    "subtotal_other": _sum(row.get(name) for row in other),
                    "missions_left_out": inexact,
                    "parts_left_out": edition.unknown if name == "deployed_total" else None,
                }
            )
    return rows


def mandate_trends(editions: Sequence[Reading]) -> list[Row]:
    rows = []
    previous: dict[str, tuple[int, Row]] = {}
    for at, edition in enumerate(editions):
        start, end = edition.period
        for mission, mandate in edition.mandates.items():
            earlier, before = previous.get(mission, (None, {}))
            rows.append(
                {
                    "mission_id": mission,
                    "edition_year": edition.year,
                    "previous_edition_year": earlier,
                    "comparable": None
                    if earlier is None
                    else earlier == editions[at - 1].year and comparable(editions, at),
                    "legal_basis": mandate["legal_basis"],
                    "international_mandate_end": mandate.get(ENDS[0]),
                    "international_mandate_moved_days": _days(before.get(ENDS[0]), mandate.get(ENDS[0])),
                    "international_mandate_lapsed_before_period": _all(
                        start and day < start for day in _meant(mandate, ENDS[0])
                    ),
                    "international_mandate_lapsed_within_period": _all(
                        start and end and start <= day <= end for day in _meant(mandate, ENDS[0])
                    ),
                    "national_frame_end": mandate.get(ENDS[1]),
                    "national_frame_moved_days": _days(before.get(ENDS[1]), mandate.get(ENDS[1])),
                    "national_frame_lapsed_within_period": _all(
                        start and end and start <= day <= end for day in _meant(mandate, ENDS[1])
                    ),
                }
            )
            previous[mission] = edition.year, mandate
    return sorted(rows, key=lambda row: (row["mission_id"], row["edition_year"]))


def _meant(mandate: Row, end: str) -> list[datetime.date]:
    """Every day that a printed end can mean."""
    first = mandate.get(end.replace("_end", "_from")) or mandate.get(end)
    last = mandate.get(end.replace("_end", "_to")) or mandate.get(end)
    if first is None or last is None:
        return []
    return [first + datetime.timedelta(days=count) for count in range((last - first).days + 1)]


def _all(answers: Iterable[bool | None]) -> bool | None:
    """The one answer of all days; None without any, or where they differ."""
    given = set(answers)
    return given.pop() if len(given) == 1 else None


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _change(now: int | None, before: int | None) -> Row:
    if now is None or before is None:
        return {"change": None, "change_pct": None}
    return {"change": now - before, "change_pct": 100 * (now - before) / before if before else None}


def _ratio(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole


def _days(before: datetime.date | None, now: datetime.date | None) -> int | None:
    return (now - before).days if before and now else None
