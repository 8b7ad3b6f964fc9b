"""The UN's contributions: levels kept apart, nobody counted twice, the file kept by hash, refusals."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import settings
from pipelines import verify as verified
from pipelines.orchestration import automation, resources
from pipelines.other_sources import contributions
from pipelines.other_sources import files as public_sources
from pipelines.publish import published, views
from schemas import registry
from schemas.errors import ContractError, JvomError, LakeError, Problems, SourceError
from tests.support import Jvom
from tests.support.building import base_tables, edition_tables

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT.parent / "shared/facts/un_nl_contributions.csv"
REGISTRY = registry.load()
HEADER = "mission,month,personnel_type,count,level,note"
LINES = (
    "UNTSO,2013-02,all_types,13,month x mission x type,",
    "UNTSO,2013-02,experts_on_mission,11,month x mission x type,",
    "UNTSO,2013-02,individual_police,2,month x mission x type,",
    "UNDOF,2013-02,all_types,3,month x mission x type,",
    'ALL,2013-02,troops,14,"month x type, all missions",',
    "UNTSO,2013,all_types_mean_of_12_months,12,year x mission (rounded mean),a lower bound",
)


def data(lines: Sequence[str] = LINES, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def parse(lines: Sequence[str] = LINES, header: str = HEADER) -> list[dict[str, Any]]:
    table = contributions.parse(data(lines, header), "un.csv", REGISTRY)
    rows: list[dict[str, Any]] = public_sources.checked(table, "un_contributions", "un.csv").to_pylist()
    return rows


def test_levels_are_kept_apart() -> None:
    rows = parse()
    assert [row["level"] for row in rows] == [
        *["month and mission"] * 4,
        "month, all missions",
        "year and mission",
    ]
    assert [row["mission_id"] for row in rows[-2:]] == [None, "untso"]
    assert (rows[0]["period_start"], rows[0]["period_end"]) == (
        datetime.date(2013, 2, 1),
        datetime.date(2013, 2, 28),
    )
    assert rows[-1]["period_end"] == datetime.date(2013, 12, 31)


def test_the_timeline_counts_nobody_twice() -> None:
    rows = [{**row, "source": "un.csv"} for row in parse()]
    base = base_tables(
        edition_tables(2024, [{"mission_id": "untso"}, {"mission_id": "undof"}]), contributions=rows
    )
    shown = [
        row for row in views.evaluate(base)["mission_timeline"].to_pylist() if row["basis"] == "UN monthly"
    ]
    assert [(row["mission_id"], row["military"], row["civil_police"], row["total"]) for row in shown] == [
        ("undof", None, None, 3),
        ("untso", 11, 2, 13),
    ]
    assert all("Marechaussee" in row["note"] for row in shown)


def test_the_whole_file_is_read() -> None:
    if not SOURCE.exists():
        pytest.skip("needs ../shared/facts/un_nl_contributions.csv, which is not part of the repository")
    table = contributions.parse(SOURCE.read_bytes(), str(SOURCE), REGISTRY)
    public_sources.checked(table, "un_contributions", str(SOURCE))
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    assert table.num_rows == len(lines) - 1
    assert table["mission_id"].null_count == sum(line.startswith("ALL,") for line in lines)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["UNTZO,2013-02,troops,1,,"], "“UNTZO” (nearest: untso)"),
        (["UNTSO,2013-02,troops,1,,", "UNTSO,2013-02,all_types,3,,"], "all_types says 3, its types make 1"),
    ],
)
def test_a_file_that_contradicts_is_refused(lines: list[str], words: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse(lines)
    assert words in caught.value.message
    assert caught.value.file == "un.csv"
    assert caught.value.line


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("UNTSO,2013-02-03,troops,1,,", "must be a month"),
        ("ALL,2013,troops,1,,", "must be a month"),
        ("UNTSO,2013-02,troops,,,", "must not be empty"),
        ("UNTSO,2013-02,troops,1.5,,", "must be a whole number"),
        ('UNTSO,2013-02,troops,1,"month x type, all missions",', "is not what its month and mission make"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_line(line: str, words: str) -> None:
    with pytest.raises(Problems) as caught:
        parse([*LINES, line])
    assert [problem.line for problem in caught.value.problems] == [len(LINES) + 2]
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("UNTSO,2013-02,soldiers,1,,", "must be one of troops"),
        ("UNDOF,2013-02,troops,-3,,", "must be 0 or more"),
        ("UNTSO,2013,troops,1,,", "all_types_mean_of_12_months where level is a year's"),
        ("ALL,2013-02,troops,14,,", "the key must be unique"),
    ],
)
def test_a_row_that_breaks_the_contract_is_named_by_its_line(line: str, words: str) -> None:
    without_sums = [each for each in LINES if ",all_types," not in each]
    with pytest.raises(ContractError) as caught:
        parse([*without_sums, line])
    assert words in str(caught.value)
    assert f"(line {len(without_sums) + 2})" in str(caught.value)


def test_unknown_missions_come_with_the_entries_to_add(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        parse(["MINURSO,2013-02,troops,1,,", "UNMIK,2013-02,troops,1,,"])
    folder = Path(registry.__file__).parent
    for name in ("layouts.toml", "readings.toml"):
        shutil.copy(folder / name, tmp_path)
    known = (folder / "missions.toml").read_text(encoding="utf-8")
    entries = (caught.value.hint or "").partition("\n")[2]
    (tmp_path / "missions.toml").write_text(f"{known}\n{entries}\n", encoding="utf-8")
    added = registry.load(tmp_path)
    assert [mission and mission.id for mission in map(added.find, ("MINURSO", "UNMIK"))] == [
        "minurso",
        "unmik",
    ]


def test_only_dutch_rows_are_taken() -> None:
    header = "contributor,mission,month,personnel_type,count"
    rows = parse(["Netherlands,UNTSO,2013-02,troops,1", "Belgium,UNKNOWN,2013-02,troops,9"], header)
    assert [row["count"] for row in rows] == [1]
    with pytest.raises(SourceError, match="no row of the Netherlands"):
        parse(["Belgium,UNTSO,2013-02,troops,9"], header)


def test_the_latest_file_is_in_use_and_both_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "un"
    first = contributions.keep(data(), "first.csv", folder)
    second = contributions.keep(data(LINES[:1]), "second.csv", folder)
    assert contributions.kept(folder) == folder / f"{second}.csv"
    assert contributions.read(folder, REGISTRY).num_rows == 1
    contributions.keep(data(), "first.csv", folder)
    assert contributions.read(folder, REGISTRY).num_rows == len(LINES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [f"{first}.csv", f"{second}.csv", "latest.json"]
    )


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "un"
    sha256 = contributions.keep(data(), "un.csv", folder)
    (folder / f"{sha256}.csv").write_bytes(data(LINES[:2]))
    with pytest.raises(SourceError, match="its hash is not its name"):
        contributions.read(folder, REGISTRY)
    (folder / f"{sha256}.csv").unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        contributions.read(folder, REGISTRY)
    (folder / contributions.LATEST).write_text("{}", encoding="utf-8")
    with pytest.raises(SourceError, match="does not name a kept file"):
        contributions.kept(folder)


def test_a_folder_that_cannot_be_written_is_trouble_of_the_surroundings(tmp_path: Path) -> None:
    (tmp_path / "un").write_text("a file stands in the way", encoding="utf-8")
    with pytest.raises(LakeError, match="cannot be kept"):
        contributions.keep(data(), "un.csv", tmp_path / "un")


def test_ingesting_publishes_and_is_verified(built: Path, tmp_path: Path, jvom: Jvom) -> None:
    warehouse = tmp_path / "warehouse"
    shutil.copytree(built, warehouse)
    file = tmp_path / "un.csv"
    file.write_bytes(data([*LINES, "UNTZO,2013-02,troops,1,,"]))
    refused = jvom("ingest-un", file, "--warehouse", warehouse, "--json")
    assert refused.returncode == 1
    assert "UNTZO" in json.loads(refused.stdout)["error"]["message"]
    assert not (warehouse / "un").exists()

    file.write_bytes(data())
    done = jvom("ingest-un", file, "--warehouse", warehouse)
    assert done.returncode == 0, done.stderr
    with published.connect(warehouse / "jvom.duckdb") as connection:
        counts = connection.execute("SELECT count(*) FROM un_contributions").fetchone()
    assert counts == (len(LINES),)
    assert jvom("ingest-un", file, "--warehouse", warehouse).stdout.startswith("Nothing new")
    assert jvom("build", "--warehouse", warehouse).stdout.startswith("Nothing new")

    there = settings.find(ROOT / "raw", warehouse)
    (kept,) = (warehouse / "un").glob("*.csv")
    assert not [fault for fault in verified.verify(there).faults if "un/" in fault.where]
    kept.write_bytes(data(LINES[:1]))
    assert [fault.where for fault in verified.verify(there).faults] == [f"warehouse/un/{kept.name}"]


def test_the_sensor_asks_for_changed_figures_once(built: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(ROOT / "raw", raw)
    there = settings.find(raw, built)
    warehouse = resources.Warehouse(
        raw=str(raw), warehouse=str(built), catalog=there.catalog, data=there.data
    )

    def tick(cursor: str | None) -> Any:
        context = dg.build_sensor_context(resources={"warehouse": warehouse}, cursor=cursor)
        return automation.public_figures.evaluate_tick(context)

    assert not tick(None).run_requests
    with (raw / "observations.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    asked = tick(None)
    assert len(asked.run_requests) == 1
    assert not tick(asked.cursor).run_requests


def test_every_refusal_says_what_to_do() -> None:
    for lines in (["UNTZO,2013-02,troops,1,,"], ["UNTSO,x,troops,1,,"], ["UNTSO,2013-02,soldiers,1,,"]):
        with pytest.raises(JvomError) as caught:
            parse(lines)
        assert caught.value.hint
