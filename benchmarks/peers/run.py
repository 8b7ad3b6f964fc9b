"""The same work by `jvom`, by a script, and by dlt with dbt: first build, one more edition, a trend query.

benchmarks/peers/setup DIR
.venv/bin/python -m benchmarks.peers.run --python DIR/bin/python --write

All read the same ruled PDFs: the annexes of 2024 as drawn by the tests, a file for each year. The peers read
the table of personnel alone; `jvom` reads both annexes, checks, records, publishes, packages, makes its site.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from benchmarks.run import machine, once
from pipelines import versions
from schemas import registry
from tests.renditions import drawn
from tests.renditions.real import content_of
from tests.support import building
from tests.support.reports import read_tables

HERE = Path(__file__).parent
RESULTS = HERE.parent / "peers.md"
SEED = 1028  # of a look in which every cell is ruled, which the peers can read as well
YEARS = range(2005, 2026)
QUERY = "SELECT * FROM mission_trends WHERE {} = '{}' ORDER BY edition_year"
Cost = tuple[float, float, float]  # seconds of wall clock and processor, peak megabytes


def draw(folder: Path) -> list[tuple[int, Path]]:
    """A PDF for each year: the same tables, other bytes."""
    text = (versions.ROOT / "raw" / "2024" / "jvom-2024.txt").read_bytes()
    data = drawn(content_of(read_tables(text), registry.load().layouts[0]), SEED).data
    files = [(year, folder / f"{year}.pdf") for year in YEARS]
    for year, file in files:
        file.write_bytes(data + f"\n% {year}\n".encode())
    return files


def jvom(folder: Path, editions: Sequence[tuple[int, Path]]) -> Cost:
    """All editions by one build from raw/, one more from where it is."""
    raw, given = folder / "raw", ["--raw", str(folder / "raw"), "--warehouse", str(folder / "warehouse")]
    for year, file in editions:
        (raw / str(year)).mkdir(parents=True, exist_ok=True)
        (raw / str(year) / file.name).write_bytes(file.read_bytes())
    return once(["-m", "pipelines.cli", "build", *given], {})


def peer(python: str, name: str) -> Callable[[Path, Sequence[tuple[int, Path]]], Cost]:
    def run(folder: Path, editions: Sequence[tuple[int, Path]]) -> Cost:
        folder.mkdir(exist_ok=True)
        target = folder / "warehouse.duckdb" if name == "script.py" else folder
        given = [f"{year}={file}" for year, file in editions]
        return once([str(HERE / name), str(target), *given], {}, python=python)

    return run


def fill(file: Path, vintages: int, *, ours: bool) -> None:
    """A file with that many vintages over 20 years, as each of them would have it."""
    places = [(2006 + number % 20, number // 20 + 1) for number in range(vintages)]
    names = [mission.id for mission in registry.load().missions][:18]
    if ours:
        rows = [{"mission_id": name, "deployed_military": 10 + at} for at, name in enumerate(names)]
        tables = building.base_tables(*(building.edition_tables(year, rows) for year, _ in sorted(places)))
        building.publish(file, tables | building.registry_tables(names))
        return
    with duckdb.connect(str(file)) as database:
        columns = "edition_year INT, vintage INT, mission TEXT, deployed_total INT"
        database.execute(f"CREATE TABLE personnel ({columns})")
        listed = [(*place, name, 10 + at) for place in places for at, name in enumerate(names)]
        database.executemany("INSERT INTO personnel VALUES (?, ?, ?, ?)", listed)
        database.execute((HERE / "trends.sql").read_text(encoding="utf-8"))


def query(file: Path, column: str, value: str, runs: int = 9) -> float:
    """Median seconds of processor of the trend of one mission, the file open."""
    spent = []
    with duckdb.connect(str(file), read_only=True) as database:
        if column == "mission_id":
            database.execute("SET search_path = 'main,record,vintages,internal'")
        for _ in range(runs + 1):
            began = time.process_time()
            assert database.execute(QUERY.format(column, value)).fetchall()
            spent.append(time.process_time() - began)
    return statistics.median(spent[1:])


def measure(python: str, runs: int) -> list[str]:
    """Lines of the table of results."""
    makers = {"script": peer(python, "script.py"), "dlt + dbt": peer(python, "dlt_dbt.py"), "jvom": jvom}
    lines = []
    with tempfile.TemporaryDirectory() as home:
        editions = draw(Path(home))
        for name, make in makers.items():
            first = [make(Path(home, f"{name}-{run}"), editions[:1]) for run in range(runs)]
            make(Path(home, name), editions[:20])
            more = make(Path(home, name), editions[20:])
            costs = [*(statistics.median(column) for column in zip(*first, strict=True)), *more]
            lines.append(f"{name} | " + " | ".join(f"{cost:.1f}" for cost in costs))
            print(lines[-1], flush=True)
        for name in ("jvom", "script"):
            times = []
            for vintages in (1, 20, 1000):
                file = Path(home, f"{name}-{vintages}.duckdb")
                fill(file, vintages, ours=name == "jvom")
                mission = registry.load().missions[0].id
                times.append(query(file, "mission_id" if name == "jvom" else "mission", mission) * 1000)
            at = next(i for i, line in enumerate(lines) if line.startswith(name))
            lines[at] += " | " + " | ".join(f"{time:.1f}" for time in times)
            print(lines[at], flush=True)
    return [line if line.count("|") > 6 else f"{line} | as script | as script | as script" for line in lines]


def page(lines: Sequence[str]) -> str:
    headings = "what | first build: wall s | CPU s | MB | one more to twenty: wall s | CPU s | MB"
    headings += " | trend of a mission at 1 vintage: CPU ms | at 20 | at 1,000"
    return (
        "# Beside what else one would use\n\n"
        f"Measured on {datetime.date.today()} by `python -m benchmarks.peers.run --write`, at commit "
        f"{(versions.git_commit() or 'unknown')[:12]}, load {os.getloadavg()[0]:.1f} at the end.\n\n"
        f"{machine()}\n\n"
        f"| {headings} |\n|---|{'---:|' * (headings.count('|'))}\n"
        + "".join(f"| {line} |\n" for line in lines)
        + "\nThe peers read one ruled table and nothing else: no annex of mandates, no unruled or text "
        "edition, no cell behind a figure, no check between table and text, no record of who read what when. "
        "They cannot tell a note's mark from a figure (`UNDOF12`), so they cut digits off names.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", required=True, help="the interpreter of the peers' environment")
    parser.add_argument("--runs", type=int, default=3, help="first builds of each (default: 3)")
    parser.add_argument("--write", action="store_true", help="put the results in benchmarks/peers.md")
    given = parser.parse_args()
    text = page(measure(given.python, given.runs))
    print(text)
    if given.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
