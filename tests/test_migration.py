"""A warehouse that an earlier version wrote: opened by this one, and copied before it grows."""

import dataclasses
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

import schemas
import schemas.relations
from pipelines import raw, trace
from pipelines.extract import text as document
from pipelines.lake import Lake, tables
from pipelines.lake import evidence as evidence_of
from pipelines.lake.connection import attached
from pipelines.lake.decision import content_hash
from pipelines.model import Document, SourceFile
from pipelines.orchestration import run
from pipelines.publish import published, views
from pipelines.settings import Settings, find
from schemas.contract import INTEGER, TEXT, Column, Contract
from tests.support import ROOT, Jvom, answer, building

KEPT = Path(__file__).parent / "kept" / "warehouse-1.0.tar.xz"
MANDATE = ("mandates", "unifil", "international_mandate_end")

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def kept(tmp_path: Path) -> Settings:
    """A copy of the kept warehouse, with the repository's raw/."""
    with tarfile.open(KEPT) as archive:
        archive.extractall(tmp_path, filter="data")
    return find(ROOT / "raw", tmp_path / "warehouse")


def lake_of(where: Settings) -> Lake:
    return Lake(where.catalog, where.data, where.warehouse)


def rows_of(read: dict[str, pa.Table]) -> Rows:
    """Every row that holds something, without the columns that are null: what later contracts add is."""
    return {
        name: [{column: value for column, value in row.items() if value is not None} for row in rows]
        for name, table in read.items()
        if (rows := table.to_pylist())
    }


def columns_of(where: Settings) -> dict[str, set[str]]:
    """Table → columns, as the lake has them."""
    with attached(lake_of(where).address, "looking", write=False) as lake:
        assert lake is not None
        return tables.columns(lake)


def copies(where: Settings) -> list[Path]:
    return sorted(where.backups.glob("*")) if where.backups.exists() else []


def require_known_answers(where: Settings) -> None:
    """Revisions of the kept warehouse, and the trace of a value in it, from a file published now."""
    base = lake_of(where).read()
    registry = building.registry_tables(set(base["personnel_vintages"]["mission_id"].to_pylist()))
    building.publish(where.published, building.base_tables() | base | registry)

    def lines(source: SourceFile) -> Document:
        return document.read(raw.read(source, raw=where.raw, kept=where.kept), source)

    def evidence(number: int) -> Any:
        return evidence_of(where.catalog, where.data, number)

    with published.connect(where.published) as connection:
        revisions = connection.execute(
            "SELECT vintage, table_name, row_key, column_name, old_value, new_value, cause FROM revisions "
            "WHERE column_name = 'international_mandate_end' ORDER BY vintage"
        ).fetchall()
        found = trace.trace(
            connection, "untso", 2024, "deployed_military", load_document=lines, evidence=evidence
        )
    assert revisions == [
        (2, *MANDATE, "2024-08-31", "2024-09-30", "source changed"),
        (3, *MANDATE, "2024-09-30", "2024-08-31", "restored"),
    ]
    (reading,) = found.readings
    assert (found.value, reading.cells[0].pieces[0].marked, reading.vintage["actor"]) == (32, "32", "tester")
    assert reading.evidence is not None
    assert reading.evidence.files


def test_the_kept_warehouse_reads_and_answers_without_being_touched(kept: Settings) -> None:
    before = {path: path.stat().st_mtime_ns for path in Path(kept.data).rglob("*")}
    read = lake_of(kept).read()
    assert read["vintages"]["cause"].to_pylist() == ["first reading", "source changed", "restored"]
    assert {name: table.column_names for name, table in read.items()} == {
        name: list(contract.names) for name, contract in (schemas.VINTAGE_TABLES | schemas.RECORD).items()
    }
    require_known_answers(kept)
    assert {path: path.stat().st_mtime_ns for path in Path(kept.data).rglob("*")} == before
    assert copies(kept) == []


def test_what_a_later_contract_adds_may_be_null(kept: Settings) -> None:
    """Else the vintages before it could not be read: this is what a new column has to keep to."""
    there = columns_of(kept)
    added = [
        (name, column.name, column.nullable)
        for name, contract in tables.contracts().items()
        for column in contract.columns
        if name in there and column.name not in there[name]
    ]
    assert [place for place in added if not place[2]] == []
    assert {column for names in there.values() for column in names} - {"snapshot_id"} <= {
        column for contract in tables.contracts().values() for column in contract.names
    }


