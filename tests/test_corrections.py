"""A declared correction in a build; what an entry may say is in `test_registry`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb

from pipelines.publish import published
from tests.support import ROOT, run_jvom

ENTRY = """
[[correction]]
edition_year = 2024
table_name = "personnel"
row_key = "untso"
column_name = "deployed_military"
printed_value = "32"
corrected_value = "33"
reason = "one rotation was left out"
source = "Kamerstuk 29521, nr. 500"
"""


def test_a_build_shows_a_correction_makes_no_vintage_and_refuses_an_expired_one(
    built: Path, tmp_path: Path
) -> None:
    """In a copy of the project, whose corrections.toml may be written."""
    for name in ("pipelines", "schemas", "raw"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    warehouse = Path(shutil.copytree(built, tmp_path / "warehouse"))
    file = warehouse / "jvom.duckdb"
    declared = tmp_path / "schemas" / "corrections.toml"

    def build() -> tuple[int, dict[str, Any]]:
        options = ("--raw", tmp_path / "raw", "--warehouse", warehouse, "--json")
        done = run_jvom("build", *options, cwd=tmp_path, PYTHONPATH=str(tmp_path))
        return done.returncode, json.loads(done.stdout)

    before = published.state(file)
    declared.write_text(ENTRY, encoding="utf-8")
    status, answered = build()
    assert (status, [(e["vintage"], e["written"]) for e in answered["editions"]]) == (0, [(1, False)])
    assert before is not None
    assert answered["release_id"] != before.release_id
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("SELECT printed_value, corrected_value FROM corrections").fetchall() == [
            ("32", "33")
        ]
        assert connection.execute(
            "SELECT mission_id, deployed_military FROM mission_trends WHERE has_correction"
        ).fetchall() == [("untso", 32)]
        assert connection.execute("SELECT count(*) FROM verifications").fetchall() == [(1,)]

    bytes_before = file.read_bytes()
    declared.write_text(ENTRY.replace('"32"', '"31"'), encoding="utf-8")
    status, answered = build()
    assert status == 1
    assert (
        "correction 1 (personnel, untso, deployed_military): the cell prints '32', not '31'"
        in (answered["error"]["message"])
    )
    assert file.read_bytes() == bytes_before
