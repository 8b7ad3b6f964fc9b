"""What many tests need: an undisturbed environment, the command line, and a warehouse that was built."""

from __future__ import annotations

import fcntl
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Thread
from unittest import mock

import pytest
from hypothesis import settings

from pipelines.extract import sandbox
from pipelines.lake import Lake, connection, tables
from pipelines.settings import Settings
from tests.support import EXAMPLES, NOBODY, ROOT, Jvom, copied, refused_examples, run_jvom
from tests.support.lakes import open_lake
from tests.support.parliament import Parliament

# More of each with `--hypothesis-profile=wide` or `thorough`, also of a share of these (`examples`).
settings.register_profile("usual", max_examples=EXAMPLES, deadline=None)
settings.register_profile("wide", max_examples=6 * EXAMPLES, deadline=None)
settings.register_profile("thorough", max_examples=40 * EXAMPLES, deadline=None)
settings.load_profile("usual")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which share of the rendered texts was refused, by kind."""
    if refused_examples:
        terminalreporter.section("rendered as text")
    for kind, counts in sorted(refused_examples.items()):
        share = counts[True] / counts.total()
        terminalreporter.write_line(f"{kind}: {counts[True]} of {counts.total()} refused ({share:.0%})")


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Each test starts without JVOM_* and DAGSTER_HOME, and leaves nothing behind in the environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JVOM_", "DAGSTER_"))}
    # No test leaves the machine, unless it starts a service on it.
    kept |= {"JVOM_PARLIAMENT_URL": NOBODY, "JVOM_PUBLICATIONS_URL": NOBODY, "NO_PROXY": "127.0.0.1"}
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
    """Where `built` is, for all processes of a run; it is begun at once, so that no test waits for long."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "built"
    folder.mkdir(exist_ok=True)
    begun = Thread(target=_build, args=(folder, dict(os.environ)))
    if any("built" in getattr(item, "fixturenames", ()) for item in request.session.items):
        begun.start()
    yield folder
    if begun.ident is not None:
        begun.join()


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
