"""Nothing in the product deletes or rewrites what is recorded: every command and job is tried."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import ROOT, Jvom

from pipelines.settings import find
from pipelines.snapshot import Lake


def recorded(lake: Lake) -> dict[str, set[str]]:
    """Every recorded row, as text."""
    return {name: {repr(row) for row in table.to_pylist()} for name, table in lake.read().items()}


def test_no_command_deletes_or_rewrites_a_recorded_row(built: Path, tmp_path: Path, jvom: Jvom) -> None:
    shutil.copytree(built, tmp_path / "warehouse")
    shutil.copytree(ROOT / "raw", tmp_path / "raw")
    own = find(tmp_path / "raw", tmp_path / "warehouse")
    changed = tmp_path / "changed.txt"
    text = (own.raw / "2024" / "jvom-2024.txt").read_text(encoding="utf-8")
    changed.write_text(f"{text}\n", encoding="utf-8")
    lake = Lake(own.catalog, own.data)
    before = recorded(lake)
    counted = 1
    for arguments, vintages in (
        (["build", "--recheck"], 1),
        (["ingest", changed, "--year", 2024], 2),
        (["withdraw", 2024, "--reason", "a test"], 3),
        (["restore", 2024, "--vintage", 1, "--reason", "a test"], 4),
        (["verify"], 4),
        (["build"], 4),
        (["backup", tmp_path / "copy"], 4),
        (["status"], 4),
        (["sql", "DELETE FROM personnel_vintages"], 4),
    ):
        done = jvom(*arguments, "--raw", own.raw, "--warehouse", own.warehouse)
        assert done.returncode == (2 if "sql" in arguments else 0), done.stderr
        after = recorded(lake)
        assert all(before[name] <= after[name] for name in before), arguments
        counted = len(after["vintages"])
        assert counted == vintages, arguments
        before = after
    assert counted == 4
