"""Nothing in the product deletes or rewrites what is recorded: every command and every job is tried."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.lake import Lake
from pipelines.settings import Settings, find
from tests.support import NOBODY, ROOT, Jvom, every_command

CHANGE = ("31 augustus 2024 31 juli 2025", "30 september 2024 31 juli 2025")  # of one mandate
CONTRIBUTIONS = """\
mission,month,personnel_type,count,level,note
UNTSO,2013-02,experts_on_mission,11,month x mission x type,
"""


@pytest.fixture(scope="module")
def own(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(built, folder / "warehouse")
    shutil.copytree(ROOT / "raw", folder / "raw")
    return find(folder / "raw", folder / "warehouse")


@pytest.fixture(scope="module")
def ran(own: Settings) -> list[dict[str, Any]]:
    """Everything that was run, in order: words, exit status, what was lost, vintages after it."""
    folder = own.warehouse.parent
    text = (own.raw / "2024" / "jvom-2024.txt").read_text(encoding="utf-8")
    assert CHANGE[0] in text
    (folder / "changed.txt").write_text(text.replace(*CHANGE), encoding="utf-8")
    (folder / "un.csv").write_text(CONTRIBUTIONS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.every_command", own.raw, own.warehouse, folder],
        cwd=ROOT,
        env={**os.environ, "JVOM_PARLIAMENT_URL": NOBODY, "JVOM_PUBLICATIONS_URL": NOBODY}
        | {"JVOM_FETCH_ATTEMPTS": "1", "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_command_and_every_job_is_tried(ran: list[dict[str, Any]]) -> None:
    """A new one must be tried here before it can be added."""
    assert every_command.commands() == set(every_command.COMMANDS)
    assert every_command.jobs() == {*ran[-1]["jobs"], *every_command.WAITING}
    assert len(ran) == len(every_command.JOBS) + sum(map(len, every_command.COMMANDS.values()))
    assert [each["ran"] for each in ran if each["status"]] == []


def test_no_command_and_no_job_deletes_or_rewrites_what_is_recorded(ran: list[dict[str, Any]]) -> None:
    assert [each for each in ran if each["lost"]] == []


def test_only_a_decision_or_other_bytes_add_a_vintage(ran: list[dict[str, Any]]) -> None:
    counts = [1, *(each["vintages"] for each in ran)]
    added = [each["ran"][0] for each, before in zip(ran, counts, strict=False) if each["vintages"] > before]
    assert added == ["ingest", "withdraw", "restore"]
    assert counts[-1] == 4


def test_a_backup_restores_what_was_recorded(own: Settings, ran: list[dict[str, Any]], jvom: Jvom) -> None:
    """Restoring is naming the copy: it holds what there was, verifies, and goes on by itself."""
    assert ran
    copy = find(own.raw, own.warehouse.parent / "copy")
    lake = Lake(copy.catalog, copy.data)
    assert lake.read() == Lake(own.catalog, own.data).read()
    where = ("--raw", copy.raw, "--warehouse", copy.warehouse)
    assert jvom("verify", *where).returncode == 0
    shutil.rmtree(own.warehouse / "lake")  # the disaster
    shown = jvom("trace", "untso", 2024, "deployed_military", *where)
    assert "UNTSO 12 [32] 32" in shown.stdout, shown.stderr
    assert "Parquet" in shown.stdout or "parquet:" in shown.stdout


def test_what_is_lost_would_be_seen() -> None:
    before = {"vintages": {"one", "two"}, "runs": {"r"}}
    assert every_command.lost(before, {"vintages": {"one", "two", "three"}, "runs": {"r"}}) == []
    assert every_command.lost(before, {"vintages": {"one"}, "runs": {"r"}}) == ["vintages: two"]
