"""Manifests and pages of changes of releases: what a release is made of, and what it changed."""

from __future__ import annotations

import datetime
import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb
import pytest

import schemas
from pipelines import files, versions
from pipelines.publish import published, release
from pipelines.settings import Settings, find
from tests.support import ROOT, building

UNTSO = {"mission_id": "untso", "deployed_military": 32}


@pytest.fixture(scope="module")
def where(built: Path) -> Settings:
    return find(ROOT / "raw", built)


@pytest.fixture(scope="module")
def written(where: Settings) -> dict[str, Any]:
    """The manifest of the release that was built."""
    (folder,) = where.releases.iterdir()
    found = release.read(where.releases, folder.name)
    assert found is not None
    return found


def test_every_hash_is_that_of_its_file(where: Settings, written: dict[str, Any]) -> None:
    assert written["published"]["sha256"] == files.sha256(where.published)
    assert written["published"]["bytes"] == where.published.stat().st_size
    (edition,) = written["editions"]
    assert edition["source_sha256"] == files.sha256(ROOT / edition["source_path"])
    stored = {Path(where.data) / entry["path"]: entry for entry in written["parquet"]}
    assert set(stored) == set(Path(where.data).rglob("*.parquet"))
    for file, entry in stored.items():
        assert (entry["sha256"], entry["bytes"]) == (files.sha256(file), file.stat().st_size)
    page = where.releases / written["release_id"] / release.CHANGES
    assert written["changes_sha256"] == files.sha256(page)
    assert release.intact(written)
    assert not release.intact({**written, "registry": "another"})
    assert release.read(where.releases, "absent") is None


def test_tools_and_extensions_have_versions_and_an_origin(written: dict[str, Any]) -> None:
    assert written["tools"]["duckdb"] == duckdb.__version__
    assert {
        name: metadata.version(name) for name in written["tools"] if name not in ("jvom", "python")
    }.items() <= (written["tools"].items())
    extensions = {each["name"]: each for each in written["extensions"]}
    assert {"ducklake", "sqlite_scanner"} <= set(extensions)
    assert all(each["version"] and each["origin"] for each in extensions.values())
    assert "duckdb-extension-ducklake" in extensions["ducklake"]["origin"]


def test_a_manifest_names_what_the_release_shows(where: Settings, written: dict[str, Any]) -> None:
    with published.connect(where.published) as connection:
        (name, snapshot, vintages) = connection.execute(
            "SELECT release_id, snapshot_id, vintages FROM releases ORDER BY published_at DESC LIMIT 1"
        ).fetchall()[0]
        rows = connection.execute("SELECT edition_year, vintage, content_hash FROM vintages").fetchall()
    assert (written["release_id"], written["snapshot_id"]) == (name, snapshot)
    assert {each["edition_year"]: each["vintage"] for each in written["editions"]} == vintages
    keys = ("edition_year", "vintage", "content_hash")
    assert [tuple(each[key] for key in keys) for each in written["vintages"]] == rows
    assert written["contract_version"] == schemas.CONTRACT_VERSION
    assert written["previous_release_id"] is None
    once = release.gather(where)
    assert release.gather(where) is once  # evaluated once for one state of everything
    once.tables.close()


@pytest.fixture
def three() -> building.Tables:
    """An edition in three vintages: read, with a changed figure, withdrawn."""
    base = building.base_tables(
        building.edition_tables(2024, [UNTSO]),
        building.edition_tables(2024, [{**UNTSO, "deployed_military": 33}]),
        building.edition_tables(2024, [{**UNTSO, "deployed_military": 33}]),
        causes={(2024, 3): "withdrawn"},
    )
    return {**base, "releases": building.releases(("a" * 12, 1), ("b" * 12, 3), ("c" * 12, 3))}


def put(
    tables: building.Tables, tmp_path: Path, number: int, before: Any = None
) -> tuple[dict[str, Any], str]:
    """Write the manifest of a release; what it says, and its change log."""
    file = tmp_path / "jvom.duckdb"
    file.write_bytes(b"published")
    row = tables["releases"].to_pylist()[number]
    made = release.manifest(row, tables, file=file, stored=[], extensions=[], declared_before=before)
    release.write(tmp_path / "releases", made)
    page = (tmp_path / "releases" / row["release_id"] / release.CHANGES).read_text(encoding="utf-8")
    found = release.read(tmp_path / "releases", row["release_id"])
    assert found is not None
    assert release.intact(found)
    return found, page


def test_a_release_says_what_it_changed_and_why(three: building.Tables, tmp_path: Path) -> None:
    first, page = put(three, tmp_path, 0)
    assert [entry["cause"] for entry in first["changes"]] == ["first reading"]
    assert "This is the first release." in page
    assert "- rows: cells 11" in page
    second, page = put(three, tmp_path, 1)
    assert second["previous_release_id"] == "a" * 12
    assert [(entry["vintage"], entry["cause"]) for entry in second["changes"]] == [
        (2, "source changed"),
        (3, "withdrawn"),
    ]
    assert "- untso: deployed_military 32 → 33; deployed_total 32 → 33" in page.splitlines()
    assert "- edition: withdrawn no → yes" in page.splitlines()
    assert "by tester" in page


