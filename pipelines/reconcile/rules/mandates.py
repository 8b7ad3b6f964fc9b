"""Rules on annex 1: its dates and legal bases against the text, and against the reporting period."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.reconcile import events
from pipelines.reconcile.edition import INFO, Edition, Finding, Row, Side, computed, dated, words
from pipelines.reconcile.text import phrase
from schemas.dates import MONTHS, reduced

_SOON = datetime.timedelta(days=92)
_DECISION, _RESOLUTION, _BASIS = map(phrase, ("decision", "resolution", "mandate_context"))
_EXTENSION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?")
_COMPARED = ("until", "indefinite", "continuous", "until further notice")  # what a date can contradict


def mandate_date(edition: Edition) -> Iterator[Finding]:
    """Compares the end dates of annex 1 with the dates in the text, and with the reporting period.

    The end of the international mandate with every extension or end of it that the text dates; the end of the
    national frame likewise; a mandate or frame that ended before the period began; a mission or contribution
    that the text lets end after its mandate did; a decision on extension that is dated after the mandate's
    end. A date without a day agrees with each day that it can mean. A tacit extension cannot be known, and
    several durations in one cell are not compared.
    """
    for mission, row in edition.mandated.items():
        found = list(_against_text(edition, mission, row))
        yield from found
        yield from _before_period(edition, mission, row)
        if not any(
            finding.side_b and finding.side_b.column_name == "international_mandate" for finding in found
        ):
            yield from _outlived(edition, mission, row)
        yield from _late_decision(edition, mission, row)


def _against_text(edition: Edition, mission: str, row: Row) -> Iterator[Finding]:
    for column, kinds in (
        ("international_mandate", (events.EXTENDED, events.MANDATE_ENDS)),
        ("national_frame", (events.FRAME_ENDS,)),
    ):
        said = [event for event in edition.of_kind(*kinds) if event.mission_id == mission]
        end, status = _end(row, column), row[f"{column}_status"]
        agreed = [e for e in said if end and e.date.low <= end.high and end.low <= e.date.high]
        for event in said:
            if status not in _COMPARED or event in agreed or (end and agreed and event.date.high < end.low):
                continue
            if end and end.high < event.date.low <= _extended(row, column, end.high):
                continue
            what = "the international mandate" if column == "international_mandate" else "the national frame"
            printed = row[f"{column}_as_printed"]
            yield Finding(
                mission,
                dated(event),
                edition.cell("mandates", mission, column, end.value if end else str(status)),
                f"The text lets {what} last until {event.date.as_printed}, but annex 1 prints {printed}.",
            )


@dataclass(frozen=True)
class _End:
    """The printed end of a mandate or frame: the days that it can mean, and what a finding says of it."""

    low: datetime.date
    high: datetime.date
    value: str


def _end(row: Row, column: str) -> _End | None:
    """The end that a cell prints, if it is one; a vintage from before contract 2.0 has its day only."""
    day = row[f"{column}_end"]
    low, high = (row.get(f"{column}_{side}") or day for side in ("from", "to"))
    if row[f"{column}_status"] != "until" or low is None or high is None:
        return None
    precision = row.get(f"{column}_precision") or "day"
    value = reduced(high, precision) if day or precision != "day" else f"{low}/{high}"
    return _End(low, high, value)


def _extended(row: Row, column: str, end: datetime.date) -> datetime.date:
    """The end with the optional extension that annex 1 prints."""
    printed = row.get("international_mandate_extension") if column == "international_mandate" else None
    match = _EXTENSION.fullmatch(str(printed or ""))
    if match is None:
        return end
    years, months, days = (int(part or 0) for part in match.groups())
    return end + datetime.timedelta(days=366 * years + 31 * months + days)


def _before_period(edition: Edition, mission: str, row: Row) -> Iterator[Finding]:
    start = edition.period[0]
    for column in ("international_mandate", "national_frame"):
        end = _end(row, column)
        if start is None or end is None or _extended(row, column, end.high) >= start:
            continue
        yield Finding(
            mission,
            edition.cell("mandates", mission, column, end.value),
            computed(start.isoformat(), "first day of the reporting period", "period_start", "editions"),
            f"Annex 1 lets the {column.replace('_', ' ')} end on {end.value}, before the reporting period "
            f"began on {start}.",
        )


def _outlived(edition: Edition, mission: str, row: Row) -> Iterator[Finding]:
    """The first end in the text that comes after the mandate's: the mission's, else the contribution's."""
    end = _end(row, "international_mandate")
    if end is None:
        return
    ended = [
        event
        for kind in (events.END_DECIDED, events.MISSION_ENDED, events.ENDED)
        for event in edition.of_kind(kind)
        if event.mission_id == mission and event.date.low > _extended(row, "international_mandate", end.high)
    ]
    if not ended:
        return
    first = min(ended, key=lambda event: (event.event == events.ENDED, event.date.low))
    what = first.event.split(" ")[0]
    yield Finding(
        mission,
        dated(first),
        edition.cell("mandates", mission, "international_mandate", end.value),
        f"The text dates the end of the {what} {first.date.as_printed}, after the mandate that annex 1 lets "
        f"end on {end.value}.",
        severity=INFO if first.date.low - end.high <= _SOON else None,
    )


