"""Ten editions with everything that makes a page long or a chart hard: for the tests of the site.

Missions come and go, a year is missing, figures are not exact, frames of other sources have no beginning or
end, totals disagree, and missions end.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from tests.support.building import base_tables, edition_tables

YEARS = tuple(year for year in range(2014, 2025) if year != 2019)
MISSIONS = (
    *("unifil", "untso", "undof", "minusma", "eutm-mali", "kfor", "nmi", "eufor-althea", "euam-irak", "ussc"),
    *(
        "nato-oostflank",
        "anti-isis-irak",
        "efp-litouwen",
        "vpd",
        "cmf",
        "resolute-support",
        "interflex",
        "gpoi",
    ),
)


def tables() -> Mapping[str, Any]:
    """The base tables of a published file of ten editions."""
    editions = [edition_tables(year, [*_rows(year)], mandates=[*_mandates(year)]) for year in YEARS]
    minusma, last = {"mission_id": "minusma"}, YEARS[-1]
    found = {
        "mission_events": [
            {"edition_year": last, **minusma, **_days(month), "event": "mission ended", "source_line": month}
            | {"reason_as_printed": "op verzoek van het land"}
            for month in (6, 12)
        ],
        "statements": [
            {"edition_year": last, "statement_id": "whole", "quantity": "deployed_total", "value": 1}
            | {"pattern": "total of the edition"}
        ],
        "findings": [
            {"edition_year": year, **minusma, "finding_id": f"{year}-{number}"}
            for year in YEARS
            for number in range(3)
        ],
    }
    known = {**minusma, "region": "Afrika", "organisation": "UN", "countries": ["ML"]}
    return base_tables(*editions, missions=[known], found=found, observations=[*_observations()])


def _rows(year: int) -> list[dict[str, Any]]:
    rows = [
        {"mission_id": mission, "deployed_military": (at + 1) ** 2 * (year - 2010), "frame_military": 9 * at}
        | ({"deployed_civil_police": at} if at % 3 else {})
        for at, mission in enumerate(MISSIONS)
        if (year + at) % 4 or at < 2
    ]
    if year == 2017:
        given = {"deployed_military": ("range", 2, 4)}
        rows[1] = {
            "mission_id": "untso",
            "qualified": given,
            "deployed_civil_police": 3,
            "deployed_total": None,
        }
    return rows


def _mandates(year: int) -> list[dict[str, Any]]:
    return [{"mission_id": mission, "legal_basis": f"resolutie {year}"} for mission in MISSIONS[:12]]


def _days(month: int) -> dict[str, Any]:
    day = datetime.date(2023, month, 1)
    return {"date": day, "date_from": day, "date_to": day, "precision": "day"}


def _observations() -> list[dict[str, Any]]:
    """Of one mission: a head count and three ceilings, of which two lack an end or a beginning."""
    start, end = datetime.date(2021, 3, 1), datetime.date(2021, 9, 1)
    of = {"mission_id": "minusma"}
    return [
        of | {"period_start": start, "period_end": end, "measure": "frame", "military": 400},
        of | {"period_start": start, "period_end": None, "measure": "frame", "military": 300},
        of
        | {
            "period_start": None,
            "period_end": end,
            "measure": "frame",
            "military": 120,
            "part": "helicopters",
        },
        of | {"period_start": end, "period_end": end, "military": 77},
    ]
