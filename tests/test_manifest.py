"""Manifests and pages of changes of releases: what a release is made of, and what it changed."""

import datetime
import errno
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

import schemas
from pipelines import files, versions
from pipelines.lake import Lake, seal
from pipelines.publish import effects, published, release
from pipelines.publish.effects import Change, Effects
from pipelines.settings import Settings, find
from schemas.errors import LakeError
from tests.support import ROOT, building, lakes
from tests.support.building import VERSIONS
from tests.support.forked import PROCESSES, fork
from tests.support.lakes import PLAN, Tables, incomplete, open_lake, record

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


def put(tables: building.Tables, tmp_path: Path, number: int) -> tuple[dict[str, Any], str]:
    """Write the manifest of a release; what it says, and its change log."""
    file = tmp_path / "jvom.duckdb"
    file.write_bytes(b"published")
    row = tables["releases"].to_pylist()[number]
    made = release.manifest(row, tables, file=file, stored=[], extensions=[])
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


def test_other_values_are_named_within_bounds_and_counted_whole() -> None:
    """Of editions that came nothing is named, of one read anew what its vintage does not tell."""

    def change(relation: str, year: int | None, key: str, column: str | None, *values: object) -> Change:
        return Change(relation, year, key, column, *values)

    several = [change("region_trends", 2023, f"r{n}", "missions", n, n + 1) for n in range(9)]
    found = Effects(
        ["new_view"],
        [],
        [
            *several,
            change("mission_relations", None, "a includes b", None, None, "source x"),
            change("personnel", 2024, "untso", "deployed_total", 32, 33),
            change("personnel", 2024, "untso", "name", "UNTSO", "Untso"),
            change("personnel", 2022, "unifil", None, None, "name UNIFIL"),
        ],
    )
    said = effects.recorded(found, {2022}, {2022, 2024})
    told = effects.others(said, [])
    assert told[:4] == [
        "gains: new_view",
        "mission_relations: a includes b new (source x)",
        "2023, region_trends.missions: r0 0 → 1, r1 1 → 2, r2 2 → 3, r3 3 → 4, r4 4 → 5, r5 5 → 6, 3 more",
        "2024, personnel.name: untso UNTSO → Untso",
    ]
    assert told[-1] == "rows of personnel: 1 new, 1 changed (deployed_total 1, name 1)"
    assert not any("32" in each for each in told)
    many = effects.recorded(
        Effects([], [], [change("missions", None, str(n), "name", n, -n) for n in range(3000)]), set(), set()
    )
    assert (many["named"], len(many["changes"])) == (3000, effects.LISTED)
    assert "of 3000 values the first 2000 were looked at for this" in effects.others(many, [])
    wide = [change("missions", None, "untso", f"c{n}", n, n + 1) for n in range(effects.LINES + 5)]
    assert "and 5 columns more" in effects.others(effects.recorded(Effects([], [], wide), set(), set()), [])


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


# Writers that die, wait, or race: the record is whole, and what they left is mended.


