"""`jvom trend --chart`: bars to one scale, gaps that are not zeros, any number of editions."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from pipelines.cli import trend


def edition(year: int, deployed: int | None, *, listed: bool = True) -> dict[str, Any]:
    return {
        "edition_year": year,
        "deployed_total_computed": deployed,
        "frame_military": deployed,
        "frame_civil_police": None,
        "listed": listed,
    }


def observed(total: int, basis: str = "observed headcount", **given: Any) -> dict[str, Any]:
    days = {"period_start": datetime.date(2018, 7, 1), "period_end": datetime.date(2018, 7, 31)}
    return {"basis": basis, **days, "total": total, "part": None, "qualifier": None, **given}


def line(text: str, label: str) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(label))


def eighths(line: str) -> int:
    return sum("▏▎▍▌▋▊▉█".find(sign) + 1 for sign in line)


@pytest.mark.parametrize("count", [1, 2, 20, 60])
def test_lengths_are_to_one_scale_and_lines_fit(count: int) -> None:
    rows = [edition(2001 + at, 7 * at % 23) for at in range(count)]
    text = trend.chart(rows, [observed(46)], width=80)
    full = eighths(line(text, "2018-07"))
    for row in rows:
        length = eighths(line(text, str(row["edition_year"])))
        assert abs(length - full * row["deployed_total_computed"] / 46) <= 1
    assert max(map(len, text.splitlines())) <= 80


def test_a_gap_is_not_a_zero() -> None:
    text = trend.chart([edition(2022, 3), edition(2023, None, listed=False), edition(2024, 0)], [])
    assert line(text, "2023").split() == ["2023", "·", "not", "listed"]
    assert line(text, "2024").split() == ["2024", "0"]
    assert line(trend.chart([edition(2024, None)], []), "2024").split() == ["2024", "·"]
    missing = trend.chart([edition(2019, 3), edition(2022, 3)], [], [2017, 2020])
    assert line(missing, "2020").split() == ["2020", "·", "no", "edition", "held"]
    assert "2017" not in missing  # before the first
    inexact = {**edition(2024, None), "frame_military": 4, "left_out": ["deployed_military"]}
    deployed, frame = trend.chart([inexact], []).split("\n\n")
    assert line(deployed, "2024").split() == ["2024", "·", "no", "exact", "figure"]
    assert line(frame, "2024").split()[1] == "4"
    assert trend.chart([], []) == "neither an edition nor another source has a figure of it"


def test_each_basis_has_its_block_and_says_how_its_source_hedges() -> None:
    months = [(datetime.date(2013, at, 1), datetime.date(2013, at, 28)) for at in (1, 2, 3)]
    rows = [
        observed(3, part="staff", qualifier="about"),
        observed(4, "text deployed", period_start=datetime.date(2001, 1, 1)),
        observed(4, "text headcount", period_start=datetime.date(2001, 1, 1)),
        observed(90, "observed frame", period_start=None),
        observed(8, "observed deployed", period_start=datetime.date(1999, 1, 1)),
        *(observed(s.month, "UN monthly", period_start=s, period_end=e) for s, e in months),
    ]
    text = trend.chart([], rows, width=60)
    assert [block.splitlines()[0] for block in text.split("\n\n")] == list(trend._TITLES.values())
    assert line(text, "2018-07").endswith("about; staff")
    assert line(text, "…2018-07").split()[1] == "90"
    assert line(text, "1999-01…2018-07").split()[1] == "8"
    assert line(text, "2013-03").split()[1] == "3"
    assert "2013-02" not in text  # the last month of the year alone
    week = observed(5, period_start=datetime.date(2023, 4, 26), period_end=datetime.date(2023, 5, 2))
    assert line(trend.chart([], [week]), "2023-04-26").split()[1] == "5"


def test_a_name_that_may_go_on_is_asked_about_where_it_begins_and_where_it_ends() -> None:
    rows = [{"edition_year": 2022, "begins": True}, {"edition_year": 2023, "begins": False}]
    first, second = trend._questions("unifil", rows)
    assert first.startswith("2022: may go on from another mission: jvom findings")
    assert second.startswith("2023: may go on under another name: jvom findings")
