"""Writers that die, wait, or race: the record is whole, and what they left is mended."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from pipelines.lake import Lake, seal
from schemas.errors import LakeError
from tests.support import lakes
from tests.support.building import VERSIONS
from tests.support.forked import PROCESSES, fork
from tests.support.lakes import PLAN, Tables, incomplete, open_lake, record

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
