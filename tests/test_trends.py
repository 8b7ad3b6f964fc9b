"""The trends, with expectations worked out by hand; `test_trend_properties` tries any history."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest

from pipelines.publish import views
from schemas.errors import ContractError
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
    rows = trends(
        edition(2016, {"unifil": 1, "untso": 12}),
        edition(2017, {"unifil": 1, "minusma": 290}),
        edition(2018, {"unifil": 1, "minusma": 250}),
        edition(2019, {"unifil": 1, "untso": 11}),
        edition(2020, {"unifil": 1}),
        edition(2021, {"unifil": 1}),
    )

    statuses = column(rows, "status")
    assert {key: status for key, status in statuses.items() if key[0] != "unifil"} == {
        ("untso", 2016): None,
        ("untso", 2017): "no_longer_listed",
        ("untso", 2019): "returned",
        ("untso", 2020): "no_longer_listed",
        ("minusma", 2017): "new",
        ("minusma", 2018): "continued",
        ("minusma", 2019): "no_longer_listed",
    }
    assert [statuses["unifil", year] for year in range(2016, 2022)] == [None] + 5 * ["continued"]


def test_the_row_of_an_edition_that_misses_the_mission_has_no_figures():
    registry = [{"mission_id": "untso", "name": "UNTSO", "region": "Midden-Oosten", "organisation": "UN"}]
    row = trends(edition(2023, {"untso": 12}), edition(2024, {"unifil": 1}), missions=registry)["untso", 2024]

    assert {name: value for name, value in row.items() if value is not None} == {
        "mission_id": "untso",
        "edition_year": 2024,
        "period_start": datetime.date(2023, 5, 1),
        "period_end": datetime.date(2024, 4, 30),
        "name": "UNTSO",
        "region": "Midden-Oosten",
        "organisation": "UN",
        "listed": False,
        "previous_edition_year": 2023,
        "comparable": True,
        "status": "no_longer_listed",
        "has_error_finding": False,
        "has_correction": False,
    }


def test_change_is_against_the_previous_edition_held():
    rows = trends(
        edition(2020, {"unifil": 4, "sole": 0, "vpd": None, "cmf": 8, "gpoi": 5}),
        edition(2021, {"unifil": 5, "sole": 6, "vpd": 9, "cmf": None}),
        edition(2022, {"unifil": 5, "sole": 0, "vpd": 9, "cmf": 2, "gpoi": 7}),
    )

    assert {key: (row["change"], row["change_pct"]) for key, row in rows.items() if row["listed"]} == {
        **{(mission, 2020): (None, None) for mission in ("unifil", "sole", "vpd", "cmf", "gpoi")},
        ("unifil", 2021): (1, 25.0),
        ("unifil", 2022): (0, 0.0),
        ("sole", 2021): (6, None),  # from 0: a change, but no percentage
        ("sole", 2022): (-6, -100.0),
        ("vpd", 2021): (None, None),  # listed before, but without a figure
        ("vpd", 2022): (0, 0.0),
        ("cmf", 2021): (None, None),
        ("cmf", 2022): (None, None),
        ("gpoi", 2022): (None, None),  # listed, but not in the previous edition
    }


def test_the_computed_total_is_of_the_parts_and_not_the_printed_total():
    rows = trends(
        edition_tables(
            2024,
            [
                {
                    "mission_id": "eufor-althea",
                    "deployed_military": 730,
                    "deployed_civil_police": 14,
                    "deployed_total": 734,
                },
                {"mission_id": "eulpc-libie", "deployed_civil_police": 1},
                {"mission_id": "unifil", "deployed_military": 0},
                {"mission_id": "vpd", "deployed_total": 163},
            ],
        )
    )

    assert {key[0]: (row["deployed_total"], row["deployed_total_computed"]) for key, row in rows.items()} == {
        "eufor-althea": (734, 744),
        "eulpc-libie": (1, 1),
        "unifil": (0, 0),
        "vpd": (163, None),
    }
    assert sum(row["share_of_total"] or 0 for row in rows.values()) == pytest.approx(1)
    assert rows["vpd", 2024]["share_of_total"] is None
    assert rows["eufor-althea", 2024]["share_of_total"] == 744 / 745


def test_ties_share_a_rank_and_blanks_have_none():
    rows = trends(edition(2024, {"cmf": 16, "emasoh": 21, "minusma": 21, "sole": 6, "vpd": None, "ussc": 6}))

    assert column(rows, "rank_in_edition") == {
        ("emasoh", 2024): 1,
        ("minusma", 2024): 1,
        ("cmf", 2024): 3,
        ("sole", 2024): 4,
        ("ussc", 2024): 4,
        ("vpd", 2024): None,
    }


def test_an_edition_without_persons_has_no_shares():
    rows = trends(edition(2024, {"cmf": 0, "emasoh": 0}))

    assert set(column(rows, "share_of_total").values()) == {None}
    assert set(column(rows, "rank_in_edition").values()) == {1}


def test_deployed_per_frame_needs_a_frame():
    figures = ("frame_military", "frame_civil_police", "deployed_military", "deployed_civil_police")
    printed = {"unifil": (2, 4, 5, 3), "undof": (0, None, 5, 3), "untso": (8, 8, None, 0)}
    rows = trends(
        edition_tables(
            2024,
            [{"mission_id": m, **dict(zip(figures, row, strict=True))} for m, row in printed.items()],
        )
    )

    assert {
        key[0]: (row["deployed_per_frame_military"], row["deployed_per_frame_civil_police"])
        for key, row in rows.items()
    } == {"unifil": (2.5, 0.75), "undof": (None, None), "untso": (None, 0.0)}


def test_the_moving_average_wants_three_editions_on_end():
    rows = trends(
        edition(2017, {"unifil": 1, "untso": 12, "vpd": 9}),
        edition(2018, {"unifil": 2, "untso": 12, "vpd": 9}),
        edition(2019, {"unifil": 6, "vpd": None}),
        edition(2021, {"unifil": 2, "untso": 12, "vpd": 9}),  # 2020 is not held
        edition(2022, {"unifil": 5, "untso": 12, "vpd": 9}),
        edition(2023, {"unifil": 0, "untso": 15, "vpd": 10}),
    )

    averages = {key: value for key, value in column(rows, "moving_average_3").items() if value is not None}
    assert averages == {
        ("unifil", 2019): 3.0,
        ("unifil", 2021): 10 / 3,
        ("unifil", 2022): 13 / 3,
        ("unifil", 2023): 7 / 3,
        ("untso", 2023): 13.0,
        ("vpd", 2023): 28 / 3,
    }


def test_comparable_means_equally_long_and_none_missing_between():
    rows = trends(
        edition(2017, {"unifil": 1}, period=calendar(2017)),
        edition(2018, {"unifil": 2}, period=calendar(2018)),
        edition(2020, {"unifil": 4}, period=calendar(2020)),  # 2019 is not held
        edition(2021, {"unifil": 8}),  # other months, as many of them
        edition(2022, {"unifil": 9}, period=(None, None), period_months=16),
        edition(2023, {"unifil": 9}, period=(None, None), period_months=None),
        edition(2024, {"unifil": 9}, period=(None, None), period_months=None),
    )

    assert {
        key[1]: (row["previous_edition_year"], row["comparable"], row["change"]) for key, row in rows.items()
    } == {
        2017: (None, None, None),
        2018: (2017, True, 1),
        2020: (2018, False, 2),
        2021: (2020, True, 4),
        2022: (2021, False, 1),
        2023: (2022, False, 0),
        2024: (2023, False, 0),
    }
    assert rows["unifil", 2021]["period_start"] == datetime.date(2020, 5, 1)


def test_the_previous_edition_counts_even_where_it_does_not_list_the_mission():
    rows = trends(
        edition(2021, {"unifil": 1, "untso": 3}), edition(2022, {"unifil": 1}), edition(2023, {"untso": 4})
    )

    assert rows["untso", 2023]["previous_edition_year"] == 2022
    assert rows["untso", 2023]["comparable"] is True
    assert rows["untso", 2023]["change"] is None


def test_a_withdrawn_edition_is_not_held():
    readings = [edition(2022, {"unifil": 1}), edition(2023, {"untso": 3}), edition(2024, {"unifil": 4})]
    rows = trends(*readings, readings[1], causes={(2023, 2): "withdrawn"})

    assert set(rows) == {("unifil", 2022), ("unifil", 2024)}
    row = rows["unifil", 2024]
    assert (row["previous_edition_year"], row["comparable"], row["status"]) == (2022, False, "continued")

    restored = trends(*readings, *2 * [readings[1]], causes={(2023, 2): "withdrawn", (2023, 3): "restored"})
    assert restored == trends(*readings)


def test_only_the_latest_vintage_of_an_edition_counts():
    rows = trends(
        edition(2023, {"unifil": 1, "minusma": 5}),
        edition(2024, {"unifil": 9, "cmf": 3}),
        edition(2023, {"unifil": 2}),
        edition(2024, {"unifil": 3}),
    )

    assert column(rows, "deployed_total_computed") == {("unifil", 2023): 2, ("unifil", 2024): 3}
    assert rows["unifil", 2024]["change"] == 1


def test_a_mission_without_a_registry_entry_is_an_error_and_no_dropped_row():
    base = base_tables(edition(2024, {"unifil": 1, "cmf": 16}))
    registry = base["mission_registry"]
    base["mission_registry"] = registry.filter([name != "cmf" for name in registry["mission_id"].to_pylist()])

    with pytest.raises(ContractError, match=r"mission_\w+: name is null in \d of \d rows"):
        views.evaluate(base)


def test_history_gives_peak_gaps_and_latest():
    base = base_tables(
        edition(2015, {"gpoi": 3}),
        edition(2016, {"minusma": 0, "unifil": 1}),
        edition(2017, {"minusma": 290, "unifil": 1, "vpd": None}),
        edition(2018, {"unifil": 1}),
        edition(2020, {"unifil": 1}),
        edition(2021, {"minusma": 290}),
        edition(2022, {"minusma": None}),
        missions=[{"mission_id": "sole"}],
    )

    rows = [list(row.values()) for row in evaluate(base, "mission_history")]
    assert rows == [
        ["gpoi", "GPOI", 2015, 2015, 1, 2015, 3, 3, []],
        ["minusma", "MINUSMA", 2016, 2022, 4, 2017, 290, None, [2018, 2020]],
        ["unifil", "UNIFIL", 2016, 2020, 4, 2016, 1, 1, []],
        ["vpd", "VPD", 2017, 2017, 1, None, None, None, []],
    ]


def test_regions_and_organisations_sum_their_missions():
    registry = [
        {"mission_id": "unifil", "region": "Midden-Oosten", "organisation": "UN"},
        {"mission_id": "eufor-althea", "region": "Europa", "organisation": "EU"},
        {"mission_id": "minusma", "region": "Afrika", "organisation": "UN"},
    ]
    base = base_tables(
        edition(2020, {"unifil": 1, "minusma": 9}),  # 2021 is not held
        edition(2022, {"unifil": 2, "eufor-althea": 6}),
        edition(2023, {"unifil": 3, "minusma": 1, "eufor-althea": 6}),
        missions=registry,
    )

    shown = ("missions", "deployed_military", "frame_military", "change", "change_pct", "share_of_total")
    regions = {
        (row["region"], row["edition_year"]): tuple(map(row.get, shown))
        for row in evaluate(base, "region_trends")
    }
    assert regions == {
        ("Afrika", 2020): (1, 9, None, None, None, 0.9),
        ("Afrika", 2023): (1, 1, None, None, None, 0.1),
        ("Europa", 2022): (1, 6, None, None, None, 0.75),
        ("Europa", 2023): (1, 6, None, 0, 0.0, 0.6),
        ("Midden-Oosten", 2020): (1, 1, None, None, None, 0.1),
        ("Midden-Oosten", 2022): (1, 2, None, 1, 100.0, 0.25),
        ("Midden-Oosten", 2023): (1, 3, None, 1, 50.0, 0.3),
    }
    organisations = {
        (row["organisation"], row["edition_year"]): tuple(map(row.get, shown))
        for row in evaluate(base, "organisation_trends")
    }
    assert organisations["UN", 2022] == (1, 2, None, -8, -80.0, 0.25)
    assert organisations["UN", 2023] == (2, 4, None, 2, 100.0, 0.4)


def test_edition_totals_set_the_printed_beside_the_summed():
    base = base_tables(
        edition_tables(
            2024,
            [
                {"mission_id": "unifil", "frame_military": 2, "deployed_military": 3},
                {
                    "mission_id": "nato-oostflank",
                    "frame_military": 7,
                    "deployed_military": 10,
                    "deployed_civil_police": 4,
                    "deployed_total": 13,
                    "separate_report": True,
                },
            ],
            totals={"frame_military": 10, "deployed_total": 17, "deployed_civil_police": None},
        )
    )

    rows = {row["column_name"]: list(row.values())[2:] for row in evaluate(base, "edition_totals")}
    assert rows == {
        "frame_military": [10, 9, 1, None, 7, 2],
        "frame_civil_police": [None, None, None, None, None, None],
        "deployed_military": [13, 13, 0, None, 10, 3],
        "deployed_civil_police": [None, 4, None, None, 4, None],
        "deployed_total": [17, 16, 1, 17, 13, 3],
    }


def test_an_edition_without_a_totals_row_has_sums_all_the_same():
    base = base_tables(edition(2024, {"unifil": 1, "untso": 11}))
    base["personnel_totals_vintages"] = base["personnel_totals_vintages"].slice(0, 0)

    rows = {row["column_name"]: list(row.values())[2:] for row in evaluate(base, "edition_totals")}
    assert rows["deployed_total"] == [None, 12, None, 12, None, 12]
    assert len(rows) == len(FIGURES)


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
