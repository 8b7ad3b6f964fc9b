"""A team's installation on real servers: PostgreSQL for the record, SeaweedFS for files, Redis for a queue.

A machine here is a warehouse folder of its own; all else is on the servers. Needs `./setup team`, and
Debian's postgresql and redis-server; else these tests skip.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import dagster as dg
import duckdb
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from pipelines import files, settings, store
from pipelines.lake import Lake, attend, attendance, attended
from pipelines.lake.connection import load_extension
from pipelines.orchestration import failures
from pipelines.store import Remote, place
from schemas.errors import LakeError, ServerError, UsageError
from tests.support import (
    EDITION,
    OTHER_FIGURES,
    ROOT,
    answer,
    changed,
    lakes,
    more_than_usual,
    run_jvom,
    servers,
)
from tests.support.building import VERSIONS
from tests.support.cases import cases
from tests.support.forked import PROCESSES, fork
from tests.support.lakes import PLAN, record

EDITIONS = 50 if more_than_usual() else 12

pytestmark = pytest.mark.team
obstore = pytest.importorskip("obstore", reason="the packages of a team are not installed (./setup team)")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def postgres() -> Iterator[servers.Postgres]:
    with servers.postgres() as server:
        yield server


@dataclass(frozen=True)
class Team:
    """One installation: what every machine has in its environment, and machines by name."""

    folder: Path
    environment: dict[str, str]
    postgres: servers.Postgres

    def variables(self, machine: str) -> dict[str, str]:
        return {**self.environment, "JVOM_WAREHOUSE": str(self.folder / machine)}

    def elsewhere(self) -> Team:
        """The same servers, with another database and another prefix."""
        name = uuid.uuid4().hex
        catalog = f"postgres:{self.postgres.database(name)}"
        other = {**self.environment, "JVOM_STORE": f"s3://jvom/{name}", "JVOM_CATALOG": catalog}
        return Team(self.folder / name, other, self.postgres)

    def jvom(self, machine: str, *arguments: object) -> Any:
        return run_jvom(*arguments, **self.variables(machine))


@pytest.fixture(scope="module")
def team(
    postgres: servers.Postgres, bucket: servers.Bucket, tmp_path_factory: pytest.TempPathFactory
) -> Team:
    """An installation whose raw/ is in the bucket, with nothing built yet."""
    name = uuid.uuid4().hex
    made = {
        **bucket.environment,
        "JVOM_STORE": f"s3://{bucket.name}/{name}",
        "JVOM_CATALOG": f"postgres:{postgres.database(name)}",
        "JVOM_STORE_TIMEOUT": "5",  # on a busy machine a request takes seconds
        "JVOM_STORE_RETRIES": "1",
    }
    with pytest.MonkeyPatch.context() as environment:
        for variable, value in bucket.environment.items():
            environment.setenv(variable, value)
        for file in (ROOT / "raw").rglob("*"):
            if file.is_file():
                files.put(
                    place(made["JVOM_STORE"]) / "raw" / str(file.relative_to(ROOT / "raw")), file.read_bytes()
                )
    return Team(tmp_path_factory.mktemp("machines"), made, postgres)


async def give_role(request: Request) -> Response:
    """Keys for who has a role: of a container, of a machine, or for a web identity."""
    if request.method == "PUT" or request.url.path.endswith("security-credentials/"):
        return PlainTextResponse("role")  # a token, or its name
    end = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).isoformat()
    key, secret = request.app.state.keys
    plain = {"AccessKeyId": key, "SecretAccessKey": secret, "Expiration": end}
    if request.method == "GET":
        return JSONResponse({**plain, "Token": "", "Code": "Success"})
    given = {**plain, "SessionToken": ""}
    said = "".join(f"<{name}>{value}</{name}>" for name, value in given.items())
    for name in ("Credentials", "AssumeRoleWithWebIdentityResult", "AssumeRoleWithWebIdentityResponse"):
        said = f"<{name}>{said}</{name}>"
    return Response(said)


@cases("given")
def test_credentials_come_by_the_usual_chain(
    remote: Remote, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    """For files and for the lake's own data."""
    lake.close()
    keys = [os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    file = tmp_path / "file"
    file.write_text(f"[a-team]\naws_access_key_id = {keys[0]}\naws_secret_access_key = {keys[1]}\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for forget in (store._bucket, store._chain):
        forget.cache_clear()
    there = Lake(lake.address.catalog, f"{remote}/data/")
    with pytest.raises(UsageError, match="no credentials"):
        remote.exists()
    store._chain.cache_clear()
    roles = Starlette(routes=[Route("/{path:path}", give_role, methods=["GET", "PUT", "POST"])])
    roles.state.keys = keys
    with servers.serving(roles) as here:
        for name, value in given.items():
            monkeypatch.setenv(name, value.replace("HERE", here).replace("FILE", str(file)))
        files.put(remote / "file", b"text")
        assert record(there, PLAN[0]).written
    there.close()
    store._chain.cache_clear()


@pytest.mark.usefixtures("remote")  # for its environment
def test_every_machine_sees_and_does_the_same(team: Team, built: Path) -> None:
    with ThreadPoolExecutor(2) as pool:  # two builders at once: what one records first the other does not
        both = [*pool.map(lambda machine: answer(team.jvom(machine, "build", "--json")), ("one", "two"))]
    done = both[0]
    assert {each["release_id"] for each in both} == {done["release_id"]}
    counted = team.jvom("one", "sql", "SELECT count(*) FROM vintages", "--json")
    assert answer(counted)["rows"] == [[1]]
    laptop = settings.find(ROOT / "raw", built)
    here = json.loads((next(laptop.releases.iterdir()) / "manifest.json").read_bytes())
    assert done["release_id"] == here["release_id"]
    assert answer(team.jvom("two", "build", "--json"))["nothing_new"]
    assert answer(team.jvom("two", "status", "--json"))["release_id"] == done["release_id"]
    assert answer(team.jvom("three", "verify", "--json"))["faults"] == []
    assert team.jvom("three", "trace", "minusma", "2024", "deployed_total").returncode == 0
    copy = team.folder / "backup"
    assert answer(team.jvom("two", "backup", copy, "--json"))["bytes"] > 0
    listed = [json.loads(line) for line in (copy / "objects.jsonl").read_text().splitlines()]
    assert all(_sha256((copy / each["path"]).read_bytes()) == each["sha256"] for each in listed)
    moved = team.elsewhere()  # from there onto other servers, with the history kept
    assert moved.jvom("one", "backup", copy, "--restore").returncode == 0
    assert answer(moved.jvom("one", "build", "--json"))["nothing_new"]
    assert answer(moved.jvom("two", "status", "--json"))["release_id"] == done["release_id"]
    checked = answer(moved.jvom("two", "verify", "--json"))
    assert (checked["faults"], checked["unknown"]) == ([], [])
    assert moved.jvom("two", "backup", copy, "--restore").returncode == 2
    file = place(moved.environment["JVOM_STORE"]) / "published" / f"{done['release_id']}.duckdb"
    file.unlink()
    (fault,) = json.loads(moved.jvom("two", "verify", "--json").stdout)["faults"]
    assert fault["where"] == f"published/{file.name}"
    shutil.rmtree(team.folder / "one")  # the machine is gone, and nothing with it
    assert answer(team.jvom("four", "sql", "SELECT count(*) AS n FROM personnel", "--json"))["rows"] != [[0]]


def test_a_published_catalog_is_attached_over_http(tmp_path: Path) -> None:
    made = lakes.open_lake(tmp_path)
    lakes.build(made, PLAN[:2])
    expected = made.read()
    with servers.serving(StaticFiles(directory=tmp_path)) as here:
        made.copy_catalog(tmp_path / "jvom.ducklake", f"{here}/lake/data/")
        made.close()
        with duckdb.connect(":memory:") as connection:
            for name in ("ducklake", "httpfs"):
                load_extension(connection, name)
            connection.execute(f"ATTACH 'ducklake:{here}/jvom.ducklake' AS lake (READ_ONLY)")
            rows = connection.execute("FROM lake.personnel_vintages").fetchall()
            wanted = (repr(tuple(row.values())) for row in expected["personnel_vintages"].to_pylist())
            assert sorted(map(repr, rows)) == sorted(wanted)
            first = expected["vintages"]["snapshot_id"].to_pylist()[0]
            query = f"SELECT count(*) FROM lake.vintages AT (VERSION => {first})"
            assert connection.execute(query).fetchall() == [(1,)]
            snapshots = connection.execute("SELECT snapshot_id FROM ducklake_snapshots('lake')").fetchall()
            assert first in {each for (each,) in snapshots}
            with pytest.raises(duckdb.Error):
                connection.execute("DELETE FROM lake.vintages")


@pytest.fixture
def lake(postgres: servers.Postgres, tmp_path: Path) -> Iterator[Lake]:
    made = Lake(f"postgres:{postgres.database(uuid.uuid4().hex)}", f"{tmp_path / 'data'}/")
    yield made
    made.close()
    attendance.leave()


def test_it_is_the_same_lake(lake: Lake, tmp_path: Path) -> None:
    assert lake.head() is None
    assert lake.read()["vintages"].num_rows == 0
    local = lakes.open_lake(tmp_path / "local")
    for each in (lake, local):
        lakes.build(each, PLAN[:3])
    assert lake.head() == local.head() == f"release:{'0' * 12}"
    ours, theirs = lake.read(), local.read()
    for name in ("personnel_vintages", "cells_vintages", "sections_vintages"):
        assert ours[name] == theirs[name]
    assert ours["vintages"]["snapshot_id"].to_pylist() == theirs["vintages"]["snapshot_id"].to_pylist()
    assert not record(lake, PLAN[2]).written
    assert not lake.add_release({"release_id": "0" * 12, **lakes.RELEASE})
    name = "ducklake-01a209dc-578e-7e32-b238-154280f300f7.parquet"
    orphan = next((tmp_path / "data").rglob("*.parquet")).with_name(name)
    orphan.write_text("left over")
    assert lake.recover() == [f"removed {orphan}, which no snapshot names"]
    assert lake.recover() == []


def test_the_lock_is_held_across_processes_and_ends_with_its_holder(lake: Lake) -> None:
    ours, theirs = PROCESSES.Pipe()
    holder = fork(lakes.hold_writer, lake.address.catalog, lake.address.data, theirs)
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
    deadline = time.monotonic() + 20
    while lake.holder() and time.monotonic() < deadline:  # the server notices in a moment
        time.sleep(0.1)
    assert lake.holder() is None


def test_nothing_is_committed_once_the_lock_is_lost(lake: Lake, postgres: servers.Postgres) -> None:
    record(lake, PLAN[0])
    before = lake.head()
    end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    with lake.writer():
        postgres.run("psql", "--dbname=postgres", f"--command={end}")
        with pytest.raises(LakeError, match="lock was lost before the commit"):
            record(lake, PLAN[1])
    assert lake.head() == before
    assert record(lake, PLAN[1]).written
    assert lake.read()["vintages"].num_rows == 2


def test_a_reader_sees_rows_and_can_neither_write_nor_keep_the_writer_waiting(
    postgres: servers.Postgres, tmp_path: Path
) -> None:
    given = ["--set=ON_ERROR_STOP=1", *(f"--set={name}=x" for name in ("writer", "reader", "dagster"))]
    postgres.run("psql", "--dbname=postgres", *given, f"--file={ROOT / 'deploy' / 'roles.sql'}")
    where = f"postgres:host={postgres.folder} port={postgres.port} dbname=jvom user=jvom_"
    writer, reader = (Lake(f"{where}{role}", f"{tmp_path}/data/") for role in ("writer", "reader"))
    assert record(writer, PLAN[0]).written
    assert (reader.read()["vintages"].num_rows, reader.holder()) == (1, None)
    with pytest.raises(ServerError, match="permission denied for function pg_try_advisory_lock"):
        record(reader, PLAN[1])
    for each in (writer, reader):
        each.close()


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
        record(lake, PLAN[0])
    assert "./setup team" in str(failure.value.hint)


def work_on(catalog: str, run_id: str, ready: Connection) -> None:
    attend(catalog, run_id)
    ready.send(os.getpid())
    time.sleep(60)


def test_a_run_whose_process_is_gone_is_ended_from_any_machine(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that is a process as a whole, and of one whose steps are led from elsewhere."""
    monkeypatch.setattr(failures, "MISSED_FOR", 0.0)
    catalog, tags = lake.address.catalog, {failures.PROCESS_TAG: "pod-1:7:x"}
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        job, status = dg.GraphDefinition(name="any").to_job(), dg.DagsterRunStatus.STARTED

        def begun(executor: str) -> str:
            its = {**tags, failures.EXECUTOR_TAG: executor}
            return instance.create_run_for_job(job, status=status, tags=its).run_id

        other = begun("in_process")
        attend(catalog, other)
        for executor, name in (("in_process", str), ("celery", failures.led)):
            run_id, (ours, theirs) = begun(executor), PROCESSES.Pipe()
            worker = fork(work_on, catalog, name(run_id), theirs)
            ours.recv()
            assert not [said for said in failures.end_dead_runs(instance, catalog) if run_id[:8] in said]
            worker.kill()
            worker.join()
            deadline, said = time.monotonic() + 20, list[str]()
            while not said and time.monotonic() < deadline:  # the server notices in a moment
                said = failures.end_dead_runs(instance, catalog)
            assert said == [f"run {run_id[:8]} was ended: its process 7 on pod-1 is gone"]
            ended, left = (instance.get_run_by_id(each) for each in (run_id, other))
            assert (ended and ended.status, left and left.status) == (dg.DagsterRunStatus.FAILURE, status)


def test_a_database_that_is_started_again_is_waited_for(
    postgres: servers.Postgres, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "EVERY", 0.2)
    record(lake, PLAN[0])
    got: list[float] = []

    def write() -> None:
        with Lake(lake.address.catalog, lake.address.data).writer(timeout=60):
            got.append(time.monotonic())

    ours, theirs = PROCESSES.Pipe()
    holder = fork(lakes.hold_writer, lake.address.catalog, lake.address.data, theirs)
    ours.recv()
    waiter = threading.Thread(target=write)
    waiter.start()
    attend(lake.address.catalog, "a run")
    time.sleep(0.5)
    assert got == []
    postgres.control("restart", "-m", "immediate")
    waiter.join(60)
    assert len(got) == 1
    deadline = time.monotonic() + 20
    while not attended(lake.address.catalog, ["a run"]) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert attended(lake.address.catalog, ["a run", "another"]) == {"a run"}
    holder.kill()
    holder.join()
    assert record(lake, PLAN[1]).written


@pytest.mark.parametrize("where", [0.7, 1.0])
def test_a_database_that_dies_during_a_commit_leaves_nothing_of_it(
    postgres: servers.Postgres, lake: Lake, where: float
) -> None:
    calls, at = 0, 0

    def watch(_frame: FrameType, event: str, function: Any) -> None:
        nonlocal calls
        if event == "c_call" and function.__name__ == "execute":
            calls += 1
            if calls == at:
                postgres.control("stop", "-m", "immediate")

    for number, step in enumerate(PLAN[:3]):
        at = round(calls * where) if number == 2 else 0  # the first commit also makes the tables
        calls = 0
        sys.setprofile(watch)
        try:
            if not at:
                assert record(lake, step).written
                continue
            with pytest.raises(ServerError) as failure:
                record(lake, step)
            assert failure.value.exit_code == 3
            assert "dbname" not in str(failure.value)
        finally:
            sys.setprofile(None)
    postgres.control("start")
    assert lakes.incomplete(lake.read()) == []
    record(lake, PLAN[2])
    assert lakes.incomplete(lake.read()) == []
    assert {year: state.vintage for year, state in lake.edition_states().items()} == {2021: 2, 2022: 1}


def write_years(catalog: str, data: str, years: range) -> None:
    for year in years:
        record(Lake(catalog, data), (year, "first", VERSIONS, 3))


def read_on(catalog: str, data: str, stop: Any, said: Connection) -> None:
    torn, reads = list[str](), 0
    while not stop.is_set():
        there = Lake(catalog, data)
        torn += lakes.incomplete(there.read()) if there.edition_states() else []
        reads += 1
    said.send((reads, torn))


def test_two_writers_overlap_and_a_reader_beside_them_sees_whole_vintages(lake: Lake, remote: Remote) -> None:
    catalog, data = lake.address.catalog, f"{remote}/data/"
    lake.close()
    stop, (ours, theirs) = PROCESSES.Event(), PROCESSES.Pipe()
    reader = fork(read_on, catalog, data, stop, theirs)
    theirs.close()  # so that a reader that fails is not waited for
    writers = [fork(write_years, catalog, data, years) for years in (range(2001, 2005), range(2003, 2007))]
    for writer in writers:
        writer.join(120)
    stop.set()
    reads, torn = ours.recv()
    reader.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert (torn, reads > 0) == ([], True)
    there = Lake(catalog, data)
    assert {year: state.vintage for year, state in there.edition_states().items()} == dict.fromkeys(
        range(2001, 2007), 1
    )
    there.close()


def test_a_catalog_comes_back_by_pg_restore(lake: Lake, postgres: servers.Postgres, tmp_path: Path) -> None:
    for step in PLAN[:3]:
        record(lake, step)
    name, copy = lake.address.target.rpartition("dbname=")[2], uuid.uuid4().hex
    dump = tmp_path / "jvom.dump"
    postgres.run("pg_dump", "--format=custom", f"--file={dump}", name)
    target = postgres.database(copy)
    postgres.run("pg_restore", f"--dbname={copy}", str(dump))
    there = Lake(f"postgres:{target}", lake.address.data)
    assert lakes.content(there.read()) == lakes.content(lake.read())
    assert record(there, PLAN[4]).written
    there.close()


def test_a_wrong_address_is_not_waited_for(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerError, match="does not answer"),
        Lake("postgres:host=127.0.0.1 port=9 dbname=x", f"{tmp_path}/").writer(timeout=3600),
    ):
        pytest.fail("there is no server")


def test_a_store_that_hangs_ends_a_commit_and_leaves_the_lock(
    lake: Lake, remote: Remote, bucket: servers.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.close()
    there = Lake(lake.address.catalog, f"{remote}/data/")
    assert record(there, PLAN[0]).written
    with monkeypatch.context() as impatient:  # only now: on a busy machine a commit takes longer
        impatient.setenv("JVOM_STORE_TIMEOUT", "1")
        impatient.setenv("JVOM_STORE_RETRIES", "0")
        there.close()
        store._bucket.cache_clear()
        bucket.hang()
        try:
            with pytest.raises(ServerError):
                record(there, PLAN[1])
            assert there.holder() is None
        finally:
            bucket.answer()
            there.close()
    store._bucket.cache_clear()
    assert record(there, PLAN[1]).written
    for entry in there.stored_files():
        assert entry["sha256"] == _sha256((remote / "data" / entry["path"]).read_bytes())
    there.close()


def test_a_commit_costs_as_many_requests_however_many_editions_there_are(
    lake: Lake, remote: Remote, bucket: servers.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(servers.Counting(bucket.port)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
        store._bucket.cache_clear()
        lake.close()
        there = Lake(lake.address.catalog, f"{remote}/data/")
        counted = {}
        for number in range(1, EDITIONS + 1):
            asked = number in (5, EDITIONS)  # the others go past the proxy, which takes time
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port if asked else bucket.port}")
            store._bucket.cache_clear()
            proxy.requests.clear()
            assert record(there, (1960 + number, "bytes", VERSIONS, 3)).written
            counted[number] = dict(proxy.requests)
        there.close()
    assert counted[EDITIONS] == counted[5]
    assert counted[5]["PUT"] > 0


@pytest.mark.usefixtures("remote")  # for its environment
def test_servers_that_go_away_within_a_build(
    team: Team, bucket: servers.Bucket, postgres: servers.Postgres, tmp_path: Path
) -> None:
    """The store between two commits, then the database between the next two."""
    for year in (2022, 2023, 2024):
        text = changed(OTHER_FIGURES) if year == 2023 else EDITION.read_text()
        files.put(tmp_path / "raw" / str(year) / "report.txt", text.encode())
    there = team.elsewhere()
    there.environment.update(JVOM_RAW=str(tmp_path / "raw"), JVOM_STORE_TIMEOUT="2", JVOM_STORE_RETRIES="0")
    address = (there.environment["JVOM_CATALOG"], f"{there.environment['JVOM_STORE']}/lake/data/")
    stop, start = (partial(postgres.control, *words) for words in (("stop", "-m", "immediate"), ("start",)))
    for commits, away, back in ((1, bucket.hang, bucket.answer), (2, stop, start)):
        with ThreadPoolExecutor(1) as pool:
            build = pool.submit(there.jvom, "one", "build")
            while len(lake_of(*address)) < commits and not build.done():
                time.sleep(0.2)
            away()
            try:
                done = build.result()
            finally:
                back()
        assert done.returncode == 3, done.stdout + done.stderr
        assert "next:" in done.stderr
        assert "the next build reads what is left" in done.stderr
        assert "refused" not in done.stdout + done.stderr
        assert lake_of(*address) == dict.fromkeys(range(2022, 2022 + commits), 1)
    assert there.jvom("two", "build").returncode == 0
    lake = Lake(*address)
    assert lakes.incomplete(lake.read()) == []
    lake.close()


def lake_of(catalog: str, data: str) -> dict[int, int]:
    """The vintages of each edition that a lake has."""
    there = Lake(catalog, data)
    try:
        return {year: state.vintage for year, state in there.edition_states().items()}
    finally:
        there.close()


def test_servers_that_are_away_end_a_build_with_status_3(
    team: Team, bucket: servers.Bucket, postgres: servers.Postgres
) -> None:
    refused = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    for change, words in ((refused, "AWS_ENDPOINT_URL"), ({"AWS_SECRET_ACCESS_KEY": "x"}, "credentials")):
        done = Team(team.folder, {**team.environment, **change}, postgres).jvom("one", "build")
        assert (done.returncode, words in done.stderr) == (3, True), done.stderr
    bucket.hang()
    try:
        impatient = Team(team.folder, {**team.environment, "JVOM_STORE_TIMEOUT": "1"}, postgres)
        assert impatient.jvom("one", "build").returncode == 3
    finally:
        bucket.answer()
    postgres.control("stop", "-m", "immediate")
    try:
        done = team.jvom("one", "build")
        assert (done.returncode, "check that the server" in done.stderr) == (3, True), done.stderr
        assert "dbname" not in done.stderr
    finally:
        postgres.control("start")
    assert team.jvom("one", "build", "--dry-run").returncode == 0


def test_a_store_on_s3_needs_a_catalog_on_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JVOM_STORE", "s3://jvom/x")
    with pytest.raises(UsageError, match="needs a catalog on a server"):
        settings.find()
    assert "JVOM_STORE" in os.environ
