"""The rules on the real text of 2024, the rules across editions, and the page that documents them."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import reconcile as reconciled
from pipelines.model import DISAGREEMENT, Document, Line
from pipelines.reconcile import reference
from schemas import registry
from tests import building
from tests.rendering_report import FULL, PROJECT, needs_full
from tests.support.reconciling import reconcile

# Every contradiction found by hand before the rules were written: rule, mission, and a line of its evidence.
ARITHMETIC = [
    ("row_total", "anti-isis-irak", 1602),
    ("column_total", None, 1642),
    ("grand_total", None, 1642),
]
TOTALS = [
    ("prose_total", None, 151),
    ("prose_total", None, 1654),
    ("prose_conflict", None, 1666),
    ("prose_conflict", None, 151),
]
NARRATIVE = [
    ("mandate_date", "emasoh", 1473),
    ("mandate_date", "minusma", 1091),
    ("mandate_date", "minusma", 1505),
    ("frame_after_end", "minusma", 1107),
    ("frame_after_end", "eutm-mali", 1016),
    ("frame_narrative", "eunavfor-aspides", 829),
    ("deployed_narrative", "eunavfor-aspides", 831),
    ("deployed_narrative", "minusma", 1109),
    ("deployed_narrative", "minusma", 1111),
    ("deployed_narrative", "unifil", 260),
    ("deployed_narrative", "untso", 491),
    ("coverage", "undof", 1608),
    ("coverage", "reis-indo-pacific", 1620),
    ("coverage", "houthi-strikes", 837),
    ("coverage", "prosperity-guardian", 833),
    ("coverage", None, 1299),
    ("region_conflict", "vpd", 1636),
    ("legal_basis_conflict", "eunavfor-atalanta", 1496),
    ("reference_conflict", None, 967),
    ("reference_conflict", None, 381),
    ("mandate_date", "eulpc-libie", 1517),
    ("mandate_date", "eutm-mali", 1515),
    *(
        ("claim_more_deployed_than_frame", mission, 161)
        for mission in (
            "undof",
            "ussc",
            "anti-isis-irak",
            "eunavfor-aspides",
            "reis-indo-pacific",
            "eulpc-libie",
            "sole",
        )
    ),
]


@pytest.fixture(scope="module")
def real() -> reconciled.Reconciliation:
    return reconcile(FULL.read_text(encoding="utf-8"))


@needs_full
def test_the_list_made_by_hand_is_found_and_nothing_else(real: reconciled.Reconciliation) -> None:
    listed = [*ARITHMETIC, *TOTALS, *NARRATIVE]
    unexplained = []
    found = set()
    for row in real.findings:
        lines = row["evidence_lines"]
        assert isinstance(lines, list)
        own = [
            entry for entry in listed if entry[:2] == (row["rule"], row["mission_id"]) and entry[2] in lines
        ]
        found.update(own)
        if not own:
            unexplained.append(row["message"])
    assert unexplained == []
    assert [entry for entry in listed if entry not in found] == []
    assert len(real.findings) == len(listed)


@needs_full
def test_the_smallest_repairs_of_the_real_table(real: reconciled.Reconciliation) -> None:
    told = {row["rule"]: json.loads(str(row["repairs"])) for row in real.findings if row["repairs"]}
    assert (told["row_total"]["table"]["cells"], told["row_total"]["table"]["count"]) == (3, 9)
    deployed, frame = told["row_total"]["stories"], told["column_total"]["stories"]
    assert [len(deployed), len(frame)] == [3, 3]
    changes = {
        frozenset((c["row_key"], c["column_name"], c["repaired"]) for c in s["changes"]) for s in deployed
    }
    assert changes == {
        frozenset({("anti-isis-irak", "deployed_total", 744), ("total", "deployed_total", 3483)}),
        frozenset({("anti-isis-irak", "deployed_military", 720), ("total", "deployed_military", 3444)}),
        frozenset({("anti-isis-irak", "deployed_civil_police", 4), ("total", "deployed_civil_police", 19)}),
    }
    single = {(c["row_key"], c["repaired"]) for s in frame for c in s["changes"]}
    assert single == {("total", 32), ("anti-isis-irak", 7), ("minusma", 0)}
    for story in deployed:  # none satisfies every total that the text states, and each satisfies one
        assert story["agrees_with"]
        assert story["contradicts"]
    assert [entry["count"] for entry in told["row_total"]["statements"]] == [3, 6, 3, 6, 6]


@needs_full
def test_events_of_the_real_text(real: reconciled.Reconciliation) -> None:
    ended = {
        (row["mission_id"], row["date"], row["precision"])
        for row in real.mission_events
        if row["event"] == "contribution ended"
    }
    day = datetime.date
    assert ended == {
        ("undof", day(2023, 8, 1), "month"),
        ("undof", day(2023, 8, 15), "day"),
        ("minusma", day(2023, 10, 1), "month"),
        ("eutm-mali", day(2023, 10, 1), "month"),
        ("eulpc-libie", day(2023, 9, 1), "day"),
    }


@needs_full
@pytest.mark.parametrize(
    ("old", "new", "rule", "mission"),
    [
        ("437 437", "437 439", "row_total", "eufor-althea"),
        ("Totaal 1510 22 3454", "Totaal 1510 22 3464", "grand_total", None),
        ("2024 3483 ", "2024 3.492 ", "prose_total", None),
        ("af op 18 mei", "", "mandate_date", "eutm-mali"),
        ("18 mei 2024 30 juni", "18 mei 2025 30 juni", "mandate_date", "eutm-mali"),
        ("tot 31 augustus 2024 (", "tot 31 augustus 2025 (", "mandate_date", "unifil"),
        ("uit twaalf militairen", "uit veertien militairen", "frame_narrative", "untso"),
        ("uit vier militairen,", "uit vijf militairen,", "frame_narrative", "ussc"),
        ("tien militairen ingezet", "acht militairen ingezet", "deployed_narrative", "eutm-mali"),
        ("tien stafofficieren", "veertien stafofficieren", "deployed_narrative", "minusma"),
        ("is maximaal 7 (", "is maximaal 9 (", "footnote_figure", "ussc"),
        ("maximaal 11 VPD", "maximaal 12 VPD", "footnote_figure", "vpd"),
        ("15 augustus 2023 gestopt", "15 juli 2023 gestopt", "prose_conflict", "undof"),
    ],
)
def test_what_is_planted_in_the_real_text_is_found(
    real: reconciled.Reconciliation, old: str, new: str, rule: str, mission: str | None
) -> None:
    text = FULL.read_text(encoding="utf-8")
    if not new:
        old, new = "loopt op 18 mei 2024 af", "loopt op 18 juni 2024 af"
    assert old in text
    known = {row["finding_id"] for row in real.findings}
    found = reconcile(text.replace(old, new, 1)).findings
    assert (rule, mission) in {(r["rule"], r["mission_id"]) for r in found if r["finding_id"] not in known}


def editions(*figures: int) -> dict[str, pa.Table]:
    """One mission in consecutive editions from 2020, so many persons sent in each."""
    rows = [
        {
            "edition_year": 2020 + index,
            "mission_id": "unifil",
            "mission_as_printed": "UNIFIL" if index < 3 else "UNIFIL (Libanon)",
            "deployed_military": figure,
            "deployed_civil_police": None,
            "source_page": 17,
            "source_line": 1606,
        }
        for index, figure in enumerate(figures)
    ]
    known = [{"edition_year": row["edition_year"], "period_months": 12} for row in rows]
    return {"editions": pa.Table.from_pylist(known), "personnel": pa.Table.from_pylist(rows)}


def across(*figures: int) -> list[tuple[object, object]]:
    return [(row["edition_year"], row["rule"]) for row in reconciled.across(editions(*figures))]


def test_a_change_far_outside_what_a_mission_has_shown_is_found() -> None:
    assert across(100, 110, 400) == [(2022, "year_on_year")]
    assert across(100, 110, 20) == [(2022, "year_on_year")]
    assert across(100, 190, 120) == []
    assert across(2, 12) == []


def test_a_new_name_is_found_once() -> None:
    assert across(10, 10, 10, 10, 10) == [(2023, "name_drift")]


def test_the_rules_are_documented_where_they_stand() -> None:
    page = PROJECT / "docs" / "reference" / "rules.md"
    assert page.read_text(encoding="utf-8") == reference.render()
    for rule in reconciled.RULES:
        assert re.match(r"(?:Compares|Where the text)", rule.doc), rule.name
        assert "\n\n" in rule.doc, rule.name


def test_the_version_of_the_rules_is_a_hash_of_the_package() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", reconciled.rules_version())
    assert Path(reconciled.__file__).parent.joinpath("phrases.toml").is_file()


def test_a_cell_that_tags_and_geometry_give_differently_is_a_finding() -> None:
    tables = building.edition_tables(2024, [{"mission_id": "untso", "deployed_military": 3}])
    cells = tables["cells"].to_pylist()
    (one,) = [c for c in cells if (c["row_key"], c["column_name"]) == ("untso", "deployed_military")]
    one["equalities"] = [f"{DISAGREEMENT}: structure tags give 3, geometry gives 13", "3 + 0 = 3"]
    tables["cells"] = tables["cells"].from_pylist(cells, schema=tables["cells"].schema)
    lines = Document("proef.pdf", "0" * 64, "pdf", (Line(1, 1, "UNTSO 3"),), ("1",))
    found = reconciled.check(tables, registry.load(), lines).findings
    (told,) = [row for row in found if row["rule"] == "tag_geometry_disagreement"]
    assert (told["mission_id"], told["severity"], told["side_b"]) == ("untso", "info", None)
    assert "geometry gives 13; 3 is recorded" in str(told["message"])
