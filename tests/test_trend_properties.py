"""The trends of any history of readings, held against the oracle."""

from __future__ import annotations

import datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.publish import views
from tests import trend_oracle as oracle
from tests.support.building import FIGURES

Row = dict[str, Any]
MISSIONS = [
    {"mission_id": "unifil", "name": "UNIFIL", "region": "Midden-Oosten", "organisation": "UN"},
    {"mission_id": "undof", "name": "UNDOF", "region": "Midden-Oosten", "organisation": "UN"},
    {"mission_id": "minusma", "name": "MINUSMA", "region": "Afrika", "organisation": "UN"},
    {"mission_id": "eutm-mali", "name": "EUTM Mali", "region": "Afrika", "organisation": "EU"},
]
MISSION_IDS = st.sampled_from([row["mission_id"] for row in MISSIONS])
COUNTS = st.none() | st.integers(0, 4)  # few values: many ties, zeros and blanks
DAYS = st.dates(datetime.date(2016, 6, 1), datetime.date(2023, 6, 1))


def periods(year: int) -> list[tuple[datetime.date | None, datetime.date | None]]:
    """Calendar year, May to April, unknown."""
    calendar = (datetime.date(year - 1, 1, 1), datetime.date(year - 1, 12, 31))
    return [calendar, (datetime.date(year - 1, 5, 1), datetime.date(year, 4, 30)), (None, None)]


@st.composite
def personnel(draw: st.DrawFn) -> Row:
    row: Row = {name: draw(COUNTS) for name in FIGURES}
    parts = row["deployed_military"], row["deployed_civil_police"]
    if row["deployed_total"] is None and parts != (None, None):  # the contract wants a total then
        row["deployed_total"] = draw(st.integers(0, 9))
    return row | {"separate_report": draw(st.booleans())}


@st.composite
def reading(draw: st.DrawFn) -> oracle.Reading:
    year = draw(st.integers(2018, 2023))
    mandate = st.fixed_dictionaries({name: st.none() | DAYS for name in oracle.ENDS})
    return oracle.Reading(
        year,
        draw(st.dictionaries(MISSION_IDS, personnel(), min_size=1)),
        totals=draw(st.fixed_dictionaries(dict.fromkeys(FIGURES, COUNTS))),
        mandates={
            mission: row | {"legal_basis": "EU Raadsbesluit"}
            for mission, row in draw(st.dictionaries(MISSION_IDS, mandate)).items()
        },
        period=draw(st.sampled_from(periods(year))),
        months=draw(st.sampled_from([12, 12, 16, None])),
        withdrawn=draw(st.sampled_from([False, False, False, True])),
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(reading(), min_size=1, max_size=10))
def test_any_history_is_as_the_oracle_has_it(readings: list[oracle.Reading]):
    editions = oracle.held(readings)
    got = views.evaluate(oracle.base(readings, MISSIONS))

    assert got["editions"]["edition_year"].to_pylist() == [reading.year for reading in editions]
    assert got["mission_trends"].to_pylist() == oracle.mission_trends(editions, MISSIONS)
    assert got["mission_history"].to_pylist() == oracle.mission_history(editions, MISSIONS)
    for group in views.GROUPS:
        assert got[f"{group}_trends"].to_pylist() == oracle.group_trends(editions, MISSIONS, group)
    assert got["edition_totals"].to_pylist() == oracle.edition_totals(editions)
    assert got["mandate_trends"].to_pylist() == oracle.mandate_trends(editions)
