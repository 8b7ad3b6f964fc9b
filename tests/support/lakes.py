"""What tests of the lake let other processes do: record, hold the lock."""

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa

import schemas
from pipelines.lake import Authorship, Lake, Reading, RuleResults
from pipelines.lake.decision import content_hash
from pipelines.model import Recorded, SourceFile, Versions
from tests.support import building

Tables = Mapping[str, pa.Table]
Step = tuple[int, str, Versions, int]  # edition_year, what the source says, versions, personnel rows

OTHER_CODE = Versions("c0de2c0de2c0", building.VERSIONS.registry, building.VERSIONS.declarations)
PLAN: tuple[Step, ...] = (
    (2021, "first", building.VERSIONS, 3),
    (2022, "first", building.VERSIONS, 2),
    (2021, "second", building.VERSIONS, 4),
    (2022, "first", OTHER_CODE, 2),  # the same rows: a verification
    (2023, "first", OTHER_CODE, 5),
    (2022, "second", OTHER_CODE, 1),
)
EARLIER: tuple[Step, ...] = tuple((2020, text, building.VERSIONS, n) for n, text in enumerate("abc", 1))
MISSIONS = ("unifil", "undof", "untso", "ussc", "cmf")  # known to the registry
KEY = ("edition_year", "vintage")
RELEASE = {"contract_version": "1.0", "snapshot_id": 1, "vintages": [(2021, 2)], "tool_versions": []}

assert schemas.TABLES  # loads the contracts before a fork does


def open_lake(folder: Path) -> Lake:
    """The lake that a warehouse in `folder` has."""
    return Lake(f"sqlite:{folder / 'lake' / 'catalog.sqlite'}", f"{folder / 'lake' / 'data'}/")


def record(lake: Lake, step: Step, **details: Any) -> Recorded:
    """Record what one step says."""
    read, source = _read(step, **details)
    return lake.record(step[0], read, source=source, versions=step[2], by=Authorship("tester", "run"))


def record_earlier(lake: Lake, steps: Sequence[Step] = EARLIER) -> list[Recorded | None]:
    """Record what several steps of one edition say, all at once."""
    readings = []
    for read, source in map(_read, steps):
        found: Mapping[str, list[dict[str, object]]] = {name: [] for name in schemas.RECONCILED}
        readings.append(Reading(source, read, RuleResults.of(found, "rules", content_hash(read))))
    year, _, versions, _ = steps[0]
    return lake.record_earlier(year, readings, versions=versions, by=Authorship("tester", "run"))


def _read(step: Step, **details: Any) -> tuple[Tables, SourceFile]:
    year, text, _, count = step
    source = building.source_file(year, text, **details)
    rows = [{"mission_id": MISSIONS[n], "deployed_military": n} for n in range(count)]
    return building.edition_tables(year, rows, footnotes=["a note"], sections=["One"], source=source), source


def put(
    lake: Lake,
    read: building.Tables,
    text: str = "",
    *,
    recheck: bool = False,
    results: RuleResults | None = None,
    **changes: str,
) -> Recorded:
    """Record the tables of 2024, as read from a file that says `text`, with changed versions."""
    return lake.record(
        2024,
        read,
        source=building.source_file(2024, text),
        versions=replace(building.VERSIONS, **changes),
        by=Authorship("tester", "run-1", "abc"),
        recheck=recheck,
        results=results,
    )


def build(lake: Lake, plan: Sequence[Step] = PLAN) -> None:
    """Do what is left of a plan, as a build would that sees only the newest file of each edition."""
    for step in plan:
        state = lake.edition_state(step[0])
        before = state.seen - {state.source.sha256} if state else ()
        if building.source_file(step[0], step[1]).sha256 not in before:
            record(lake, step)
    lake.add_release({"release_id": "0" * 12, **RELEASE})


def content(read: Tables) -> dict[str, list[dict[str, Any]]]:
    """All rows, apart from runs, times and snapshots."""
    stamps = {"recorded_at", "checked_at", "published_at", "reconciled_at", "run_id", "snapshot_id"}
    stamps |= {"tool_versions"}
    return {
        name: [{key: value for key, value in row.items() if key not in stamps} for row in table.to_pylist()]
        for name, table in read.items()
    }


def incomplete(read: Tables) -> list[str]:
    """Vintages that do not have all their rows, or whose snapshot is not known."""
    found = []
    counted = {
        name: Counter(zip(*(read[f"{name}_vintages"][key].to_pylist() for key in KEY), strict=True))
        for name in schemas.TABLES
    }
    for vintage in read["vintages"].to_pylist():
        key = tuple(vintage[name] for name in KEY)
        wrong = [name for name, count in vintage["row_counts"] if counted[name][key] != count]
        if wrong or vintage["snapshot_id"] is None:
            found.append(f"vintage {key} is not whole: {wrong or 'no snapshot'}")
    return found


def record_at_once(folder: Path, barrier: Any, answer: Connection) -> None:
    """Record the first step at the same moment as another process; send whether it was written."""
    lake = open_lake(folder)
    barrier.wait(30)
    answer.send(record(lake, PLAN[0]).written)


def hold_writer(catalog: str, data: str, ready: Connection) -> None:
    """Hold the writer lock of a lake until killed; send the process id once it is ours."""
    with Lake(catalog, data).writer():
        ready.send(os.getpid())
        time.sleep(600)
