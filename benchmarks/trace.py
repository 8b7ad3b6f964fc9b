"""How long a trace takes as vintages grow: in the command, after start-up and as a process, and by the macro.

.venv/bin/python -m benchmarks.trace --write
"""

from __future__ import annotations

import argparse
import datetime
import os
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.run import Cost, child, here, machine
from pipelines import raw, versions
from pipelines.cli.session import Session
from pipelines.cli.trace import follow
from pipelines.lake import Authorship, Lake
from pipelines.publish import published
from pipelines.settings import Settings, find
from schemas import registry
from tests.support import building

RESULTS = versions.ROOT / "benchmarks" / "trace.md"
YEARS = range(2006, 2026)
ROWS = 20  # of each annex
LINES = 1700  # of a document
RELEASE = {
    "release_id": "0123456789ab",
    "contract_version": "1.0",
    "snapshot_id": 1,
    "vintages": [],
    "tool_versions": [],
}
LIMIT = 0.3  # seconds after start-up
QUESTIONS = (
    ("a figure", "untso", "deployed_military"),
    ("a total", "total", "deployed_total"),
    ("a note", "footnote:3", "text"),
    ("a mandate's end", "untso", "international_mandate_end"),
    ("a change", "untso", "change"),
    ("a share", "untso", "share_of_total"),
    ("a region's sum", "Midden-Oosten", "deployed_total_computed"),
    ("a peak", "untso", "peak_deployed_total"),
)


def record(lake: Lake, where: Settings, year: int, vintage: int) -> None:
    """Record one vintage of an edition of the usual size, from bytes that are kept like any other's."""
    text = "\n".join(f"line {number} of edition {year}, vintage {vintage}" for number in range(LINES))
    lake.begin()
    source = raw.keep(text.encode(), year, where.kept, f"{year}.txt")
    names = [mission.id for mission in registry.load().missions][:ROWS]
    rows = [
        {"mission_id": name, "deployed_military": number + vintage, "frame_military": number + 1}
        for number, name in enumerate(names)
    ]
    end = datetime.date(year, 8, 31)
    read = building.edition_tables(
        year,
        rows,
        mandates=[{"mission_id": name, "international_mandate_end": end} for name in names],
        footnotes=[f"note {number}" for number in range(14)],
        sections=[f"Section {number}" for number in range(60)],
        source=source,
    )
    lake.record(
        year,
        read,
        source=source,
        versions=building.VERSIONS,
        by=Authorship("benchmark", f"run-{year}-{vintage}"),
    )


def grow(where: Settings, vintages: int) -> None:
    """Record until the lake holds that many vintages, over all years alike, and publish."""
    lake = Lake(where.catalog, where.data, where.warehouse)
    with lake.writer():
        recorded = lake.read()["vintages"].select(["edition_year", "vintage"]).to_pylist()
        there = {(row["edition_year"], row["vintage"]) for row in recorded}
        for number in range(1, vintages // len(YEARS) + 1):
            for year in YEARS:
                if (year, number) not in there:
                    record(lake, where, year, number)
        lake.add_release(RELEASE)
        base = building.base_tables() | lake.read()
    known = {
        mission.id: {"mission_id": mission.id, "region": mission.region, "organisation": mission.organisation}
        for mission in registry.load().missions
    }
    base |= building.registry_tables(known, list(known.values()))
    published.publish(where.published, base, release_id=str(RELEASE["release_id"]), head=lake.head())


def measured(where: Settings, vintages: int, runs: int) -> list[Cost]:
    """What each question costs at this size; the middle year, so that there are editions on both sides."""
    session = Session.of(json=False, raw=where.raw, warehouse=where.warehouse, verbose=False)
    year = YEARS[len(YEARS) // 2]
    costs = [
        here(f"{what}, {vintages} vintages", partial(follow, session, row, year, column), runs)
        for what, row, column in QUESTIONS
    ]
    costs.append(here(f"the macro, {vintages} vintages", partial(_macro, where, year), runs))
    words = ["-m", "pipelines.cli", "trace", "untso", str(year), "deployed_military"]
    process = child(f"`jvom trace`, {vintages} vintages", [*words, "--warehouse", str(where.warehouse)], runs)
    return [*costs, process]


def _macro(where: Settings, year: int) -> None:
    with published.connect(where.published) as connection:
        found = connection.execute(f"FROM trace('untso', {year}, 'deployed_military')").fetchall()
    assert len(found) == 1


def page(costs: Sequence[Cost]) -> str:
    """The results as Markdown."""
    rows = "".join(
        f"| {cost.name} | {cost.wall * 1000:.0f} ms | {cost.processor * 1000:.0f} ms | {cost.runs} |\n"
        for cost in costs
    )
    slow = [
        cost.name for cost in costs if cost.megabytes is None and cost.processor > LIMIT
    ]  # the others are whole processes
    verdict = f"over it: {', '.join(slow)}" if slow else "all of them are under it"
    return (
        "# A trace, as vintages grow\n\n"
        f"Measured on {datetime.date.today()} by `python -m benchmarks.trace --write`, at commit "
        f"{(versions.git_commit() or 'unknown')[:12]}, load {os.getloadavg()[0]:.1f} at the end: "
        f"{len(YEARS)} years, {ROWS} rows in each annex, a vintage a commit of the lake. "
        f"The limit after start-up is {LIMIT * 1000:.0f} ms; {verdict}. "
        "`jvom trace` is a whole process with its start-up.\n\n"
        f"{machine()}\n\n"
        "| what | wall | processor | runs |\n|---|---:|---:|---:|\n"
        f"{rows}"
    )


def main() -> None:
    """Grow a lake to each size, measure there, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the results in benchmarks/trace.md")
    parser.add_argument("--runs", type=int, default=7, help="runs of each question (default: 7)")
    parser.add_argument("--vintages", type=int, nargs="+", default=[100, 1000], help="sizes, growing")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="put the warehouse there and leave it")
    given = parser.parse_args()
    costs: list[Cost] = []
    with tempfile.TemporaryDirectory() as folder:
        home = given.keep or Path(folder)
        where = find(home / "raw", home / "warehouse")
        for vintages in given.vintages:
            grow(where, vintages)
            costs += measured(where, vintages, given.runs)
    print(page(costs))
    if given.write:
        RESULTS.write_text(page(costs), encoding="utf-8")


if __name__ == "__main__":
    main()