Start = Callable[..., tuple[Any, Any]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a function of `lakes` in a process; gives the process and what it says."""
    started = []

    def begin(work: Callable[..., None], *arguments: object) -> tuple[Any, Any]:
        ours, theirs = PROCESSES.Pipe()
        process = fork(work, *arguments, theirs)
        theirs.close()
        started.append(process)
        return process, ours

    yield begin
    for process in started:
        process.kill()
        process.join()


def check_whole(lake: Lake, read: Tables) -> None:
    """Nothing half there: each vintage has all its rows, each file a manifest, each snapshot an end."""
    assert incomplete(read) == []
    files = {str(file.relative_to(lake.address.folder)) for file in lake.address.folder.rglob("*.parquet")}
    stored = {file["path"]: file["sha256"] for file in lake.stored_files()}
    assert stored.keys() == files
    for path, digest in stored.items():
        assert hashlib.sha256((lake.address.folder / path).read_bytes()).hexdigest() == digest


def test_two_first_loads_at_once_make_one_vintage(tmp_path: Path, start: Start) -> None:
    barrier = PROCESSES.Barrier(2)
    answers = [start(lakes.record_at_once, tmp_path, barrier)[1] for _ in range(2)]
    assert sorted(answer.recv() for answer in answers) == [False, True]
    lake = open_lake(tmp_path)
    read = lake.read()
    assert read["vintages"]["vintage"].to_pylist() == [1]
    check_whole(lake, read)


def test_waiting_names_the_writer_and_ends_in_an_error(tmp_path: Path, start: Start) -> None:
    lake = open_lake(tmp_path)
    process, ready = start(lakes.hold_writer, lake.address.catalog, lake.address.data)
    pid = ready.recv()
    said: list[str] = []
    with (
        pytest.raises(LakeError, match=f"not free within 0.3 s: it is written by process {pid} ") as failure,
        lake.writer(timeout=0.3, waiting=said.append),
    ):
        pytest.fail("the lock was held")
    assert failure.value.exit_code == 3
    assert failure.value.hint is not None
    assert "--timeout" in failure.value.hint
    assert len(said) == 1
    assert f"held by process {pid} (" in said[0]
    assert lake.holder() == said[0].partition("held by ")[2]
    assert lake.read()["vintages"].num_rows == 0  # reading waits for nobody

    process.kill()
    process.join()
    assert lake.holder() is None  # its note is still there, and says nothing any more
    with lake.writer(timeout=0):
        assert f"process {process.pid} " not in str(lake.holder())


def test_the_note_of_a_dead_writer_is_not_believed(tmp_path: Path) -> None:
    lake = open_lake(tmp_path)
    gone = PROCESSES.Process(target=time.sleep, args=(0,))
    gone.start()
    gone.join()
    file = tmp_path / "lake" / "catalog.sqlite.lock"
    file.parent.mkdir()
    with lake.writer():
        note = json.loads(file.with_name(f"{file.name}.holder.json").read_text())
    stale = json.dumps({**note, "pid": gone.pid})
    file.with_name(f"{file.name}.holder.json").write_text(stale)
    with (
        FileLock(file),
        pytest.raises(LakeError, match="written by another process, which left no name"),
        lake.writer(timeout=0),
    ):
        pytest.fail("the lock was held")


def test_the_lock_is_entered_again_by_its_own_process(tmp_path: Path) -> None:
    lake = open_lake(tmp_path)
    again = Lake(lake.address.catalog, lake.address.data.rstrip("/"))  # the same, written otherwise
    lock = tmp_path / "lake" / "catalog.sqlite.lock"
    with lake.writer():
        with again.writer(timeout=0):
            assert record(again, PLAN[0]).written
        with pytest.raises(TimeoutError), FileLock(lock, timeout=0):
            pytest.fail("the inner one let the lock go")
    with FileLock(lock, timeout=0):
        assert lake.read()["vintages"].num_rows == 1


def test_a_lock_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file where a folder should be")
    with pytest.raises(LakeError, match="cannot be made") as failure, open_lake(tmp_path).writer():
        pytest.fail("there is no lock")
    assert failure.value.hint is not None


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_without_locks_is_named_at_once(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(LakeError, match="cannot be made") as failure, open_lake(tmp_path).writer(timeout=60):
        pytest.fail("there is no lock")
    assert "knows no locks" in str(failure.value.hint)


@pytest.fixture
def filled(tmp_path: Path) -> Lake:
    lake = open_lake(tmp_path)
    record(lake, PLAN[0])
    return lake


def test_a_manifest_tells_a_flipped_bit_and_is_never_made_to_fit(filled: Lake) -> None:
    folder, home = filled.address.folder, filled.address.manifests
    assert folder is not None
    assert home is not None
    (manifest,) = home.glob("*.json")
    before = manifest.read_bytes()
    path, digest = (filled.stored_files()[0][name] for name in ("path", "sha256"))
    data = bytearray((folder / path).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / path).write_bytes(data)
    assert filled.recover() == []
    assert manifest.read_bytes() == before
    assert hashlib.sha256((folder / path).read_bytes()).hexdigest() != digest


@pytest.mark.parametrize("damage", ["", "{", '{"files": [{}]}', "[]"])
def test_a_missing_or_damaged_manifest_is_completed(filled: Lake, damage: str) -> None:
    (manifest,) = filled.address.manifests.glob("*.json")
    before = json.loads(manifest.read_text())
    manifest.write_text(damage)
    if not damage:
        manifest.unlink()
    assert filled.recover() == [f"completed the manifest of snapshot {before['snapshot']}"]
    assert json.loads(manifest.read_text()) == {**before, "late": True}
    assert filled.recover() == []


def test_a_snapshot_whose_file_is_gone_is_reported(filled: Lake) -> None:
    (manifest,) = filled.address.manifests.glob("*.json")
    gone = filled.stored_files()[0]["path"]
    manifest.unlink()
    (filled.address.folder / gone).unlink()
    (sentence,) = filled.recover()
    assert gone in sentence
    assert sentence.endswith("restore it from a backup")


def test_files_of_no_snapshot_are_listed_and_removed(filled: Lake, caplog: pytest.LogCaptureFixture) -> None:
    some = sorted(filled.address.folder.rglob("*.parquet"))[0]
    orphan = some.with_name("ducklake-01a209dc-578e-7e32-b238-154280f300f7.parquet")
    shutil.copy(some, orphan)
    before = filled.read()
    assert filled.recover() == [f"removed {orphan}, which no snapshot names"]
    assert not orphan.exists()
    shutil.copy(some, orphan)
    mark = seal.mark_of(filled.address)
    assert mark is not None
    mark.write_text("at work")  # of a writer that died
    with caplog.at_level(logging.WARNING):
        record(filled, PLAN[1])  # the next one does the same, and says so in the log
    assert [entry.getMessage() for entry in caplog.records] == [f"removed {orphan}, which no snapshot names"]
    assert filled.read()["personnel_vintages"].slice(0, 3) == before["personnel_vintages"]


def test_what_may_be_of_use_is_left_alone(filled: Lake, tmp_path: Path) -> None:
    foreign = filled.address.folder / "figures.parquet"
    foreign.write_text("somebody's own")
    assert filled.recover() == [f"left 1 files alone that no snapshot names, such as {foreign}"]
    foreign.unlink()
    catalog = tmp_path / "lake" / "catalog.sqlite"
    shutil.copy(catalog, tmp_path / "older")
    record(filled, (2021, "second", VERSIONS, 4))
    filled.close()
    shutil.copy(tmp_path / "older", catalog)  # a catalog from a backup, beside younger data
    for passing in ("-wal", "-shm"):
        catalog.with_name(catalog.name + passing).unlink(missing_ok=True)
    with pytest.raises(LakeError, match="ends at snapshot 2, its seal is of snapshot 3"):
        filled.recover()
    catalog.with_name(f"{catalog.name}.sha256").unlink()  # by somebody who wants the older one
    (sentence,) = filled.recover()
    assert sentence.startswith("left ")
    assert filled.read()["vintages"].num_rows == 1
