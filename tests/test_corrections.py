"""Declared corrections: what an entry may say, its guard, and how a build shows one or refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import validate
from pipelines.publish import published
from schemas import registry
from schemas.errors import Problems, RegistryError
from tests.support import ROOT, building, run_jvom

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
FOLDER = Path(registry.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("missions.toml", "layouts.toml", "readings.toml"):
        shutil.copy(FOLDER / name, tmp_path)
    return tmp_path


def load(folder: Path, text: str) -> tuple[registry.Correction, ...]:
    (folder / "corrections.toml").write_text(text, encoding="utf-8")
    return registry.load(folder).corrections


def test_the_shipped_file_holds_none_and_its_example_is_one(folder: Path) -> None:
    shipped = (FOLDER / "corrections.toml").read_text(encoding="utf-8")
    assert load(folder, shipped) == ()
    _, _, example = shipped.partition("# [[correction]]")
    entry = "\n".join(line.removeprefix("# ") for line in f"# [[correction]]{example}".splitlines())
    (correction,) = load(folder, entry)
    assert correction.cell == "personnel, anti-isis-irak, deployed_total"


def test_a_project_needs_no_corrections(folder: Path) -> None:
    assert registry.load(folder).corrections == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[[correction]]", "[[corrections]]", ["corrections", "unknown"]),
        ('"untso"', '"unsto"', ["correction 1", "row_key", "'untso'"]),
        ('"personnel"', '"personel"', ["table_name", "'personnel'"]),
        ('"33"', '"thirty"', ["corrected_value", "whole number"]),
        ('"33"', '"32"', ["corrected_value", "already"]),
        ('reason = "one', 'why = "one', ["reason", "missing"]),
        ('"Kamerstuk 29521, nr. 500"', '""', ["source", "empty"]),
        ('"untso"', '"total"\n' + 'table = "x"', ["row_key", "total"]),
        (ENTRY, ENTRY + ENTRY, ["correction 2", "twice"]),
    ],
)
def test_a_wrong_entry_names_file_and_key(folder: Path, old: str, new: str, words: list[str]) -> None:
    with pytest.raises(RegistryError) as caught:
        load(folder, ENTRY.replace(old, new))
    assert caught.value.file == str(folder / "corrections.toml")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({'"32"': '"31"'}, ["correction 1", "prints '32', not '31'", "line 100", "schemas/corrections.toml"]),
        ({'printed_value = "32"\n': ""}, ["prints '32', not nothing"]),
        ({"deployed_military": "deployed_civil_police"}, ["prints nothing, not '32'"]),
        ({"deployed_military": "deployd"}, ["no such cell", "nearest is personnel, untso, deployed_"]),
    ],
)
def test_a_guard_that_fails_refuses_its_edition_alone(
    folder: Path, changes: dict[str, str], words: list[str]
) -> None:
    text = ENTRY
    for old, new in changes.items():
        text = text.replace(old, new)
    corrections = load(folder, text)
    rows = [{"mission_id": "untso", "deployed_military": 32}]
    with pytest.raises(Problems) as caught:
        validate.check_corrections(
            building.edition_tables(2024, rows), corrections, 2024, path="raw/2024/x.txt"
        )
    assert "raw/2024/x.txt" in str(caught.value)
    for word in words:
        assert word in str(caught.value)
    validate.check_corrections(building.edition_tables(2023, rows), corrections, 2023, path="raw/2023/x.txt")


def test_a_guard_that_holds_lets_its_edition_pass(folder: Path) -> None:
    blank = ENTRY.replace("untso", "undof").replace('printed_value = "32"\n', "")
    rows = [{"mission_id": "untso", "deployed_military": 32}, {"mission_id": "undof"}]
    corrections = load(folder, ENTRY + blank)
    assert corrections[1].printed_value is None
    validate.check_corrections(building.edition_tables(2024, rows), corrections, 2024, path="x")


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
    status, told = build()
    assert (status, [(e["vintage"], e["written"]) for e in told["editions"]]) == (0, [(1, False)])
    assert before is not None
    assert told["release_id"] != before.release_id
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
    status, told = build()
    assert status == 1
    assert (
        "correction 1 (personnel, untso, deployed_military): the cell prints '32', not '31'"
        in (told["error"]["message"])
    )
    assert file.read_bytes() == bytes_before
