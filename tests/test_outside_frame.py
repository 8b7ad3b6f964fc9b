"""The rule `observation_outside_frame`: what it compares, and what it leaves alone."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from pipelines import reconcile
from pipelines.publish import views
from tests.support.building import base_tables, edition_tables

INSIDE = datetime.date(2023, 10, 25)


def found(frame: dict[str, int], **observation: Any) -> list[dict[str, Any]]:
    given = {"mission_id": "untso", "period_start": INSIDE, **observation}
    base = base_tables(
        edition_tables(2023, [{"mission_id": "untso", "frame_military": 1}]),
        edition_tables(2024, [{"mission_id": "untso", **frame}]),
        observations=[given],
        missions=[{"mission_id": "unifil"}],
    )
    evaluated = views.evaluate(base)
    compared = {name: evaluated[name] for name in ("editions", "personnel")}
    rows = reconcile.across({**compared, "observations": base["observations"]})
    return [row for row in rows if row["rule"] == "observation_outside_frame"]


def test_both_sides_are_told() -> None:
    (finding,) = found({"frame_military": 12, "deployed_military": 32}, military=13, part="observers")
    assert finding["edition_year"] == 2024
    assert finding["severity"] == "warn"
    assert (finding["side_a"]["column_name"], finding["side_a"]["value"]) == ("frame_military", "12")
    assert (finding["side_b"]["row_key"], finding["side_b"]["value"]) == ("untso-1", "13")
    assert finding["side_a"]["line"] in finding["evidence_lines"]
    assert finding["message"] == (
        "13 persons (observers) were counted (2023-10-25), where the annex allows 12."
    )
    (same,) = found({"frame_military": 12, "deployed_military": 32}, military=13, part="observers")
    (other,) = found({"frame_military": 12}, military=14)
    assert same["finding_id"] == finding["finding_id"] != other["finding_id"]


@pytest.mark.parametrize(
    ("frame", "observation", "column"),
    [
        ({"frame_military": 12, "frame_civil_police": 1}, {"civil_police": 2}, "frame_civil_police"),
        ({"frame_military": 12, "frame_civil_police": 1}, {"total": 14}, "frame_total"),
        ({"frame_military": 12}, {"military": 12, "civil_police": 1}, "frame_total"),
        ({"frame_military": 0}, {"military": 1}, "frame_military"),
    ],
)
def test_what_exceeds(frame: dict[str, int], observation: dict[str, Any], column: str) -> None:
    (finding,) = found(frame, **observation)
    assert finding["side_a"]["column_name"] == column


@pytest.mark.parametrize(
    ("frame", "observation"),
    [
        ({"frame_military": 12}, {"military": 12}),
        ({"frame_military": 12, "frame_civil_police": 2}, {"total": 14}),
        ({"deployed_military": 12}, {"military": 13}),  # no frame
        ({"frame_military": 12}, {"military": 13, "measure": "deployed"}),
        ({"frame_military": 12}, {"military": 13, "measure": "frame"}),
        ({"frame_military": 12}, {"military": 13, "mission_id": "unifil"}),
        ({"frame_military": 12}, {"military": 13, "period_start": datetime.date(2024, 5, 1)}),
        (
            {"frame_military": 12},
            {
                "military": 13,
                "period_start": datetime.date(2024, 4, 29),
                "period_end": datetime.date(2024, 5, 5),
            },
        ),
    ],
)
def test_what_is_left_alone(frame: dict[str, int], observation: dict[str, Any]) -> None:
    assert found(frame, **observation) == []


def test_a_hedged_count_is_worth_knowing_only() -> None:
    severities = {
        qualifier: found({"frame_military": 12}, military=13, qualifier=qualifier)[0]["severity"]
        for qualifier in ("about", "almost", "more than", None)
    }
    assert severities == {"about": "info", "almost": "info", "more than": "warn", None: "warn"}
