"""What many tests need: an undisturbed environment, the command line, and a warehouse that was built."""

import datetime
import fcntl
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock

import pytest
from hypothesis import settings

from pipelines import store
from pipelines.extract import sandbox
from pipelines.lake import Lake, connection, tables
from pipelines.settings import Settings
from pipelines.store import Remote, place
from tests.support import EXAMPLES, NOBODY, ROOT, Jvom, copied, forked, run_jvom, servers
from tests.support.lakes import open_lake
from tests.support.parliament import Parliament

OF_USERS = ("JVOM_", "DAGSTER_", "COLUMNS")
KEPT = ROOT / ".pytest_cache" / "built"

# More of each with `--hypothesis-profile=wide` or `thorough`, also of a share of these (`examples`).
settings.register_profile("usual", max_examples=EXAMPLES, deadline=None)
settings.register_profile("wide", max_examples=6 * EXAMPLES, deadline=None)
settings.register_profile("thorough", max_examples=40 * EXAMPLES, deadline=None)
settings.load_profile("usual")


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Each test starts without what a user may have set, and leaves nothing in the environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_USERS)}
    # No test leaves the machine, unless it starts a service on it.
    kept |= {"JVOM_PARLIAMENT_URL": NOBODY, "JVOM_PUBLICATIONS_URL": NOBODY, "NO_PROXY": "127.0.0.1"}
    kept |= {"JVOM_RETRY_PAUSE": "0.1"}  # no test waits long for a server that is away
    with mock.patch.dict(os.environ, kept, clear=True):
        yield


@pytest.fixture
def jvom() -> Jvom:
    """Runs one command line in a process of its own."""
    return run_jvom


@pytest.fixture(scope="session", autouse=True)
def warehouse_of_all(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Path]:
    """Where `built` is, for all processes of a run; it is begun at once, so that no test waits for long.

    It is kept beside pytest's cache for the runs of a day, until what builds it changes. Where coverage is
    measured it is built anew, since that is a part of what is measured.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "built"
    if forked.MEASURED not in os.environ:
        folder = KEPT / _what_builds()
        for old in KEPT.glob("*"):
            with suppress(FileNotFoundError):  # another process of the run has taken it away
                if old != folder and old.stat().st_mtime < time.time() - 3600:
                    shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    begun = Thread(target=_build, args=(folder, dict(os.environ)))
    if any("built" in getattr(item, "fixturenames", ()) for item in request.session.items):
        begun.start()
    yield folder
    if begun.ident is not None:
        begun.join()


def _what_builds() -> str:
    """The day, and a hash of every file that can change what is built."""
    folders = (ROOT / name for name in ("pipelines", "schemas", "raw"))
    files = sorted(file for folder in folders for file in folder.rglob("[!.]*") if file.suffix != ".pyc")
    data = b"".join(str(file).encode() + file.read_bytes() for file in files if file.is_file())
    return f"{datetime.date.today()}-{hashlib.sha256(data).hexdigest()[:12]}"


def _build(folder: Path, environment: Mapping[str, str]) -> None:
    """The first to come builds; the others wait for it."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            command = [sys.executable, "-m", "pipelines.cli", "build", "--warehouse", folder / "warehouse"]
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            (folder / "done").touch()


@pytest.fixture(scope="session")
def built(warehouse_of_all: Path) -> Path:
    """A warehouse built by `jvom build` from the repository's raw/; tests read it and do not write."""
    _build(warehouse_of_all, os.environ)
    return warehouse_of_all / "warehouse"


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Settings:
    """A warehouse and a raw/ that a test may write to, as a build left them."""
    return copied(built, tmp_path)


@pytest.fixture
def without_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents are read in this process, which has loaded what a child would load anew for each of them.

    The child is tried by `test_sandbox`, `test_hostile` and all command lines in processes of their own.
    """

    def call(function: str, *arguments: object, **_bounds: object) -> Iterator[sandbox.Message]:
        module, name = function.split(":")
        messages: Iterator[sandbox.Message] = getattr(importlib.import_module(module), name)(*arguments)
        return messages

    monkeypatch.setattr(sandbox, "call", call)


@pytest.fixture
def parliament() -> Iterator[Parliament]:
    """A server of parliament's documents, to which every fetch of the test goes."""
    with Parliament() as served:
        os.environ.update(served.environment)
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium here: install Debian's package chromium")
    quiet = [f"--disable-{part}" for part in ("background-networking", "component-update", "quic", "sync")]
    options = ["--no-sandbox", "--disable-gpu", "--no-first-run", *quiet]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=options)
        yield opened
        opened.close()


@pytest.fixture
def absent(tmp_path: Path) -> Lake:
    """A lake that is not there yet."""
    return open_lake(tmp_path)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lake that has its tables and no rows."""
    folder = tmp_path_factory.mktemp("empty")
    lake = open_lake(folder)
    with lake.writer(), connection.attached(lake.address, "making a lake", write=True) as there:
        assert there is not None
        tables.prepare(there, "tester")
    return folder


@pytest.fixture
def lake(absent: Lake, empty: Path, tmp_path: Path) -> Lake:
    """A lake with its tables and no rows."""
    shutil.copytree(empty / "lake", tmp_path / "lake")
    return absent


@pytest.fixture(scope="session")
def bucket() -> Iterator[servers.Bucket]:
    """An S3 service at work, for all tests of a process."""
    with servers.bucket() as made:
        yield made


@pytest.fixture
def remote(bucket: servers.Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """An empty prefix of the bucket, for this process."""
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    store._bucket.cache_clear()
    made = place(f"s3://{bucket.name}/{uuid.uuid4().hex}")
    assert isinstance(made, Remote)
    yield made
    store._bucket.cache_clear()
