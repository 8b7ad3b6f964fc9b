"""When an edition is due, and when it is late."""

import datetime
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.report_day import late, latest, report_day


@pytest.mark.parametrize(
    "day", [date(2009, 5, 20), date(2024, 5, 15), date(2025, 5, 21), date(2026, 5, 20), date(2030, 5, 15)]
)
def test_the_report_goes_out_on_the_third_wednesday_of_may(day: date) -> None:
    assert report_day(day.year) == day


@given(st.integers(2000, 2100))
def test_it_is_late_from_a_week_after_and_the_latest_from_its_day_on(year: int) -> None:
    day = report_day(year)
    assert (day.month, day.weekday()) == (5, 2)
    assert 15 <= day.day <= 21
    week_after = day + datetime.timedelta(days=7)
    assert late({year - 1}, week_after - datetime.timedelta(days=1)) == []
    assert late({year - 1}, week_after) == [year]
    assert late({year - 1, year}, week_after) == []
    assert latest(day - datetime.timedelta(days=1)) == year - 1
    assert latest(day) == latest(date(year + 1, 1, 1)) == year


def test_gaps_before_the_newest_edition_are_not_late() -> None:
    assert late({2020, 2023}, date(2024, 1, 1)) == []
    assert late({2019, 2021}, date(2024, 1, 1)) == [2022, 2023]
    assert late(set(), date(2024, 12, 31)) == [2024]
    assert late(set(), date(2024, 1, 1)) == []
