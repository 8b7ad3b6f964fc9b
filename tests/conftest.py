"""What many tests need: an undisturbed environment, the command line, and a warehouse that was built."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests import forked

ROOT = Path(__file__).resolve().parent.parent
NOBODY = "http://127.0.0.1:9"

Jvom = Callable[..., "subprocess.CompletedProcess[str]"]


_REFUSED: defaultdict[str, Counter[bool]] = defaultdict(Counter)


def count_refused(kind: str, *, refused: bool) -> None:
    """One example of the property tests, for the summary at the end of the run."""
    _REFUSED[kind][refused] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which share of the rendered texts was refused, by kind."""
    if _REFUSED:
        terminalreporter.section("rendered as text")
    for kind, counts in sorted(_REFUSED.items()):
        share = counts[True] / counts.total()
        terminalreporter.write_line(f"{kind}: {counts[True]} of {counts.total()} refused ({share:.0%})")


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Each test starts without JVOM_* and DAGSTER_HOME, and leaves nothing behind in the environment."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("JVOM_", "DAGSTER_"))}
    # No test leaves the machine: where nobody answers, unless the test starts a service of its own.
    own |= {"JVOM_PARLIAMENT_URL": NOBODY, "JVOM_PUBLICATIONS_URL": NOBODY, "NO_PROXY": "127.0.0.1"}
    with mock.patch.dict(os.environ, own, clear=True):
        yield


def run_jvom(*arguments: object, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """One command line in a process of its own, as a user runs it."""
    return forked.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        environment={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        timeout=300,
    )


@pytest.fixture
def jvom() -> Jvom:
    """Runs one command line in a process of its own."""
    return run_jvom


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A warehouse built by `jvom build` from the repository's raw/; tests read it and do not write.

    One for all processes of a run: the first to ask builds it, the others wait for it.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "built"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            command = [
                sys.executable,
                "-m",
                "pipelines.cli",
                "build",
                "--warehouse",
                folder / "warehouse",
            ]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            (folder / "done").touch()
    return folder / "warehouse"
