"""A backup is a warehouse: whole, consistent, and opened like the first one."""

import dataclasses
import shutil
import sqlite3
from pathlib import Path

import pytest

from pipelines import raw
from pipelines.lake import Lake, backup
from pipelines.settings import Settings, find
from schemas.errors import LakeError, UsageError
from tests.support import ROOT, Jvom, options
from tests.support.lakes import PLAN, open_lake, record


@pytest.fixture
def warehouse(tmp_path: Path) -> Settings:
    """A warehouse with a lake, a run history that is being written, and what must not be copied."""
    house = tmp_path / "warehouse"
    record(open_lake(house), PLAN[0])
    for path, text in {
        "sources/2021/ab.txt": "kept bytes",
        "dagster/dagster.yaml": "telemetry: {enabled: false}",
        "jvom.duckdb": "published",
        "jvom.duckdb.building-1": "left over",
        "stage/value": "between runs",
    }.items():
        (house / path).parent.mkdir(parents=True, exist_ok=True)
        (house / path).write_text(text)
    (house / "jvom.duckdb").chmod(0o444)
    return Settings(
        raw=tmp_path / "raw",
        warehouse=house,
        catalog=f"sqlite:{house / 'lake' / 'catalog.sqlite'}",
        data=f"{house / 'lake' / 'data'}/",
    )


def test_a_backup_opens_as_a_warehouse(warehouse: Settings, tmp_path: Path) -> None:
    history = warehouse.dagster_home / "history.db"
    with sqlite3.connect(history) as writing:
        writing.execute("PRAGMA journal_mode = wal")
        writing.execute("CREATE TABLE runs AS SELECT 'run-1' AS id")
        writing.commit()
        copied = backup(warehouse, tmp_path / "deep" / "copy")  # while it is open, its rows in its log
    copy = tmp_path / "deep" / "copy"
    assert copied == sum(path.stat().st_size for path in copy.rglob("*") if path.is_file())
    names = {
        str(path.relative_to(copy))
        for path in copy.rglob("*")
        if path.is_file() and path.suffix not in (".parquet", ".json")
    }
    assert names == {
        "lake/catalog.sqlite",
        "lake/catalog.sqlite.sha256",
        "sources/2021/ab.txt",
        "dagster/dagster.yaml",
        "dagster/history.db",
        "jvom.duckdb",
    }
    assert (copy / "jvom.duckdb").stat().st_mode & 0o777 == 0o444
    with sqlite3.connect(copy / "dagster" / "history.db") as copied_history:
        assert copied_history.execute("SELECT id FROM runs").fetchall() == [("run-1",)]
    first, second = Lake(warehouse.catalog, warehouse.data), open_lake(copy)
    assert second.read() == first.read()
    assert second.head() == first.head()
    assert second.recover() == []
    assert record(second, PLAN[1]).written  # it goes on from there, and alone
    assert first.read()["vintages"].num_rows == 1


def test_a_named_warehouse_has_the_sources_in_it_or_beside_it(
    warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not those of the project that the command is run in."""
    (warehouse.raw).mkdir(exist_ok=True)
    (warehouse.raw / "sources.toml").write_text("[[edition]]\n")
    (warehouse.raw / "sources.lock").write_text("")
    monkeypatch.setenv("JVOM_RAW", str(tmp_path / "other"))
    assert find(warehouse=warehouse.warehouse).raw == warehouse.raw
    backup(warehouse, tmp_path / "elsewhere" / "copy")
    own = find(warehouse=tmp_path / "elsewhere" / "copy").raw
    assert own == tmp_path / "elsewhere" / "copy" / "raw"
    assert {file.name for file in own.iterdir()} == {"sources.toml", "sources.lock"}
    assert find(warehouse=tmp_path / "new" / "warehouse").raw == tmp_path / "other"


@pytest.mark.commands
def test_what_is_restored_brings_its_raw_files_to_its_own_place(
    own: Settings, tmp_path: Path, jvom: Jvom
) -> None:
    """Never to those of another warehouse; and where git's lock is there already it gains the backup's."""
    project, copy = tmp_path / "project", tmp_path / "copy"
    shutil.copytree(own.raw, project / "raw")
    shutil.copy(ROOT / "workspace.yaml", project)
    (own.raw / "2021").mkdir()
    (own.raw / "2021" / "other.txt").write_text("another report")
    raw.lock_year(own.raw, 2021)
    assert jvom("backup", copy, *options(own)).returncode == 0
    before = sorted(project.rglob("*"))
    moved = ("--warehouse", tmp_path / "moved" / "warehouse")
    assert jvom("backup", copy, "--restore", *moved, cwd=project).returncode == 0
    assert sorted(project.rglob("*")) == before
    assert (tmp_path / "moved" / "raw" / "2021" / "other.txt").exists()
    assert jvom("verify", *moved, cwd=project).returncode == 0
    (project / "raw" / "sources.toml").write_text("# changed\n")
    done = jvom("backup", copy, "--restore", "--warehouse", "warehouse", cwd=project)
    assert (done.returncode, "raw/sources.toml has other bytes" in done.stderr) == (0, True), done.stderr
    assert [file.path for file in raw.lock_entries(project / "raw")[2021]] == ["raw/2021/other.txt"]
    assert jvom("verify", cwd=project).returncode == 0
    foreign = jvom("backup", copy, "--restore", cwd=project, JVOM_WAREHOUSE=str(tmp_path / "third"))
    assert (foreign.returncode, "belongs to the warehouse" in foreign.stderr) == (2, True), foreign.stderr


def test_a_lake_elsewhere_comes_to_its_usual_place(warehouse: Settings, tmp_path: Path) -> None:
    data, catalog = tmp_path / "big" / "data", tmp_path / "small" / "catalog.db"
    elsewhere = dataclasses.replace(warehouse, catalog=f"sqlite:{catalog}", data=f"{data}/")
    record(Lake(elsewhere.catalog, elsewhere.data), PLAN[2])
    backup(elsewhere, tmp_path / "copy")
    assert open_lake(tmp_path / "copy").read() == Lake(elsewhere.catalog, elsewhere.data).read()


def test_an_empty_folder_is_filled_and_a_used_one_refused(warehouse: Settings, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    backup(warehouse, tmp_path / "copy")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="something there already"):
        backup(warehouse, tmp_path / "copy")
    with pytest.raises(UsageError, match="in the warehouse"):
        backup(warehouse, warehouse.warehouse / "backups" / "today")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_backup_that_fails_leaves_nothing(warehouse: Settings, tmp_path: Path) -> None:
    (warehouse.dagster_home / "broken.db").write_bytes(b"SQLite format 3\0 and then nothing of the kind")
    with pytest.raises(LakeError, match="the backup failed") as failure:
        backup(warehouse, tmp_path / "copy")
    assert failure.value.hint is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["warehouse"]


def test_what_is_not_here_cannot_be_copied(warehouse: Settings, tmp_path: Path) -> None:
    none = dataclasses.replace(warehouse, catalog=f"sqlite:{tmp_path / 'none.sqlite'}")
    with pytest.raises(LakeError, match="no lake to copy yet"):
        backup(none, tmp_path / "copy")
