"""The trends: what is subtle in them, worked out by hand; and any history, against the oracle."""

import datetime
from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import schemas
from pipelines.publish import views
from schemas.errors import ContractError
from tests.support import examples
from tests.support import trend_oracle as oracle
from tests.support.building import FIGURES, Tables, base_tables, edition_tables

Row = dict[str, Any]


def edition(year: int, military: Mapping[str, int | None], **details: Any) -> Tables:
    """An edition that prints only military figures; None is a mission listed without figures."""
    rows = [{"mission_id": mission, "deployed_military": count} for mission, count in military.items()]
    return edition_tables(year, rows, **details)


def calendar(year: int) -> tuple[datetime.date, datetime.date]:
    """The period of the older editions: the year before they were sent."""
    return datetime.date(year - 1, 1, 1), datetime.date(year - 1, 12, 31)


def evaluate(base: Tables, view: str) -> list[Row]:
    return views.evaluate(base)[view].to_pylist()


def trends(*editions: Tables, **details: Any) -> dict[tuple[str, int], Row]:
    rows = evaluate(base_tables(*editions, **details), "mission_trends")
    return {(row["mission_id"], row["edition_year"]): row for row in rows}


def column(rows: Mapping[Any, Row], name: str) -> dict[Any, Any]:
    return {key: row[name] for key, row in rows.items()}


def test_a_mission_starts_pauses_returns_and_ends():
    """The average wants three comparable editions on end in which it is listed with a figure."""
    rows = trends(
        edition(2016, {"unifil": 1, "untso": 12}),
        edition(2017, {"unifil": 1, "minusma": 290}),
        edition(2018, {"unifil": 7, "minusma": 250}),
        edition(2020, {"unifil": 2, "untso": 11, "minusma": None, "undof": 1}),  # 2019 is missing
        edition(2021, {"unifil": 0, "untso": 12, "cmf": 2}),
        edition(2022, {"untso": 15, "minusma": 5, "cmf": 2}),
    )

    shown = {key: (row["status"], row["moving_average_3"]) for key, row in rows.items()}
    assert shown == {
        ("unifil", 2016): (None, None),
        ("unifil", 2017): ("continued", None),
        ("unifil", 2018): ("continued", 3.0),
        ("unifil", 2020): ("continued", None),
        ("unifil", 2021): ("continued", None),
        ("unifil", 2022): ("no_longer_listed", None),
        ("untso", 2016): (None, None),
        ("untso", 2017): ("no_longer_listed", None),
        ("untso", 2020): (None, None),  # perhaps in 2019 already
        ("untso", 2021): ("continued", None),
        ("untso", 2022): ("continued", 38 / 3),
        ("minusma", 2017): ("new", None),
        ("minusma", 2018): ("continued", None),
        ("minusma", 2020): ("continued", None),
        ("minusma", 2021): ("no_longer_listed", None),
        ("minusma", 2022): ("returned", None),
        ("undof", 2020): (None, None),
        ("undof", 2021): ("no_longer_listed", None),
        ("cmf", 2021): ("new", None),
        ("cmf", 2022): ("continued", None),
    }


def test_comparable_means_that_periods_meet_and_are_equally_long():
    long = datetime.date(2023, 5, 1), datetime.date(2024, 8, 31)
    rows = trends(
        edition(2017, {"unifil": 1}, period=calendar(2017)),
        edition(2018, {"unifil": 2}, period=calendar(2018)),
        edition(2020, {"unifil": 4}, period=calendar(2020)),  # 2019 is missing
        edition(2021, {"unifil": 8}),  # January to April 2020 lie in no edition
        edition(2022, {"unifil": 9}),
        edition(2023, {"unifil": 9}),
        edition(2024, {"unifil": 9}, period=long, period_months=16),
        edition(2025, {"unifil": 9}),  # May to August 2024 lie in two
        edition(2026, {"unifil": 9}, period=(None, None), period_months=12),
        edition(2027, {"unifil": 9}, period=(None, None), period_months=12),
        edition(2028, {"unifil": 9}),
    )

    assert {
        key[1]: (row["previous_edition_year"], row["comparable"], row["change"]) for key, row in rows.items()
    } == {
        2017: (None, None, None),
        2018: (2017, True, 1),
        2020: (2018, False, 2),
        2021: (2020, False, 4),
        2022: (2021, True, 1),
        2023: (2022, True, 0),
        2024: (2023, False, 0),
        2025: (2024, False, 0),
        2026: (2025, False, 0),
        2027: (2026, False, 0),
        2028: (2027, False, 0),
    }
    assert rows["unifil", 2021]["period_start"] == datetime.date(2020, 5, 1)


