"""The record under fire, at a small scale; `python -m tests.campaign.faults` is the whole of it."""

import random
from pathlib import Path

import pytest

from pipelines.settings import Settings

pytestmark = pytest.mark.kills


def nothing(_: object) -> None:
    """Nobody looks on."""


def test_writers_killed_beside_readers_lose_and_tear_nothing(tmp_path: Path) -> None:
    from tests.campaign import kills

    score = kills.campaign(tmp_path, 8, 25, 1, nothing)
    assert score.faults == []
    assert score.kills.total() >= 8
    assert score.reads.total() >= 25


def test_commands_ended_by_signals_leave_what_undisturbed_ones_leave(tmp_path: Path) -> None:
    from tests.campaign import commands

    assert commands.killed(tmp_path, 3, 1, nothing, first=3).faults == []


def test_on_a_full_disk_a_build_says_so_and_goes_on_later(tmp_path: Path) -> None:
    from tests.campaign import commands

    if why := commands.why_no_disk():
        pytest.skip(why)
    assert commands.full(tmp_path, ["build"], [1024], nothing).faults == []


def test_in_little_memory_each_command_does_its_work_or_says_so(tmp_path: Path) -> None:
    from tests.campaign import commands

    assert commands.memory(tmp_path, [1_500], nothing).faults == []


def test_a_damaged_file_of_each_part_of_a_warehouse_is_named(own: Settings) -> None:
    from tests.campaign import damage

    score = damage.campaign(own, random.Random(1), 0.01, nothing)
    assert score.faults == []
    assert {outcome for _, _, outcome in score.counts} <= {"named", "noticed", "cannot be seen"}
