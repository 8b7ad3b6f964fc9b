"""Which total to quote, what may not be added up, and which missions ended: known answers."""

import datetime
from typing import Any

import pyarrow as pa
import pytest

from pipelines import raw, reconcile
from pipelines.publish import views
from schemas import registry
from tests.support.building import base_tables, edition_tables
from tests.support.cases import cases
from tests.support.reports import ABRIDGED, PROJECT, read_document, read_tables


@pytest.fixture(scope="module")
def report() -> dict[str, pa.Table]:
    """Every view over the 2024 edition."""
    data, known = ABRIDGED.read_bytes(), registry.load()
    read = read_tables(data, raw.catalogue(PROJECT / "raw")[2024])
    found = reconcile.check(read, known, read_document(data))
    rows = {"statements": found.statements, "mission_events": found.mission_events}
    return views.evaluate(base_tables(read, found=rows) | known.tables())


def quotes(rows: list[dict[str, Any]]) -> dict[str, tuple[int | None, int | None, int | None]]:
    return {row["quantity"]: (row["to_quote"], row["least"], row["most"]) for row in rows}


def test_a_total_that_the_edition_contradicts_cannot_be_quoted(report: dict[str, pa.Table]) -> None:
    rows = report["headline_totals"].to_pylist()
    assert quotes(rows) == {
        "frame_military": (1510, 1510, 1510),
        "frame_civil_police": (None, 22, 32),
        "deployed_military": (3454, 3454, 3454),
        "deployed_civil_police": (None, 19, 29),
        "deployed_total": (None, 3473, 3483),
    }
    total = [row for row in rows if row["quantity"] == "deployed_total"]
    assert {(row["figure_id"], row["value"], row["source_line"]) for row in total} >= {
        ("printed", 3473, 1642),
        ("printed-parts", 3483, 1642),
        ("rows", 3473, None),
        ("rows-parts", 3483, None),
    }
    assert {(row["value"], row["source_line"]) for row in total if row["as_printed"]} == {
        *((3483, 151), (3473, 1654), (3483, 1666))
    }
    assert all(str(row["reason"]).startswith("None can be quoted") for row in total)
    assert all(f"“{row['as_printed']}” {row['value']}" in row["reason"] for row in total if row["as_printed"])


@cases("row", "totals", "quoted", "why", nested=tuple)
def test_exact_figures_decide(
    row: dict[str, Any], totals: dict[str, Any], quoted: int | None, why: str
) -> None:
    edition = edition_tables(2024, [{"mission_id": "unifil", **row}], totals=totals)
    rows = views.evaluate(base_tables(edition))["headline_totals"].to_pylist()
    of = [row for row in rows if row["quantity"] == "deployed_military"]
    assert {row["to_quote"] for row in of} == {quoted}
    assert all(why in row["reason"] for row in of)


def test_a_sum_that_leaves_figures_out_is_at_least_all_that_is_exact() -> None:
    inexact = {"deployed_military": 4, "qualified": {"deployed_civil_police": ("less than", 0, 4)}}
    given = [{"mission_id": "eutm-mali", **inexact}, {"mission_id": "unifil", "deployed_military": 3}]
    rows = views.evaluate(base_tables(edition_tables(2024, given)))["headline_totals"].to_pylist()
    assert {
        (row["figure_id"], row["value"], row["at_least"])
        for row in rows
        if row["quantity"] == "deployed_total"
    } >= {("rows-parts", 7, 7)}
    assert {row["at_least"] for row in rows if row["qualifier"] is None} == {None}


def test_persons_of_a_part_are_not_added_to_those_of_the_whole(report: dict[str, pa.Table]) -> None:
    (pair,) = report["may_overlap"].to_pylist()
    assert (pair["mission_id"], pair["other_mission_id"]) == ("reis-indo-pacific", "cmf")
    assert pair["way"] == ["reis-indo-pacific", "prosperity-guardian", "cmf"]
    assert (pair["persons_at_least"], pair["persons_at_most"]) == (212, 228)


def test_endings_keep_the_precision_and_the_reason_of_the_text(report: dict[str, pa.Table]) -> None:
    ended = {row["mission_id"]: row for row in report["mission_endings"].to_pylist()}
    assert set(ended) == {"eulpc-libie", "eutm-mali", "minusma", "undof"}
    undof, mali, minusma = (ended[name] for name in ("undof", "eutm-mali", "minusma"))
    assert str(undof["contribution_ended_from"]) == str(undof["contribution_ended_to"]) == "2023-08-15"
    assert (undof["reason_page"], undof["reason_line"], undof["reason_edition_year"]) == (5, 379, 2024)
    assert (ended["eulpc-libie"]["sentence_line"], ended["eulpc-libie"]["sentence_line_end"]) == (1124, 1130)
    assert (str(mali["contribution_ended_from"]), str(mali["contribution_ended_to"])) == (
        "2023-10-01",
        "2023-10-31",
    )
    assert mali["contribution_ended_precision"] == "month"
    # The day on which the end of the whole mission was decided is not that of its end.
    assert str(minusma["mission_ended_from"]) == str(minusma["mission_ended_to"]) == "2023-12-11"
    assert (minusma["mission_ended_precision"], minusma["dates_differ"]) == ("day", False)
    assert (minusma["reason_of"], minusma["reason_as_printed"]) == ("mission", "op verzoek van Mali zelf")
    assert (undof["reason_of"], mali["reason_of"]) == ("contribution", None)
    assert ended["eulpc-libie"]["mission_ended"] == "2023-08/.."  # after a move in that month
    # It is two sentences after the date, in one of its own.
    assert (ended["eulpc-libie"]["reason_page"], ended["eulpc-libie"]["reason_line"]) == (12, 1138)