def test_an_edition_that_counts_no_persons_sent_compares_with_none_that_does():
    frames = edition_tables(2023, [{"mission_id": "unifil", "frame_military": 3}])
    rows = trends(edition(2022, {"unifil": 1}), frames, edition(2024, {"unifil": 1}))
    assert column(rows, "comparable") == {
        ("unifil", 2022): None,
        ("unifil", 2023): False,
        ("unifil", 2024): False,
    }


def test_an_edition_that_prints_military_alone_compares_with_none_that_prints_civil_police_too():
    alone, both = edition(2023, {"unifil": 3}), edition(2024, {"unifil": 3})
    names = pc.field("column_name").isin(["deployed_military", "mission"])
    printed = {**alone, "cells": alone["cells"].filter(names & (pc.field("table_name") == "personnel"))}
    got = views.evaluate(base_tables(edition(2022, {"unifil": 3}), printed, both))
    rows = own(got, "edition_sequence")
    assert [row["comparable"] for row in rows] == [None, False, False]
    assert [row["counts"] for row in rows][1:] == ["military alone", "military and civil/police"]
    assert {
        row["edition_year"] for row in own(got, "headline_totals") if row["figure_id"] == "rows-parts"
    } == {*(2022, 2024)}


def test_a_withdrawn_edition_is_not_held():
    readings = [edition(2022, {"unifil": 1}), edition(2023, {"untso": 3}), edition(2024, {"unifil": 4})]
    rows = trends(*readings, readings[1], causes={(2023, 2): "withdrawn"})

    assert set(rows) == {("unifil", 2022), ("unifil", 2024)}
    row = rows["unifil", 2024]
    assert (row["previous_edition_year"], row["comparable"], row["status"]) == (2022, False, "continued")

    restored = trends(*readings, *2 * [readings[1]], causes={(2023, 2): "withdrawn", (2023, 3): "restored"})
    assert restored == trends(*readings)


def test_a_mission_without_a_registry_entry_is_an_error_and_no_dropped_row():
    base = base_tables(edition(2024, {"unifil": 1, "cmf": 16}))
    registry = base["mission_registry"]
    base["mission_registry"] = registry.filter([name != "cmf" for name in registry["mission_id"].to_pylist()])

    with pytest.raises(ContractError, match=r"mission_\w+: name is null in \d of \d rows"):
        views.evaluate(base)


def test_an_edition_without_a_totals_row_has_sums_all_the_same():
    base = base_tables(edition(2024, {"unifil": 1, "untso": 11}))
    base["personnel_totals_vintages"] = base["personnel_totals_vintages"].slice(0, 0)

    rows = {row["column_name"]: list(row.values())[2:] for row in evaluate(base, "edition_totals")}
    assert rows["deployed_total"] == [None, 12, None, 12, None, 12, 0, 0]


