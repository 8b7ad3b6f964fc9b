"""`jvom ui`: answers on this machine only, and leaves no process behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pipelines.cli import ui
from tests.support import ROOT, Jvom
from tests.support.forked import unmeasured

PATIENCE = 120  # seconds; a loaded machine takes long to import Dagster three times


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((ui.ADDRESS, 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Path:
    """A built warehouse that Dagster may write to."""
    return Path(shutil.copytree(built, tmp_path / "warehouse"))


def asked(port: int, query: str) -> dict[str, object]:
    """An answer of the interface's GraphQL, as soon as it gives one."""
    request = urllib.request.Request(
        f"http://{ui.ADDRESS}:{port}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                told: dict[str, object] = json.load(answer)["data"]
                return told
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def group_is_gone(group: int) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_it_shows_the_runs_and_ends_as_a_whole(own: Path, port: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "ui", "--json", "--warehouse", own, "--port", str(port)],
        cwd=ROOT,
        env=unmeasured(os.environ),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            told = asked(
                port,
                "{ runsOrError { ... on Runs { results { jobName status } } } "
                "workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }",
            )
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        document = json.loads(process.stdout.read())
    runs = told["runsOrError"]["results"]  # type: ignore[index]
    assert {(run["jobName"], run["status"]) for run in runs} == {
        ("ingest", "SUCCESS"),
        ("publish", "SUCCESS"),
    }
    assert told["workspaceOrError"]["locationEntries"] == [  # type: ignore[index]
        {"name": "jvom", "loadStatus": "LOADED"}
    ]
    assert document["address"] == f"http://127.0.0.1:{port}"
    assert group_is_gone(document["process"])


def test_a_taken_port_is_status_3(built: Path, port: int, jvom: Jvom) -> None:
    with socket.socket() as taken:
        taken.bind((ui.ADDRESS, port))
        taken.listen()
        done = jvom("ui", "--warehouse", built, "--port", port)
    assert done.returncode == 3
    assert "--port" in done.stderr


def test_the_interface_listens_on_this_machine_only() -> None:
    for read_only in (True, False):
        command = ui.child_command(3000, read_only=read_only)
        assert command[command.index("-h") + 1] == "127.0.0.1"
        assert ("--read-only" in command) is read_only
