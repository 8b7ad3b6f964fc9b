"""`jvom build` and `jvom ingest` in processes of their own, and what they find to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import raw, versions
from pipelines.lake import Lake
from pipelines.plan import plan_build
from pipelines.settings import Settings, find
from tests.support import ROOT, Jvom, answer

EDITION = ROOT / "raw" / "2024" / "jvom-2024.txt"
CHANGES = {
    "UNTSO 12 32 32": "UNTSO 12 33 33",
    "Totaal 1510 22 3454 29 3473": "Totaal 1510 22 3455 29 3474",
}


@pytest.fixture
def where(built: Path, tmp_path: Path) -> Settings:
    """A warehouse and a raw/ that a test may write to, as a build left them."""
    shutil.copytree(built, tmp_path / "warehouse")
    shutil.copytree(ROOT / "raw", tmp_path / "raw")
    return find(tmp_path / "raw", tmp_path / "warehouse")


def options(where: Settings) -> tuple[object, ...]:
    return "--raw", where.raw, "--warehouse", where.warehouse


def changed(file: Path, changes: dict[str, str]) -> str:
    """The text of a file with each of the changes made once."""
    text = file.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def change(where: Settings) -> None:
    file = where.raw / "2024" / EDITION.name
    file.write_text(changed(file, CHANGES), encoding="utf-8")


def tree(*folders: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and the moment of its last change; readers of SQLite touch its `-shm`."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in files
        if not path.name.endswith("-shm")
    }


def test_nothing_new_writes_nothing(where: Settings, jvom: Jvom) -> None:
    before = tree(where.warehouse)
    for arguments in (["build"], ["build", "--year", 2024], ["build", "--dry-run"]):
        done = jvom(*arguments, *options(where))
        assert done.returncode == 0
        assert "Nothing new" in done.stdout
    done = jvom("ingest", EDITION, "--year", 2024, *options(where), "--json")
    assert answer(done)["nothing_new"] is True
    assert tree(where.warehouse) == before


def test_a_dry_run_writes_nothing_and_names_the_figures(where: Settings, jvom: Jvom) -> None:
    change(where)
    before = tree(where.warehouse, where.raw)
    (edition,) = answer(jvom("build", "--dry-run", *options(where), "--json"))["editions"]
    assert edition["rows"]["personnel"] == 18
    assert {(c["row_key"], c["column_name"], c["old_value"], c["new_value"]) for c in edition["changes"]} == {
        ("untso", "deployed_military", 32, 33),
        ("untso", "deployed_total", 32, 33),
        ("total", "deployed_military", 3454, 3455),
        ("total", "deployed_total", 3473, 3474),
    }
    shown = jvom("build", "--dry-run", *options(where))
    assert "untso" in shown.stdout
    assert "other bytes" in shown.stderr
    assert tree(where.warehouse, where.raw) == before


def test_a_dry_run_of_a_first_build_and_of_a_document_that_is_refused(tmp_path: Path, jvom: Jvom) -> None:
    new = ("--warehouse", tmp_path / "new")
    done = jvom("build", "--dry-run", *new)
    assert done.returncode == 0, done.stderr
    assert "every figure is new" in done.stderr
    (tmp_path / "raw" / "2024").mkdir(parents=True)
    (tmp_path / "raw" / "2024" / "a.txt").write_text(changed(EDITION, {"UNTSO 12 32 32": "UNTZO 12 32 32"}))
    done = jvom("build", "--dry-run", "--raw", tmp_path / "raw", *new)
    assert done.returncode == 1
    assert "would be refused" in done.stderr
    assert not (tmp_path / "new").exists()


def test_ingest_keeps_a_document_and_records_a_vintage(where: Settings, tmp_path: Path, jvom: Jvom) -> None:
    file = tmp_path / "corrected.txt"
    file.write_text(changed(EDITION, CHANGES), encoding="utf-8")
    done = jvom("ingest", file, "--year", 2024, "--keep", *options(where), "--json")
    (edition,) = answer(done)["editions"]
    assert (edition["vintage"], edition["cause"], edition["written"]) == (2, "source changed", True)
    assert (where.raw / "2024" / "corrected.txt").read_bytes() == file.read_bytes()
    assert 'path = "2024/corrected.txt"' in (where.raw / "sources.lock").read_text(encoding="utf-8")
    (row,) = answer(jvom("trend", "untso", *options(where), "--json"))
    assert row["deployed_total"] == 33
    # The older file of the same edition lies beside it; the newer one stays in force.
    assert "Nothing new" in jvom("build", *options(where)).stdout

    file.write_text(changed(EDITION, {}), encoding="utf-8")
    again = jvom("ingest", file, "--year", 2024, "--keep", *options(where))
    assert again.returncode == 2
    assert "other bytes" in again.stderr


def test_a_refused_document_is_status_1_and_leaves_all_as_it_was(
    where: Settings, tmp_path: Path, jvom: Jvom
) -> None:
    file = tmp_path / "unknown.txt"
    file.write_text(changed(EDITION, {"UNTSO 12 32 32": "UNTZO 12 32 32"}), encoding="utf-8")
    published = where.published.read_bytes()
    done = jvom("ingest", file, "--year", 2024, "--keep", *options(where), "--json")
    assert done.returncode == 1, done.stderr
    assert "edition 2024 was refused" in done.stderr
    for name in ("UNTZO", "UNTSO", '"vintage": null'):
        assert name in done.stdout
    assert where.published.read_bytes() == published
    assert not (where.raw / "2024" / "unknown.txt").exists()


def test_a_build_that_waits_in_vain_names_the_holder(where: Settings, jvom: Jvom) -> None:
    change(where)
    code = (
        "import sys; from pipelines.lake import Lake; lake = Lake(*sys.argv[1:])\n"
        "with lake.writer(): print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, where.catalog, where.data],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        done = jvom("build", "--timeout", 0.2, *options(where))
        status = answer(jvom("status", *options(where), "--json"))
        holder.communicate()
    assert done.returncode == 3
    assert f"process {holder.pid}" in done.stderr
    assert f"process {holder.pid}" in status["writer"]


def test_an_edition_that_is_nowhere_is_status_1(built: Path, jvom: Jvom) -> None:
    done = jvom("build", "--year", 2001, "--warehouse", built)
    assert done.returncode == 1
    assert "raw/2001/" in done.stderr


@pytest.mark.parametrize(
    ("name", "kept", "reason"),
    [
        ("READING_CODE", lambda p: "cells" not in p, "the code that reads has changed"),
        (
            "REGISTRY_FILES",
            lambda p: p == "missions.toml",
            "the mission registry or the layouts have changed",
        ),
    ],
)
def test_a_plan_says_why_an_edition_is_read_again(
    where: Settings, monkeypatch: pytest.MonkeyPatch, name: str, kept: object, reason: str
) -> None:
    assert callable(kept)
    monkeypatch.setattr(versions, name, tuple(filter(kept, getattr(versions, name))))
    assert [edition.reason for edition in plan_build(where).editions] == [reason]


def test_a_plan_sees_what_is_declared_and_other_code_of_publishing(
    where: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(versions, "PUBLISHING_CODE", versions.PUBLISHING_CODE[:1])
        plan = plan_build(where)
        assert plan.years == ()
        assert "views" in plan.publish
    catalogue = where.raw / raw.CATALOGUE
    text = changed(catalogue, {"period_end = 2024-04-30": "period_end = 2024-04-29"})
    catalogue.write_text(text, encoding="utf-8")
    (edition,) = plan_build(where).editions
    assert edition.reason == "what is declared about it has changed"


def test_a_plan_sees_other_files_and_a_published_file_that_is_damaged_or_gone(where: Settings) -> None:
    full = where.raw / "2024" / "full.txt"
    lines = EDITION.read_text(encoding="utf-8").split("\n")
    full.write_text("\n".join([lines[0], "", *lines[2:]]), encoding="utf-8")
    (edition,) = plan_build(where).editions
    assert (edition.source.path, edition.source.fidelity) == ("raw/2024/full.txt", "full text")
    assert "takes the place of the abridged one" in edition.reason
    full.unlink()

    (where.raw / "2024" / EDITION.name).unlink()
    plan = plan_build(where)
    assert plan.is_empty, "the edition stays, from its kept bytes"
    where.published.chmod(0o644)
    where.published.write_bytes(b"no database")
    assert plan_build(where).publish == "there is no published file"
    where.published.unlink()
    plan = plan_build(where)
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
        file.write_text(changed(file, {old: new}), encoding="utf-8")
    done = jvom("build", "--json", cwd=project, PYTHONPATH=str(project))
    assert done.returncode == 1, done.stderr
    done.returncode = 0
    refused, read = answer(done)["editions"]
    assert "UNTSO" in refused["error"]
    assert refused["quarantine"]
    assert (read["error"], read["vintage"], read["written"]) == (None, 2, True)
    where = find(project / "raw", project / "warehouse")
    causes = Lake(where.catalog, where.data).read()["vintages"]["cause"].to_pylist()
    assert causes == ["first reading", "source changed"]
