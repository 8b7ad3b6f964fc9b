"""`jvom build` and `jvom ingest` in processes of their own, and what they find to do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines import raw, versions
from pipelines.lake import Lake
from pipelines.plan import plan_build
from pipelines.settings import Settings, find
from tests.support import ROOT, Jvom

EDITION = ROOT / "raw" / "2024" / "jvom-2024.txt"
MUTATION = {
    "UNTSO 12 32 32": "UNTSO 12 33 33",
    "Totaal 1510 22 3454 29 3473": "Totaal 1510 22 3455 29 3474",
}


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Settings:
    """A warehouse and a raw/ that a test may write to, as a build left them."""
    shutil.copytree(built, tmp_path / "warehouse")
    shutil.copytree(ROOT / "raw", tmp_path / "raw")
    return find(tmp_path / "raw", tmp_path / "warehouse")


def options(settings: Settings) -> tuple[object, ...]:
    return "--raw", settings.raw, "--warehouse", settings.warehouse


def mutated(file: Path, changes: dict[str, str]) -> str:
    """The text of a file with each of the changes made once."""
    text = file.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and the moment of its last change; readers of SQLite touch its `-shm`."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm"))
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def document(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def test_nothing_new_writes_nothing(own: Settings, jvom: Jvom) -> None:
    before = tree(own.warehouse)
    for arguments in (["build"], ["build", "--year", 2024], ["build", "--dry-run"]):
        done = jvom(*arguments, *options(own))
        assert done.returncode == 0
        assert "Nothing new" in done.stdout
    done = jvom("ingest", EDITION, "--year", 2024, *options(own), "--json")
    assert document(done)["nothing_new"] is True
    assert tree(own.warehouse) == before


def test_a_dry_run_writes_nothing_and_names_the_figures(own: Settings, jvom: Jvom) -> None:
    raw_file = own.raw / "2024" / EDITION.name
    raw_file.write_text(mutated(raw_file, MUTATION), encoding="utf-8")
    before = tree(own.warehouse), tree(own.raw)
    done = jvom("build", "--dry-run", *options(own), "--json")
    assert done.returncode == 0, done.stderr
    (edition,) = document(done)["editions"]
    assert edition["rows"]["personnel"] == 18
    assert {(c["row_key"], c["column_name"], c["old_value"], c["new_value"]) for c in edition["changes"]} == {
        ("untso", "deployed_military", 32, 33),
        ("untso", "deployed_total", 32, 33),
        ("total", "deployed_military", 3454, 3455),
        ("total", "deployed_total", 3473, 3474),
    }
    shown = jvom("build", "--dry-run", *options(own))
    assert "untso" in shown.stdout
    assert "other bytes" in shown.stderr
    assert (tree(own.warehouse), tree(own.raw)) == before


def test_a_dry_run_of_a_first_build(tmp_path: Path, jvom: Jvom) -> None:
    done = jvom("build", "--dry-run", "--warehouse", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    assert "every figure is new" in done.stderr
    assert not (tmp_path / "new").exists()


def test_ingest_keeps_a_document_and_records_a_vintage(own: Settings, tmp_path: Path, jvom: Jvom) -> None:
    file = tmp_path / "corrected.txt"
    file.write_text(mutated(EDITION, MUTATION), encoding="utf-8")
    done = jvom("ingest", file, "--year", 2024, "--keep", *options(own), "--json")
    assert done.returncode == 0, done.stderr
    (edition,) = document(done)["editions"]
    assert (edition["vintage"], edition["cause"], edition["written"]) == (2, "source changed", True)
    kept = own.raw / "2024" / "corrected.txt"
    assert kept.read_bytes() == file.read_bytes()
    assert 'path = "2024/corrected.txt"' in (own.raw / "sources.lock").read_text(encoding="utf-8")

    rows = document(jvom("trend", "untso", *options(own), "--json"))
    assert rows[0]["deployed_total"] == 33
    # The older file of the same edition lies beside it; the newer one stays in force.
    assert "Nothing new" in jvom("build", *options(own)).stdout

    file.write_text(mutated(EDITION, {}), encoding="utf-8")
    again = jvom("ingest", file, "--year", 2024, "--keep", *options(own))
    assert again.returncode == 2
    assert "other bytes" in again.stderr


def test_a_refused_document_is_status_1_and_leaves_all_as_it_was(
    own: Settings, tmp_path: Path, jvom: Jvom
) -> None:
    file = tmp_path / "unknown.txt"
    file.write_text(mutated(EDITION, {"UNTSO 12 32 32": "UNTZO 12 32 32"}), encoding="utf-8")
    published = own.published.read_bytes()
    done = jvom("ingest", file, "--year", 2024, "--keep", *options(own), "--json")
    assert done.returncode == 1, done.stderr
    told = document(done)
    assert "UNTZO" in told["error"]["message"]
    assert "UNTSO" in told["error"]["message"]
    assert told["editions"][0]["vintage"] is None
    assert own.published.read_bytes() == published
    assert not (own.raw / "2024" / "unknown.txt").exists()
    assert "edition 2024 was refused" in done.stderr


def test_a_build_that_waits_in_vain_names_the_holder(own: Settings, jvom: Jvom) -> None:
    raw_file = own.raw / "2024" / EDITION.name
    raw_file.write_text(mutated(raw_file, MUTATION), encoding="utf-8")
    code = (
        "import sys; from pipelines.lake import Lake; lake = Lake(*sys.argv[1:])\n"
        "with lake.writer(): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, own.catalog, own.data],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = jvom("build", "--timeout", 0.2, *options(own))
        status = document(jvom("status", *options(own), "--json"))
        holder.communicate()
    assert done.returncode == 3
    assert f"process {holder.pid}" in done.stderr
    assert f"process {holder.pid}" in status["writer"]


def test_an_edition_that_is_nowhere_is_status_1(built: Path, jvom: Jvom) -> None:
    done = jvom("build", "--year", 2001, "--warehouse", built)
    assert done.returncode == 1
    assert "raw/2001/" in done.stderr


def test_a_plan_says_why(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan_build(own).is_empty

    code = tuple(pattern for pattern in versions.READING_CODE if "cells" not in pattern)
    with monkeypatch.context() as patched:
        patched.setattr(versions, "READING_CODE", code)
        assert [due.reason for due in plan_build(own).editions] == ["the code that reads has changed"]
    with monkeypatch.context() as patched:
        patched.setattr(versions, "REGISTRY_FILES", ("missions.toml",))
        (due,) = plan_build(own).editions
        assert due.reason == "the mission registry or the layouts have changed"
    with monkeypatch.context() as patched:
        patched.setattr(versions, "PUBLISHING_CODE", versions.PUBLISHING_CODE[:1])
        plan = plan_build(own)
        assert plan.years == ()
        assert "views" in plan.publish

    catalogue = own.raw / raw.CATALOGUE
    text = catalogue.read_text(encoding="utf-8")
    assert "period_end = 2024-04-30" in text
    catalogue.write_text(text.replace("= 2024-04-30", "= 2024-04-29"), encoding="utf-8")
    (due,) = plan_build(own).editions
    assert due.reason == "what is declared about it has changed"


def test_a_plan_sees_other_files(own: Settings) -> None:
    full = own.raw / "2024" / "full.txt"
    lines = EDITION.read_text(encoding="utf-8").split("\n")
    full.write_text("\n".join([lines[0], "", *lines[2:]]), encoding="utf-8")
    (due,) = plan_build(own).editions
    assert due.source.path == "raw/2024/full.txt"
    assert due.source.fidelity == "full text"
    assert "takes the place of the abridged one" in due.reason
    full.unlink()

    (own.raw / "2024" / EDITION.name).unlink()
    assert plan_build(own).is_empty, "the edition stays, from its kept bytes"


def test_a_plan_sees_a_published_file_that_is_gone_or_damaged(own: Settings) -> None:
    own.published.chmod(0o644)
    own.published.write_bytes(b"no database")
    assert plan_build(own).publish == "there is no published file"
    own.published.unlink()
    plan = plan_build(own)
    assert (plan.years, plan.publish) == ((), "there is no published file")


def test_old_bytes_that_new_code_refuses_do_not_hold_up_the_new_ones(
    built: Path, tmp_path: Path, jvom: Jvom
) -> None:
    """In a copy of the project whose registry and file both spell a mission anew: the old file is refused."""
    project = tmp_path / "project"
    for name in ("pipelines", "schemas", "raw"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "workspace.yaml", project)
    shutil.copytree(built, project / "warehouse")
    for file, old, new in (
        (project / "schemas" / "missions.toml", 'spellings = ["UNTSO", ', 'spellings = ["UNTSO-missie", '),
        (project / "raw" / "2024" / "jvom-2024.txt", "UNTSO 12 32 32", "UNTSO-missie 12 32 32"),
    ):
        file.write_text(mutated(file, {old: new}), encoding="utf-8")
    done = jvom("build", "--json", cwd=project, PYTHONPATH=str(project))
    assert done.returncode == 1, done.stderr
    refused, read = document(done)["editions"]
    assert "UNTSO" in refused["error"]
    assert refused["quarantine"]
    assert (read["error"], read["vintage"], read["written"]) == (None, 2, True)
    where = find(project / "raw", project / "warehouse")
    causes = Lake(where.catalog, where.data).read()["vintages"]["cause"].to_pylist()
    assert causes == ["first reading", "source changed"]