def _late_decision(edition: Edition, mission: str, row: Row) -> Iterator[Finding]:
    end = row["international_mandate_end"]
    if end is None:
        return
    for sentence in edition.sentences:
        decision = _DECISION.search(sentence.text)
        if decision is None or not re.search(r"\bmandaat\b.*\bverleng|\bverleng.*\bmandaat\b", sentence.text):
            continue
        if edition.names.of(sentence, decision.end()) != mission:
            continue
        try:
            when = datetime.date(
                int(decision["year"] or end.year),
                MONTHS.index(decision["month"].lower()) + 1,
                int(decision["day"]),
            )
        except ValueError:
            continue
        if end < when <= end + _SOON:
            yield Finding(
                mission,
                words(sentence, when.isoformat(), "mandate decision", *decision.span()),
                edition.cell("mandates", mission, "international_mandate", end.isoformat()),
                f"The text dates the decision on an extension of the mandate {when}; by annex 1 the mandate "
                f"ends before that, on {end}.",
                severity=INFO,
            )


def frame_after_end(edition: Edition) -> Iterator[Finding]:
    """Compares the end of the national frame in annex 1 with the end of the contribution in the text.

    A frame that runs on after the contribution (or, where the text dates only that, the mission) ended is
    reported, also an indefinite one. The last printed end counts, taken as late as its precision allows.
    Whether the frame was meant to cover the journey home cannot be known.
    """
    for mission, row in edition.mandated.items():
        own = [event for event in edition.events if event.mission_id == mission]
        ended = [event for event in own if event.event == events.ENDED]
        ended = ended or [event for event in own if event.event == events.MISSION_ENDED]
        if not ended or row["national_frame_status"] not in _COMPARED:
            continue
        last = max(ended, key=lambda event: event.date.high)
        end = _end(row, "national_frame")
        resumed = any(event.event == events.BEGUN and event.date.low > last.date.high for event in own)
        if resumed or (end and end.low <= last.date.high):
            continue
        value = end.value if end else str(row["national_frame_status"])
        yield Finding(
            mission,
            dated(last),
            edition.cell("mandates", mission, "national_frame", value),
            f"The text lets the {last.event.split(' ')[0]} end in {last.date.as_printed}, but the "
            f"national frame in annex 1 runs on ({row['national_frame_as_printed']}).",
        )


def legal_basis_conflict(edition: Edition) -> Iterator[Finding]:
    """Compares the resolution that annex 1 gives as legal basis with those that the text calls the mission's
    mandate.

    Only sentences that speak of the mandate, its extension or its lapse count, and only where none of the
    mission's resolutions agrees. Several resolutions may be in force at once: info where the text speaks of
    one that lapsed.
    """
    said: dict[str, list[tuple[int, Side, bool]]] = {}
    for sentence in edition.sentences:
        if not _BASIS.search(sentence.text):
            continue
        for match in _RESOLUTION.finditer(sentence.text):
            mission = edition.names.of(sentence, match.end())
            if mission is not None:
                side = words(sentence, match["number"], "legal_basis", *match.span())
                lapsed = re.search(r"verlopen|verliep", sentence.text) is not None
                said.setdefault(mission, []).append((int(match["number"]), side, lapsed))
    for mission, resolutions in said.items():
        row = edition.mandated.get(mission)
        own = {int(m["number"]) for m in _RESOLUTION.finditer(str(row["legal_basis"]))} if row else set()
        if not own or own & {number for number, _, _ in resolutions}:
            continue
        number, side, lapsed = resolutions[0]
        named = f"resolution {number}"
        yield Finding(
            mission,
            side,
            edition.cell("mandates", mission, "legal_basis"),
            (f"The text says that {named} lapsed; " if lapsed else f"The text speaks of {named}, but ")
            + f"annex 1 gives {', '.join(map(str, sorted(own)))} as the legal basis.",
            severity=INFO if lapsed else None,
        )
