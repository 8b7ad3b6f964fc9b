"""The whole way, as users go it: build, be killed, build again, open the file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas import RELATIONS, TRENDS
from tests.support import ROOT, forked, run_jvom

# What rightly differs between two builds of the same content: who, when, which run, which snapshot.
STAMPS = {name: {c.name for c in RELATIONS[name].columns if c.role == "stamp"} for name in RELATIONS}


def listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def contents(warehouse: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every relation of the published file, stamps aside."""
    with duckdb.connect(str(warehouse / "jvom.duckdb"), read_only=True) as connection:
        return {
            name: connection.execute(
                f"SELECT {listed(c for c in contract.names if c not in STAMPS[name] - {'vintage'})} "
                f'FROM "{name}" ORDER BY {listed(contract.key)}'
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


@pytest.mark.kills
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
