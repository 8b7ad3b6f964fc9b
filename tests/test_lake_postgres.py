"""The same lake with its catalog in PostgreSQL, against a real server on a socket of its own.

Needs the server's programs (Debian: postgresql) and the package psycopg; else these tests skip.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.lake import Authorship, Lake
from schemas.errors import LakeError
from tests.support import building, lakes, servers
from tests.support.building import VERSIONS
from tests.support.forked import PROCESSES, fork
from tests.support.lakes import PLAN, RELEASE, build, open_lake, record

pytestmark = pytest.mark.postgres
psycopg = pytest.importorskip("psycopg", reason="the package psycopg is not installed")


@pytest.fixture(scope="module")
def server() -> Iterator[servers.Postgres]:
    with servers.postgres() as started:
        yield started


@pytest.fixture
def lake(server: servers.Postgres, tmp_path: Path) -> Iterator[Lake]:
    """A lake that is not there yet, in a database of its own."""
    lake = Lake(f"postgres:{server.database(f'lake_{time.monotonic_ns()}')}", f"{tmp_path / 'data'}/")
    yield lake
    lake.close()


def test_it_is_the_same_lake(lake: Lake, tmp_path: Path) -> None:
    assert lake.head() is None
    assert lake.read()["vintages"].num_rows == 0
    local = open_lake(tmp_path / "local")
    for each in (lake, local):
        build(each, PLAN[:3])
    assert lake.head() == local.head() == f"release:{'0' * 12}"
    assert lake.content_version() == local.content_version()
    ours, theirs = lake.read(), local.read()
    for name in ("personnel_vintages", "cells_vintages", "sections_vintages"):
        assert ours[name] == theirs[name]
    assert ours["vintages"]["snapshot_id"].to_pylist() == theirs["vintages"]["snapshot_id"].to_pylist()
    assert not record(lake, PLAN[2]).written
    assert not lake.add_release({"release_id": "0" * 12, **RELEASE})
    orphan = next((tmp_path / "data").rglob("*.parquet")).with_name(
        "ducklake-01a209dc-578e-7e32-b238-154280f300f7.parquet"
    )
    orphan.write_text("left over")
    assert lake.recover() == [f"removed {orphan}, which no snapshot names"]
    assert lake.recover() == []


def test_the_lock_is_held_across_processes_and_ends_with_its_holder(lake: Lake) -> None:
    ours, theirs = PROCESSES.Pipe()
    holder = fork(lakes.hold_writer_of, lake.address.catalog, lake.address.data, theirs)
    pid = ours.recv()
    said: list[str] = []
    with (
        pytest.raises(LakeError, match=rf"it is written by process {pid} \("),
        lake.writer(timeout=0.2, waiting=said.append),
    ):
        pytest.fail("the lock was held")
    assert len(said) == 1
    assert str(lake.holder()).startswith(f"process {pid} (")
    holder.kill()
    holder.join()
    with lake.writer(timeout=10):
        assert f"process {os.getpid()} " in str(lake.holder())
    assert lake.holder() is None


def test_nothing_is_committed_once_the_lock_is_lost(lake: Lake, server: servers.Postgres) -> None:
    record(lake, PLAN[0])
    before = lake.head()
    with psycopg.connect(f"{server.address} dbname=postgres", autocommit=True) as connection, lake.writer():
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
        with pytest.raises(LakeError, match="lock was lost before the commit"):
            record(lake, PLAN[1])
    assert lake.head() == before
    assert record(lake, PLAN[1]).written
    assert lake.read()["vintages"].num_rows == 2


def test_no_message_shows_a_password(tmp_path: Path) -> None:
    lake = Lake("postgres:host=/nowhere dbname=lake password=s3cret", f"{tmp_path}/")
    for use in (lake.head, lake.read, lambda: record(lake, (2024, "", VERSIONS, 1))):
        with pytest.raises(LakeError) as failure:
            use()
        assert "s3cret" not in f"{failure.value} {failure.value.file}"
        assert failure.value.hint is not None


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    lake = Lake("postgres:host=/nowhere dbname=none", f"{tmp_path}/")
    with pytest.raises(LakeError, match="psycopg") as failure:
        lake.record(
            2024,
            building.edition_tables(2024, []),
            source=building.source_file(2024),
            versions=VERSIONS,
            by=Authorship("tester", "run"),
        )
    assert "./setup team" in str(failure.value.hint)
