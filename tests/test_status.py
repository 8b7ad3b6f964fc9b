"""When an edition is late."""

from __future__ import annotations

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
def test_it_is_always_a_wednesday_with_two_before_it(year: int) -> None:
    day = report_day(year)
    assert (day.month, day.weekday()) == (5, 2)
    assert 15 <= day.day <= 21


def test_late_begins_a_week_after() -> None:
    week_after = report_day(2025) + datetime.timedelta(days=7)
    assert late({2024}, week_after - datetime.timedelta(days=1)) == []
    assert late({2024}, week_after) == [2025]
    assert late({2024, 2025}, week_after) == []


def test_the_latest_edition_is_this_years_from_its_day_on() -> None:
    assert latest(date(2025, 5, 20)) == 2024
    assert latest(date(2025, 5, 21)) == 2025
    assert latest(date(2026, 1, 1)) == 2025


def test_gaps_between_editions_are_late_and_earlier_years_are_not() -> None:
    assert late({2020, 2023}, date(2024, 1, 1)) == [2021, 2022]
    assert late(set(), date(2024, 12, 31)) == [2024]
    assert late(set(), date(2024, 1, 1)) == []
