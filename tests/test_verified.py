"""Verification: whatever is not as it was recorded is named, and the result is in the record."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import ROOT, Jvom

from pipelines import manifest, pending, verified
from pipelines.seams import SourceFile
from pipelines.settings import Settings, find
from pipelines.snapshot import Lake


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Settings:
    shutil.copytree(built, tmp_path / "warehouse")
    shutil.copytree(ROOT / "raw", tmp_path / "raw")
    return find(tmp_path / "raw", tmp_path / "warehouse")


def flip(file: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(data)


def raw_file(settings: Settings) -> Path:
    return settings.raw / "2024" / "jvom-2024.txt"


def parquet_file(settings: Settings) -> Path:
    return max(Path(settings.data).rglob("*.parquet"), key=lambda file: file.stat().st_size)


def test_a_sound_warehouse_is_recorded_as_such_and_stays_idle(own: Settings, jvom: Jvom) -> None:
    done = jvom("verify", "--raw", own.raw, "--warehouse", own.warehouse)
    assert (done.returncode, done.stdout.strip()) == (0, "everything is as it was recorded"), done.stderr
    rows = Lake(own.catalog, own.data).read()["verifications"].to_pylist()
    assert [(row["kind"], row["result"]) for row in rows] == [("verification", verified.SOUND)]
    assert pending.plan(own).nothing


def packaged_file(settings: Settings) -> Path:
    return next(settings.releases.glob("*/data/personnel.csv"))


@pytest.mark.parametrize(
    "place", [raw_file, parquet_file, packaged_file, lambda settings: settings.published]
)
def test_one_flipped_bit_is_named(own: Settings, jvom: Jvom, place: Callable[[Settings], Path]) -> None:
    where = ("--raw", own.raw, "--warehouse", own.warehouse)
    assert jvom("verify", *where).returncode == 0
    file = place(own)
    flip(file)
    done = jvom("verify", *where, "--json")
    assert done.returncode == 1, done.stdout
    found = json.loads(done.stdout)
    assert any(file.name in fault["where"] for fault in found["faults"]), found
    assert found["last_sound"]
    told = "\n".join(f"{fault['where']}: {fault['what']}" for fault in found["faults"])
    assert Lake(own.catalog, own.data).verified_as(told)  # so that "since when" has an answer


def test_a_reading_that_gives_other_rows_is_named(own: Settings) -> None:
    def other(settings: Settings, source: SourceFile) -> dict[str, pa.Table]:
        read = dict(verified.read_again(settings, source))
        return {**read, "personnel": read["personnel"].slice(1)}

    report = verified.verify(own, other)
    assert [str(fault) for fault in report.faults] == [
        "edition 2024, vintage 1: reading its bytes again gives other rows"
    ]


def test_rows_keys_and_cells_are_compared(own: Settings) -> None:
    read = Lake(own.catalog, own.data).read()
    assert list(verified._rows(read)) == []
    short = {**read, "personnel_vintages": read["personnel_vintages"].slice(1)}
    assert [fault.what for fault in verified._rows(short)] == ["has 17 rows, recorded were 18"]
    no_cells = {**read, "cells_vintages": read["cells_vintages"].slice(0, 0)}
    assert any("has no cell" in fault.what for fault in verified._rows(no_cells))


def test_the_manifest_says_what_the_release_is_made_of(own: Settings) -> None:
    (written,) = own.releases.iterdir()
    found = manifest.read(own.releases, written.name)
    assert found is not None
    assert found["published"]["sha256"] == manifest.sha256(own.published)
    assert [edition["edition_year"] for edition in found["editions"]] == [2024]
    assert found["editions"][0]["source_sha256"] == manifest.sha256(raw_file(own))
    stored = {Path(own.data) / entry["path"]: entry["sha256"] for entry in found["parquet"]}
    assert stored == {file: manifest.sha256(file) for file in stored}
    assert set(stored) == set(Path(own.data).rglob("*.parquet"))
    assert {extension["name"] for extension in found["extensions"]} >= {"ducklake"}
    assert manifest.read(own.releases, "absent") is None
