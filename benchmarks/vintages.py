"""How costs grow with the archive: commit, publication, package, trend; and a backfill in one command.

.venv/bin/python -m benchmarks.vintages --write

Vintages of editions of the usual size over 20 years are recorded by the functions that a build uses, up to
each size; there the last ten commits are counted, and then one more vintage is published and packaged.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from duckdb import DuckDBPyConnection

from benchmarks.run import machine, once
from benchmarks.trace import YEARS, record
from pipelines import files, versions
from pipelines.lake import Lake
from pipelines.publish import package, published, release
from pipelines.settings import Settings, find
from schemas.errors import JvomError

RESULTS = versions.ROOT / "benchmarks" / "vintages.md"
TREND = "SELECT * FROM mission_trends WHERE mission_id = 'untso' ORDER BY edition_year"


def processor(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def grown(where: Settings, sizes: Sequence[int]) -> Iterator[str]:
    """A line of the table for each size, from what the warehouse has."""
    lake, commits = Lake.of(where), list[float]()
    for number in range(lake.read()["vintages"].num_rows, max(sizes)):
        year, vintage = YEARS[number % len(YEARS)], number // len(YEARS) + 1
        commits.append(processor(partial(record, lake, where, year, vintage)))
        if number + 1 in sizes:
            release.publish(where, lake, [])
            before = _packaged(where, None)
            record(lake, where, year, vintage + 1)
            spent = [processor(partial(release.publish, where, lake, []))]
            spent.append(processor(partial(_packaged, where, before)))
            with published.connect(where.published) as connection:
                trends = [processor(partial(_trend, connection)) for _ in range(7)]
            figures = [statistics.median(commits[-10:]), *spent, statistics.median(trends)]
            size = where.published.stat().st_size / 1e6
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            seconds = [f"{figure:.3f}" for figure in figures]
            yield " | ".join([f"{number + 1:,}", *seconds, f"{size:.1f}", f"{memory:.0f}"])


def _trend(connection: DuckDBPyConnection) -> None:
    assert len(connection.execute(TREND).fetchall()) > 1


def _packaged(where: Settings, before: Path | None) -> Path:
    """The package of what is published, put where a build puts it."""
    with tempfile.TemporaryDirectory() as aside, release.connect(where) as (name, connection, evaluated):
        made = package.build(connection, Path(aside), {}, evaluated)
        files.put_folder(where.releases / name, made, name, keep=[release.MANIFEST], like=before)
    return where.releases / name


def backfill(home: Path, documents: int) -> tuple[float, float]:
    """Seconds of processor for each document of `jvom build --history`, and the most memory held, in MB.

    They are texts of twenty years, with other figures each.
    """
    text = (versions.ROOT / "raw" / "2024" / "jvom-2024.txt").read_text(encoding="utf-8")
    for number in range(documents):
        year, more = YEARS[number % len(YEARS)], number // len(YEARS)
        said = re.sub(r"\b20[12]\d\b", lambda found: str(int(found[0]) + year - 2024), text)  # noqa: B023
        said = said.replace("UNTSO 12 32 32", f"UNTSO 12 {32 + more} {32 + more}")
        said = said.replace("3454 29 3473", f"{3454 + more} 29 {3473 + more}")
        files.put(home / "raw" / str(year) / f"report-{number:04}.txt", said.encode())
    given = ["build", "--history", "--raw", str(home / "raw"), "--warehouse", str(home / "backfilled")]
    _, spent, memory = once(["-m", "pipelines.cli", *given], {})
    recorded = Lake.of(find(home / "raw", home / "backfilled")).read()["vintages"].num_rows
    if recorded != documents:
        raise JvomError(f"{recorded} of {documents} documents were recorded")
    return spent / documents, memory


def page(lines: Sequence[str], each: str) -> str:
    headings = "vintages | commit s | publish one more s | its package s | a trend s | file MB | peak MB"
    return (
        "# As the archive grows\n\n"
        f"Measured on {datetime.date.today()} by `python -m benchmarks.vintages --write`, at "
        f"{(versions.git_commit() or 'unknown')[:12]}, load {os.getloadavg()[0]:.1f} at the end; "
        f"seconds are of processor. {each}\n\n{machine()}\n\n"
        f"| {headings} |\n|{'---:|' * (headings.count('|') + 1)}\n"
        + "".join(f"| {line} |\n" for line in lines)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the results in benchmarks/vintages.md")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 100, 1000], help="vintages, growing")
    parser.add_argument("--backfill", type=int, default=100, help="documents of the backfill (0: none)")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="go on with the warehouse there, and leave it"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, each = given.keep or Path(folder), ""
        if given.backfill:
            spent, memory = backfill(home, given.backfill)
            each = f"A backfill of {given.backfill} texts in one command takes {spent:.2f} s for each"
            each += f", publishing included, and {memory:.0f} MB at most."
            print(each, flush=True)
        lines = []
        for line in grown(find(home / "raw", home / "warehouse"), given.sizes):
            print(line, flush=True)
            lines.append(line)
    if given.write:
        RESULTS.write_text(page(lines, each), encoding="utf-8")


if __name__ == "__main__":
    main()
