"""The whole way, as users go it: build, build again, be killed, be refused, open the interface."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas import RELATIONS, TRENDS
from tests.support import ROOT, forked, run_jvom

# What rightly differs between two builds of the same content: who, when, which run, which snapshot.
STAMPS = {name: {c.name for c in RELATIONS[name].columns if c.role == "stamp"} for name in RELATIONS}


def contents(warehouse: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every relation of the published file, stamps aside."""
    with duckdb.connect(str(warehouse / "jvom.duckdb"), read_only=True) as connection:
        return {
            name: connection.execute(
                f"SELECT {', '.join(c for c in contract.names if c not in STAMPS[name] - {'vintage'})} "
                f'FROM "{name}" ORDER BY {", ".join(contract.key)}'
            ).fetchall()
            for name, contract in RELATIONS.items()
            if name != "verifications"
        }


def test_published_file_needs_nothing_but_duckdb_and_documents_every_column(built: Path) -> None:
    code = (
        "import duckdb, sys\n"
        "c = duckdb.connect(sys.argv[1], read_only=True, config={'autoinstall_known_extensions': 'false',"
        " 'autoload_known_extensions': 'false'})\n"
        "print(c.sql('SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal')"
        ".fetchall())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(built / "jvom.duckdb")], capture_output=True, text=True, check=True
    )
    comments = {(table, column): comment for table, column, comment in eval(done.stdout)}
    for name, contract in RELATIONS.items():
        for column in contract.columns:
            assert comments[name, column.name], (name, column.name)
    assert set(TRENDS) <= {table for table, _ in comments}


def test_killed_builds_followed_by_another_equal_one_build(built: Path, tmp_path: Path) -> None:
    """Killed again and again on one warehouse, each time a little later, so each also recovers."""
    warehouse = tmp_path / "warehouse"
    for after in (0.6, 2.0, 3.5, 4.5):
        process = forked.start(
            ["build", "--warehouse", str(warehouse)],
            cwd=ROOT,
            environment={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        process.join(after)
        if process.is_alive():
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
    done = run_jvom("build", "--warehouse", warehouse)
    assert done.returncode == 0, done.stderr
    assert contents(warehouse) == contents(built)
    assert not list(warehouse.glob("*.building-*"))


def test_dagster_dev_by_the_line_in_the_readme_shows_the_same_history(built: Path, tmp_path: Path) -> None:
    """In a copy of the project, so that the line runs as it stands, on its own warehouse/."""
    project = tmp_path / "project"
    for name in ("pipelines", "schemas", "raw"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "workspace.yaml", project)
    shutil.copytree(built, project / "warehouse")
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if "dagster dev" in line and line.startswith("DAGSTER_HOME=")]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = line.replace(".venv/bin/", f"{Path(sys.executable).parent}/") + f" -p {port}"
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=project,
        env=forked.unmeasured(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        answer = _ask(port, process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        # A suite started with SIGINT ignored hands that on, and Dagster then ignores SIGTERM as well.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    data = answer["data"]
    assert [w["name"] for w in data["workspaceOrError"]["locationEntries"]] == ["jvom"]
    assert {run["pipelineName"] for run in data["runsOrError"]["results"]} == {"ingest", "publish"}


QUERY = """{
  workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } }
  runsOrError { ... on Runs { results { pipelineName status } } }
}"""


def _ask(port: int, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": QUERY}).encode(),
        headers={"Content-Type": "application/json"},
    )
    for _ in range(240):
        assert process.poll() is None, "dagster dev ended by itself"
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return dict(json.load(response))
        except OSError:
            time.sleep(0.5)
    pytest.fail("dagster dev did not answer within two minutes")