def test_a_label_that_changed_is_named_with_the_sums_that_it_changed(
    three: building.Tables, tmp_path: Path
) -> None:
    first, page = put(three, tmp_path, 0)
    assert "What is declared" not in page
    registry = [{**row, "region": "Afrika"} for row in three["mission_registry"].to_pylist()]
    was = registry and three["mission_registry"]["region"].to_pylist()[0]
    correction = {"edition_year": 2024, "table_name": "personnel", "row_key": "untso"} | {
        "column_name": "deployed_total",
        "printed_value": "33",
        "corrected_value": "34",
        "reason": "a slip",
    }
    tables = three | {
        "mission_registry": schemas.REGISTRY["mission_registry"].table(registry),
        "declared_corrections": schemas.DERIVED["declared_corrections"].table([correction]),
        "releases": building.releases(("a" * 12, 1), ("b" * 12, 2)),
    }
    found, page = put(tables, tmp_path, 1, first["declared"])
    said = page.replace("\\", "")
    assert f"- untso: region {was} → Afrika" in said
    assert f"deployed_total_computed: Afrika (none) → 32, {was} 32 → (none)" in said
    assert "- correction, new: 2024, personnel.untso.deployed_total, printed 33, declared 34" in said
    assert {row["relation"] for row in found["relabelled"]} == {"region_trends"}


def test_a_release_is_later_than_those_before_it_by_whatever_clock(three: building.Tables) -> None:
    ahead = [{**row, "published_at": datetime.datetime(2999, 1, 1)} for row in three["releases"].to_pylist()]
    row = release.row_of({**three, "releases": schemas.RECORD["releases"].table(ahead)})
    assert row["published_at"] > datetime.datetime(2999, 1, 1)


def test_a_release_without_a_vintage_says_what_else_is_different(
    three: building.Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "registry", lambda: "registry-1")
    put(three, tmp_path, 1)
    monkeypatch.setattr(versions, "registry", lambda: "registry-2")
    again, page = put(three, tmp_path, 2)
    assert again["changes"] == []
    assert "No vintage came." in page
    assert "- mission registry and layouts: registry-1 → registry-2" in page
    assert "SQL of the views" not in page
    shutil.rmtree(tmp_path / "releases" / ("b" * 12))
    assert "is not there to compare with" in put(three, tmp_path, 2)[1]


def test_an_old_year_that_is_filled_in_says_which_later_trends_changed(tmp_path: Path) -> None:
    """2022 comes last; MINUSMA is in all editions, UNIFIL in all but 2022, and Mali in those after it."""
    counts = {2021: 1, 2023: 7, 2024: 9, 2022: 4}
    editions = [
        building.edition_tables(
            year,
            [{"mission_id": "minusma", "deployed_military": count}]
            + [{"mission_id": "unifil", "deployed_military": 1}] * (year != 2022)
            + [{"mission_id": "eutm-mali", "deployed_military": 1}] * (year > 2022),
        )
        for year, count in counts.items()
    ]
    base = building.base_tables(*editions)
    rows = building.releases(("a" * 12, 3), ("b" * 12, 4)).to_pylist()
    rows[0]["vintages"], rows[1]["vintages"] = (
        [(year, 1) for year in years] for years in ((2021, 2023, 2024), counts)
    )
    tables = {**base, "releases": schemas.RECORD["releases"].table(rows)}

    first, _ = put(tables, tmp_path, 0)
    assert first["later_trends"] == []
    found, page = put(tables, tmp_path, 1)
    changed = {
        (row["row_key"], row["edition_year"], row["column_name"]): (row["old_value"], row["new_value"])
        for row in found["later_trends"]
        if row["relation"] == "mission_trends" and row["column_name"] != "change_pct"
    }
    assert changed == {
        ("minusma", 2023, "previous_edition_year"): (2021, 2022),
        ("minusma", 2023, "comparable"): (False, True),
        ("minusma", 2023, "change"): (6, 3),
        ("minusma", 2023, "moving_average_3"): (None, 4.0),
        ("minusma", 2024, "moving_average_3"): (None, 20 / 3),
        ("unifil", 2023, "previous_edition_year"): (2021, 2022),
        ("unifil", 2023, "comparable"): (False, True),
        ("unifil", 2023, "change"): (0, None),
        ("unifil", 2023, "status"): ("continued", "returned"),
        ("eutm-mali", 2023, "previous_edition_year"): (2021, 2022),
        ("eutm-mali", 2023, "comparable"): (False, True),
        ("eutm-mali", 2023, "status"): (None, "new"),
    }
    lines = page.splitlines()
    assert "- 2023, mission_trends.comparable: no → yes in 3 rows" in [
        line.replace("\\", "") for line in lines
    ]
    assert "- 2024, mission_trends.moving_average_3: minusma (none) → 6.667" in [
        line.replace("\\", "") for line in lines
    ]


def test_writing_a_release_again_gives_the_same_change_log(three: building.Tables, tmp_path: Path) -> None:
    assert put(three, tmp_path, 1) == put(three, tmp_path, 1)
    assert json.loads((tmp_path / "releases" / ("b" * 12) / release.MANIFEST).read_text(encoding="utf-8"))