def test_mandates_move_and_lapse():
    def lists(year: int, end: datetime.date | None, **details: Any) -> Tables:
        mandate = {"mission_id": "unifil", "international_mandate_end": end, "national_frame_end": end}
        return edition(year, {"unifil": 1}, mandates=[mandate], **details)

    base = base_tables(
        lists(2020, datetime.date(2019, 4, 30)),
        lists(2021, datetime.date(2020, 5, 1)),
        edition(2022, {"unifil": 1}),
        lists(2023, datetime.date(2023, 4, 30)),
        lists(2024, None),
        lists(2025, datetime.date(2025, 5, 1)),
        lists(2026, datetime.date(2025, 4, 1), period=(None, None)),
    )

    rows = {row["edition_year"]: row for row in evaluate(base, "mandate_trends")}
    international = ("moved_days", "lapsed_before_period", "lapsed_within_period")
    assert {
        year: tuple(row[f"international_mandate_{name}"] for name in international)
        for year, row in rows.items()
    } == {
        2020: (None, True, False),
        2021: (367, False, True),  # over 29 February 2020, on the first day of the period
        2023: (1094, False, True),  # since 2021, the mission's previous row; on the last day
        2024: (None, None, None),
        2025: (None, False, False),
        2026: (-30, None, None),
    }
    for row in rows.values():
        for name in ("end", "moved_days", "lapsed_within_period"):
            assert row[f"national_frame_{name}"] == row[f"international_mandate_{name}"]


MISSIONS = [
    {"mission_id": "unifil", "name": "UNIFIL", "region": "Midden-Oosten", "organisation": "UN"},
    {"mission_id": "undof", "name": "UNDOF", "region": "Midden-Oosten", "organisation": "UN"},
    {"mission_id": "minusma", "name": "MINUSMA", "region": "Afrika", "organisation": "UN"},
    {"mission_id": "eutm-mali", "name": "EUTM Mali", "region": "Afrika", "organisation": "EU"},
]
MISSION_IDS = st.sampled_from([row["mission_id"] for row in MISSIONS])
QUALIFIED = st.sampled_from([("about", None, None), ("range", 2, 4), ("not applicable", None, None)])
COUNTS = st.none() | st.integers(0, 4)  # few values: many ties, zeros and blanks
DAYS = st.dates(datetime.date(2016, 6, 1), datetime.date(2023, 6, 1))


def month(day: datetime.date) -> Row:
    """Both ends printed as a month."""
    first = day.replace(day=1)
    last = (first + datetime.timedelta(31)).replace(day=1) - datetime.timedelta(1)
    given = {"_from": first, "_to": last, "_end": None}
    return {
        f"{name.removesuffix('_end')}{part}": value for name in oracle.ENDS for part, value in given.items()
    }


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
    qualified = draw(st.dictionaries(st.sampled_from([*FIGURES, *oracle.PARTS]), QUALIFIED, max_size=1))
    blank = {
        oracle.PARTS.get(name, name): None for name in qualified
    }  # a sum of parts is none with one inexact
    return row | blank | {"separate_report": draw(st.booleans()), "qualified": qualified}


@st.composite
def reading(draw: st.DrawFn) -> oracle.Reading:
    year = draw(st.integers(2018, 2023))
    mandate = st.fixed_dictionaries({name: st.none() | DAYS for name in oracle.ENDS}) | st.builds(month, DAYS)
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


@settings(examples(5), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(reading(), min_size=1, max_size=10))
def test_any_history_is_as_the_oracle_has_it(readings: list[oracle.Reading]):
    editions = oracle.latest(readings)
    got = views.evaluate(oracle.base(readings, MISSIONS))

    assert got["editions"]["edition_year"].to_pylist() == [reading.year for reading in editions]
    assert own(got, "edition_sequence") == oracle.edition_sequence(editions)
    assert own(got, "figures_left_out") == oracle.figures_left_out(editions)
    assert own(got, "mission_trends") == oracle.mission_trends(editions, MISSIONS)
    assert own(got, "mission_history") == oracle.mission_history(editions, MISSIONS)
    for group in views.GROUPS:
        assert own(got, f"{group}_trends") == oracle.group_trends(editions, MISSIONS, group)
    assert own(got, "edition_totals") == oracle.edition_totals(editions)
    assert own(got, "mandate_trends") == oracle.mandate_trends(editions)


def own(got: Tables, name: str) -> list[Row]:
    """A view's rows without the columns that every view is given beside its own."""
    rows: list[Row] = got[name].select(schemas.TRENDS[name].names).to_pylist()
    return rows