def test_sums_behind_an_inference_are_written_in_printed_numbers(report: dict[str, pa.Table]) -> None:
    found = {(row["row_key"], row["column_name"]): row for row in report["inferences"].to_pylist()}
    assert len(found) == 40
    assert found["untso", "deployed_military"]["sums"] == [
        *("row total 32 = 32", "column total 3454 - 3422 = 32 (page 17, line 1642)")
    ]
    assert found["cmf", "frame_military"]["sums"][0] == "3 + 2 = 5"
    assert found["ussc", "frame_civil_police"]["sums"] == ["note 13 is marked once"]


def test_a_column_that_does_not_come_out_is_named_and_not_written() -> None:
    rows = [{"mission_id": name, "deployed_military": 3, "inferred": True} for name in ("minusma", "undof")]
    known = views.evaluate(base_tables(edition_tables(2024, rows, totals={"deployed_military": 7})))
    assert {(row["column_name"], *row["sums"]) for row in known["inferences"].to_pylist()} == {
        ("deployed_military", "column total deployed_military"),
        ("deployed_total", "column total 6 - 3 = 3 (page 17, line 199)"),
    }


def test_who_is_at_sea_in_the_red_sea_is_counted_once(report: dict[str, pa.Table]) -> None:
    rows = [row for row in report["counted_once"].to_pylist() if "Red Sea" in row["seas"]]
    assert {(*row["mission_ids"], row["persons_at_least"], row["persons_at_most"]) for row in rows} == {
        ("cmf", "reis-indo-pacific", 212, 228),
        ("eunavfor-aspides", 4, 4),
    }


def test_head_counts_of_the_text_stand_beside_what_was_sent(report: dict[str, pa.Table]) -> None:
    rows = [row for row in report["mission_timeline"].to_pylist() if row["mission_id"] == "untso"]
    assert {(row["basis"], row["part"], row["total"]) for row in rows} >= {
        ("annex deployed", None, 32),
        ("text headcount", "twaalf militairen", 12),
    }
    assert {row["basis_nl"] for row in rows} >= {"aantal op een moment of gemiddeld, tekst van een editie"}


def test_an_average_is_no_head_count_and_agrees_with_nothing() -> None:
    row = {"mission_id": "undof", "deployed_military": 160}
    said = {"statement_id": "1", "mission_id": "undof", "quantity": "rotation_military", "value": 160}
    said |= {"edition_year": 2024, "qualifier": "average", "as_printed": "160 militairen"}
    known = views.evaluate(base_tables(edition_tables(2024, [row]), found={"statements": [said]}))
    (figure,) = (row for row in known["mission_timeline"].to_pylist() if row["basis"] == "text headcount")
    assert (figure["total"], figure["qualifier"], figure["qualifier_en"]) == (160, "average", "on average")
    assert figure["verdict"] == "not comparable"


def test_an_end_after_the_period_is_announced() -> None:
    said = {"edition_year": 2024, "mission_id": "unifil", "precision": "day", "as_printed": "…"}
    days = {"contribution ended": datetime.date(2024, 4, 30), "mission ended": datetime.date(2024, 5, 1)}
    events = [
        said | {"event": event, "event_id": event, "date_from": day, "date_to": day}
        for event, day in days.items()
    ]
    editions = edition_tables(2024, [{"mission_id": "unifil", "deployed_military": 3}])
    ended = views.evaluate(base_tables(editions, found={"mission_events": events}))["mission_endings"]
    assert [row["announced"] for row in ended.to_pylist()] == [["mission"]]


def test_an_end_before_persons_were_sent_again_is_none() -> None:
    minusma, mali, undof = (
        {"mission_id": name, "deployed_military": 3} for name in ("minusma", "eutm-mali", "undof")
    )
    said = {
        "minusma": [(2019, "2018-05-01"), (2024, "2023-10-31")],
        "eutm-mali": [(2019, "2018-05-01")],
        "undof": [(2019, "2019-06-01"), (2024, "2023-08-15")],
    }
    events = [
        {"edition_year": year, "mission_id": mission, "event_id": f"{mission}-{year}", "as_printed": day}
        | {"date_from": datetime.date.fromisoformat(day), "date_to": datetime.date.fromisoformat(day)}
        | {"precision": "day", "reason_as_printed": "omdat", "reason_page": 2, "reason_line": 9}
        for mission, dated in said.items()
        for year, day in dated
    ]
    editions = [edition_tables(2019, [minusma, mali, undof]), edition_tables(2024, [minusma, mali])]
    views_of = views.evaluate(base_tables(*editions, found={"mission_events": events}))
    ended = {row["mission_id"]: row for row in views_of["mission_endings"].to_pylist()}
    assert {
        name: (str(row["contribution_ended_from"]), str(row["contribution_ended_to"]), row["other_dates"])
        for name, row in ended.items()
    } == {
        "minusma": ("2023-10-31", "2023-10-31", ["2019: 2018-05-01"]),
        "undof": ("2023-08-15", "2023-08-15", ["2019: 2019-06-01"]),
    }
    decided = [{**event, "event": "mission end decided"} for event in events if event["edition_year"] == 2024]
    only = views.evaluate(base_tables(*editions, found={"mission_events": decided}))["mission_endings"]
    assert {(row["mission_ended_to"], row["mission_ended_precision"]) for row in only.to_pylist()} == {
        (None, "day")
    }
    assert all(row["dates_differ"] for row in ended.values())
    assert {
        (row["reason_edition_year"], row["reason_page"], row["reason_line"]) for row in ended.values()
    } == {(2024, 2, 9)}
