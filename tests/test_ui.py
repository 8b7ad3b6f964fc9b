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
from typing import Any

import pytest

from pipelines.cli import ui
from tests.support import ROOT, Jvom
from tests.support.forked import unmeasured

PATIENCE = 120  # seconds; a loaded machine takes long to import Dagster three times
QUERY = """{
  runsOrError { ... on Runs { results { jobName status } } }
  workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } }
}"""


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((ui.ADDRESS, 0))
        number: int = probe.getsockname()[1]
    return number


def ask(port: int) -> Any:
    """The answer of the interface's GraphQL, as soon as it gives one."""
    request = urllib.request.Request(
        f"http://{ui.ADDRESS}:{port}/graphql",
        json.dumps({"query": QUERY}).encode(),
        {"Content-Type": "application/json"},
    )
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return json.load(response)["data"]
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


def test_it_shows_the_runs_and_ends_as_a_whole(built: Path, tmp_path: Path, port: int) -> None:
    where = shutil.copytree(built, tmp_path / "warehouse")
    with subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "ui", "--json", "--warehouse", where, "--port", str(port)],
        cwd=ROOT,
        env=unmeasured(os.environ),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            shown = ask(port)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        document = json.loads(process.stdout.read())
    runs = {(run["jobName"], run["status"]) for run in shown["runsOrError"]["results"]}
    assert runs == {("ingest", "SUCCESS"), ("publish", "SUCCESS")}
    assert shown["workspaceOrError"]["locationEntries"] == [{"name": "jvom", "loadStatus": "LOADED"}]
    assert document["address"] == f"http://127.0.0.1:{port}"
    assert group_is_gone(document["process"])


def test_a_taken_port_is_status_3(built: Path, port: int, jvom: Jvom) -> None:
    with socket.socket() as taken:
        taken.bind((ui.ADDRESS, port))
        taken.listen()
        done = jvom("ui", "--warehouse", built, "--port", port)
    assert done.returncode == 3
    assert "--port" in done.stderr


@pytest.mark.parametrize("read_only", [True, False])
def test_the_interface_listens_on_this_machine_only(read_only: bool) -> None:
    command = ui.child_command(3000, read_only=read_only)
    assert command[command.index("-h") + 1] == "127.0.0.1"
    assert ("--read-only" in command) is read_only
