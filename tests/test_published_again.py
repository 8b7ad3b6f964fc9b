"""Publishing again: a copy of the last file and what the lake was given since; the same as one made anew."""

import sys
from pathlib import Path
from typing import Any

import pytest

import schemas
from pipelines import settings, sql
from pipelines.lake import Authorship, Lake
from pipelines.lake.decision import content_hash
from pipelines.publish import published, release
from tests.support import building, output_of

BY = Authorship("tester", "run-1")


def record(lake: Lake, year: int, deployed: int, rules: str = "rules") -> None:
    """A vintage of an edition with two missions, and one finding of these rules."""
    rows = [{"mission_id": name, "deployed_military": deployed} for name in ("unifil", "untso")]
    source = building.source_file(year, str(deployed))
    read = building.edition_tables(year, rows, source=source)
    finding = {"edition_year": year, "finding_id": rules}
    found = building.found({"findings": [finding]}, rules_version=rules, content=content_hash(read))
    lake.record(year, read, source=source, versions=building.VERSIONS, by=BY, results=found)


def rows(file: Path) -> dict[str, Any]:
    """Every relation of a published file, each row, in an order of its own."""
    with published.connect(file) as connection:
        return {
            name: connection.execute(f"FROM {name} ORDER BY ALL").to_arrow_table()
            for name in schemas.RELATIONS
        }


@pytest.mark.commands
@pytest.mark.parametrize("at_once", [sql.AT_ONCE, 1])
def test_publishing_again_reads_what_is_new_and_gives_what_publishing_anew_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(sql, "AT_ONCE", at_once)
    where = settings.find(tmp_path / "raw", tmp_path / "warehouse")
    lake = Lake.of(where)
    read: list[list[tuple[int, int]]] = []
    since = Lake.since

    def watched(lake: Lake, snapshot: int | None) -> Any:
        found = since(lake, snapshot)
        places = found[0]["vintages"].select(["edition_year", "vintage"]).to_pylist()
        read.append([(place["edition_year"], place["vintage"]) for place in places])
        return found

    monkeypatch.setattr(Lake, "since", watched)
    record(lake, 2020, 1)
    record(lake, 2022, 5)
    first = release.publish(where, lake, [])
    record(lake, 2020, 2)
    record(lake, 2021, 3)  # an old year is filled in
    record(lake, 2022, 5, "other rules")  # which look at the vintage that is there
    second = release.publish(where, lake, [])
    lake.decide("withdraw", 2022, "a test", by=BY)
    third = release.publish(where, lake, [])
    again, after = release.publish(where, lake, []), rows(where.published)
    assert again["release_id"] == third["release_id"]
    where.published.unlink()
    anew = release.publish(where, lake, [])
    assert anew["release_id"] == third["release_id"]
    found = rows(where.published)
    for name in schemas.RELATIONS:
        if name != "build_info":  # it has the lake's newest snapshot at that moment
            assert after[name].equals(found[name]), name
    assert [len(places) for places in read] == [2, 2, 1, 0, 5]
    named = [
        [(row["edition_year"], row["vintage"]) for row in of["vintages"]] for of in (first, second, third)
    ]
    assert named == [[(2020, 1), (2022, 1)], [(2020, 2), (2021, 1)], [(2022, 2)]]
    assert {file["snapshot"] for file in third["parquet"]}.isdisjoint(
        file["snapshot"] for file in first["parquet"]
    )
    assert third["later_trends"] == [] != second["later_trends"]
    changes = {(row["row_key"], row["column_name"]): row for row in second["later_trends"]}
    change = changes["unifil", "change"]
    assert (change["edition_year"], change["old_value"], change["new_value"]) == (2022, 4, 2)
    for said in ("changes", "later_trends", "vintages", "editions"):
        assert again[said] == anew[said] == third[said], said


@pytest.mark.commands
def test_a_file_of_another_lake_is_not_added_to(tmp_path: Path) -> None:
    one, other = (settings.find(tmp_path / name / "raw", tmp_path / name / "w") for name in ("one", "other"))
    for where, deployed in ((one, 1), (other, 2)):
        record(Lake.of(where), 2020, deployed)
        release.publish(where, Lake.of(where), [])
    one.published.unlink()
    other.published.rename(one.published)
    record(Lake.of(one), 2021, 3)
    release.publish(one, Lake.of(one), [])
    with published.connect(one.published) as connection:
        found = connection.execute(
            "SELECT edition_year, deployed_military FROM personnel ORDER BY ALL"
        ).fetchall()
    assert found == [(2020, 1), (2020, 1), (2021, 3), (2021, 3)]


@pytest.mark.commands
def test_a_file_that_another_process_has_replaced_is_not_added_to_twice(tmp_path: Path) -> None:
    where = settings.find(tmp_path / "raw", tmp_path / "warehouse")
    lake = Lake.of(where)
    record(lake, 2020, 1)
    release.publish(where, lake, [])
    record(lake, 2021, 3)
    release.gather(where)  # as the step of the views does, and keeps the file open
    other = f"""
from pathlib import Path
from pipelines import settings
from pipelines.lake import Lake
from pipelines.publish import release
where = settings.find(Path({str(where.raw)!r}), Path({str(where.warehouse)!r}))
release.publish(where, Lake.of(where), [])
"""
    output_of(sys.executable, "-c", other)
    release.publish(where, lake, [])
    with published.connect(where.published) as connection:
        query = "SELECT edition_year, count(*) FROM personnel GROUP BY ALL ORDER BY ALL"
        assert connection.execute(query).fetchall() == [(2020, 2), (2021, 2)]
