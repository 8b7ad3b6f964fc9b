"""Nothing in the product deletes or rewrites what is recorded: every command and every job is tried."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import commands
from pipelines.lake import Lake
from pipelines.settings import Settings, find
from tests.support import Jvom, copied, every_command, output_of

CHANGE = ("31 augustus 2024 31 juli 2025", "30 september 2024 31 juli 2025")  # of one mandate
CONTRIBUTIONS = """\
mission,month,personnel_type,count,level,note
UNTSO,2013-02,experts_on_mission,11,month x mission x type,
"""


@pytest.fixture(scope="module")
def where(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return copied(built, tmp_path_factory.mktemp("every-command"))


@pytest.fixture(scope="module")
def ran(where: Settings) -> list[dict[str, Any]]:
    """Everything that was run, in order: whether it ended as it must, what was lost, vintages after it."""
    folder = where.warehouse.parent
    text = (where.raw / "2024" / "jvom-2024.txt").read_text(encoding="utf-8")
    assert CHANGE[0] in text
    (folder / "changed.txt").write_text(text.replace(*CHANGE), encoding="utf-8")
    (folder / "un.csv").write_text(CONTRIBUTIONS, encoding="utf-8")
    command = (sys.executable, "-m", "tests.support.every_command", where.raw, where.warehouse, folder)
    return [json.loads(line) for line in output_of(*command, JVOM_FETCH_ATTEMPTS="1").splitlines()]


def test_every_command_is_among_those_that_are_tried() -> None:
    """A new one must be tried here before it can be added."""
    known = {command.__name__.replace("_", "-") for group in commands().values() for command in group}
    assert {line.split()[0] for _, line in every_command.COMMANDS} == known


@pytest.mark.commands
def test_every_command_and_every_job_ends_as_it_must(ran: list[dict[str, Any]]) -> None:
    assert every_command.jobs() == {*ran[-1]["jobs"], *every_command.WAITING}
    assert len(ran) == len(every_command.JOBS) + len(every_command.COMMANDS)
    assert [each["ran"] for each in ran if not each["well"]] == []


@pytest.mark.commands
def test_no_command_and_no_job_deletes_or_rewrites_what_is_recorded(ran: list[dict[str, Any]]) -> None:
    assert [each for each in ran if each["lost"]] == []


@pytest.mark.commands
def test_only_a_decision_or_other_bytes_add_a_vintage(ran: list[dict[str, Any]]) -> None:
    counts = [1, *(each["vintages"] for each in ran)]
    pairs = zip(ran, counts, strict=False)
    assert [each["ran"].split()[0] for each, before in pairs if each["vintages"] > before] == [
        *("ingest", "withdraw", "restore")
    ]
    assert counts[-1] == 4


@pytest.mark.commands
def test_a_backup_restores_what_was_recorded(where: Settings, ran: list[dict[str, Any]], jvom: Jvom) -> None:
    """Restoring is naming the copy: it has what there was, verifies, and goes on by itself."""
    assert ran
    copy = find(where.raw, where.warehouse.parent / "copy")
    assert Lake(copy.catalog, copy.data).read() == Lake(where.catalog, where.data).read()
    options = ("--raw", copy.raw, "--warehouse", copy.warehouse)
    assert jvom("verify", *options).returncode == 0
    shutil.rmtree(where.warehouse / "lake")  # the disaster
    trace = jvom("trace", "untso", 2024, "deployed_military", *options)
    assert "UNTSO 12 [32] 32" in trace.stdout, trace.stderr
    assert "parquet:" in trace.stdout


def test_what_is_lost_would_be_seen() -> None:
    before = {"vintages": {"one", "two"}, "runs": {"r"}}
    assert every_command.lost(before, {"vintages": {"one", "two", "three"}, "runs": {"r"}}) == []
    assert every_command.lost(before, {"vintages": {"one"}, "runs": {"r"}}) == ["vintages: two"]