@pytest.fixture
def grown(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Contracts with a column more in personnel, and a table more."""
    later_word = Column("later_word", TEXT, "What a later version reads.", nullable=True)
    personnel = schemas.TABLES["personnel"]
    pages = Contract(
        name="pages",
        description="What a later version reads.",
        row="page",
        key=("edition_year", "page"),
        columns=(personnel["edition_year"], Column("page", INTEGER, "Number of the page.")),
    )
    more = {
        **schemas.TABLES,
        "personnel": dataclasses.replace(personnel, columns=(*personnel.columns, later_word)),
        "pages": pages,
    }
    grown_tables = {f"{name}_vintages": contract.with_vintage() for name, contract in more.items()}
    stored = {**schemas.VINTAGE_TABLES, **grown_tables}
    monkeypatch.setattr(schemas, "TABLES", MappingProxyType(more))
    monkeypatch.setattr(schemas, "VINTAGE_TABLES", MappingProxyType(stored))
    shown = {name: contract.published() for name, contract in more.items()}
    relations = {**schemas.RELATIONS, **stored, **shown}
    monkeypatch.setattr(schemas, "RELATIONS", MappingProxyType(relations))
    caches = (tables.contracts, views.ordered, views.lineage)
    for cache in caches:
        cache.cache_clear()
    yield
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("grown")
def test_a_column_and_a_table_more_come_after_a_copy_and_change_no_row(
    kept: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    before, old = rows_of(lake_of(kept).read()), columns_of(kept)
    assert "pages_vintages" not in old
    lake_of(kept).add_verification("a test", "tester")  # the first write with the new contracts
    now = columns_of(kept)
    assert now["personnel_vintages"] - old["personnel_vintages"] >= {"later_word"}
    assert now["pages_vintages"] == {"edition_year", "vintage", "page"}
    after = lake_of(kept).read()
    assert after["pages_vintages"].num_rows == 0
    assert set(after["personnel_vintages"]["later_word"].to_pylist()) == {None}
    said = rows_of(after)
    assert said["verifications"].pop()["result"] == "a test"
    assert said == before
    for row in after["vintages"].to_pylist():
        recorded = lake_of(kept).vintage(row["edition_year"], row["vintage"])
        assert content_hash(recorded) == row["content_hash"]
    require_known_answers(kept)

    (copy,) = copies(kept)
    assert copy.name.endswith("-before-migration")
    assert str(copy) in caplog.text
    assert "pages_vintages" in caplog.text
    as_it_was = find(ROOT / "raw", copy)
    assert columns_of(as_it_was) == old
    assert rows_of(lake_of(as_it_was).read()) == before
    lake_of(kept).add_verification("another", "tester")
    assert copies(kept) == [copy]  # once: nothing is lacking any more


@pytest.mark.usefixtures("grown")
def test_a_lake_without_a_known_warehouse_is_not_changed(kept: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.sqlite"
    Path(kept.catalog.removeprefix("sqlite:")).rename(elsewhere)
    moved = dataclasses.replace(kept, catalog=f"sqlite:{elsewhere}")
    before = columns_of(moved)
    with pytest.raises(Exception, match="where to put a backup"):
        Lake(moved.catalog, moved.data).add_verification("a test", "tester")
    assert columns_of(moved) == before
    lake_of(moved).add_verification("a test", "tester")
    (copy,) = copies(moved)
    assert (copy / "lake" / "catalog.sqlite").exists()


@pytest.mark.commands
def test_a_build_goes_on_from_the_kept_warehouse(kept: Settings, jvom: Jvom) -> None:
    before = rows_of(lake_of(kept).read())
    where = ("--warehouse", kept.warehouse)
    assert "cells_vintages.qualifier" in answer(jvom("build", "--dry-run", "--json", *where))["lake_gains"]
    done = jvom("build", *where)
    assert done.returncode == 0, done.stderr
    after = rows_of(lake_of(kept).read())
    for name, rows in before.items():
        assert [row for row in rows if row not in after[name]] == [], name
    traced = jvom("trace", "unifil", 2024, "international_mandate_end", "--vintage", 2, "--json", *where)
    assert '"30 september 2024"' in traced.stdout, traced.stderr
    verified = jvom("verify", *where)
    assert verified.returncode == 0, verified.stderr


def test_the_run_history_is_copied_before_its_tables_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = find(tmp_path / "raw", tmp_path / "warehouse")
    for name, value in where.environment().items():
        monkeypatch.setenv(name, value)
    run.prepare_home(where)
    database = where.dagster_home / "history" / "runs.db"
    said: list[str] = []
    with dg.DagsterInstance.get() as instance:
        run.upgrade_history(where, instance, said.append)
        assert (said, copies(where)) == ([], [])
        version = instance.run_storage.alembic_version()
        assert version is not None
        earlier = "f495c27d5019"  # the revision after which only what MySQL needs was changed
        with sqlite3.connect(database) as history:
            history.execute("UPDATE alembic_version SET version_num = ?", [earlier])
        run.upgrade_history(where, instance, said.append)
        assert instance.run_storage.alembic_version() == version
    (copy,) = copies(where)
    assert str(copy) in said[0]
    with sqlite3.connect(copy / "dagster" / "history" / "runs.db") as history:
        assert history.execute("SELECT version_num FROM alembic_version").fetchall() == [(earlier,)]
