"""What the pipeline costs, beside the floors it can be compared with. `--write` keeps the result.

.venv/bin/python benchmarks/run.py --write
.venv/bin/python benchmarks/run.py --profile --write

The second says where the processor time of a first build goes, beside where it went before issue 19.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import raw, versions
from pipelines.model import Edition, SourceFile

if TYPE_CHECKING:
    from schemas.registry import Registry

ROOT = versions.ROOT
RESULTS = ROOT / "benchmarks" / "results.md"
SHARES = "\n## Where a first build's processor time goes\n"  # the part of the page that --profile writes
EMPTY_RUN = """
import dagster as dg
@dg.asset
def nothing() -> None:
    pass
with dg.DagsterInstance.get() as instance:
    assert dg.materialize([nothing], instance=instance).success
"""


@dataclass(frozen=True)
class Cost:
    """Median cost of one thing: seconds of wall clock and of processor, peak resident megabytes."""

    name: str
    wall: float
    processor: float
    megabytes: float | None
    runs: int


def child(name: str, arguments: list[str], runs: int, **variables: str) -> Cost:
    """Cost of a process of its own; raises where it fails."""
    measured = [once(arguments, variables) for _ in range(runs)]
    wall, processor, megabytes = (statistics.median(column) for column in zip(*measured, strict=True))
    return Cost(name, wall, processor, megabytes, runs)


def once(
    arguments: list[str], variables: dict[str, str], python: str = sys.executable
) -> tuple[float, float, float]:
    environment = {**os.environ, **variables}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # Python keeps what it compiled, as it does for users
    started = time.perf_counter()
    process = subprocess.Popen(
        [python, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes on macOS, else kilobytes
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def here(name: str, work: Callable[[], object], runs: int) -> Cost:
    """Cost of a call in this process, after one that is not counted."""
    work()
    wall, processor = [], []
    for _ in range(runs):
        started, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    return Cost(name, statistics.median(wall), statistics.median(processor), None, runs)


def reading(runs: int) -> list[Cost]:
    """Reading each edition in raw/, without checks, record or Dagster."""
    from schemas import registry

    known = registry.load()
    catalogue = raw.catalogue(ROOT / "raw")
    costs = []
    for year, files in raw.survey(ROOT / "raw")[0].items():
        source = files[-1]
        data = raw.read(source, raw=ROOT / "raw", kept=ROOT / "warehouse" / "sources")
        edition = raw.edition_of(catalogue, year)
        read = partial(_read, data, source, edition, known)
        costs.append(here(f"reading edition {year} ({source.fidelity})", read, runs))
    return costs


def _read(data: bytes, source: SourceFile, edition: Edition, known: Registry) -> None:
    from pipelines.extract import tables
    from pipelines.extract import text as document

    tables.read(document.read(data, source), source, edition, known)


def building(runs: int) -> list[Cost]:
    """`jvom build` from nothing and with nothing new, and the answers that must come at once."""
    jvom = ["-m", "pipelines.cli"]
    with tempfile.TemporaryDirectory() as folder:
        warehouses = [str(Path(folder, f"warehouse-{number}")) for number in range(3)]
        first = [once([*jvom, "build", "--warehouse", warehouse], {}) for warehouse in warehouses]
        wall, processor, megabytes = (statistics.median(column) for column in zip(*first, strict=True))
        where = ["--warehouse", warehouses[0]]
        query = "SELECT * FROM mission_trends"
        return [
            Cost("`jvom build`, first", wall, processor, megabytes, len(first)),
            child("`jvom build`, nothing new", [*jvom, "build", *where], runs),
            child("`jvom sql`", [*jvom, "sql", query, *where], runs),
            child("`jvom --help`", [*jvom, "--help"], runs),
        ]


def archive(editions: int = 20) -> tuple[list[Cost], str]:
    """So many editions from empty, one more, and what the warehouse takes on disk, in a sentence."""
    from tests.support.parliament import edition

    jvom = ["-m", "pipelines.cli", "build"]
    with tempfile.TemporaryDirectory() as folder:
        sources, warehouse = Path(folder, "raw"), Path(folder, "warehouse")
        where = ["--raw", str(sources), "--warehouse", str(warehouse)]
        costs, first = [], 2025 - editions
        for name, years in (("from empty", range(first, 2025)), ("and one more", range(2025, 2026))):
            for year in years:
                file = sources / str(year) / "report.txt"
                file.parent.mkdir(parents=True)
                file.write_bytes(edition(period=f"mei {year - 1} t/m april {year}"))
            cost = child(f"`jvom build`, {editions} editions {name}", [*jvom, *where], 1)
            costs.append(cost)
        kept = sum(file.stat().st_size for file in sources.rglob("*") if file.is_file())
        used = {file.stat().st_ino: file.stat() for file in warehouse.rglob("*") if file.is_file()}
        each = (sum(stat.st_blocks * 512 for stat in used.values()) - kept) / (editions + 1) / 1e6
    return costs, f"{editions + 1} editions take {each:.2f} MB of disk each, beside their sources.\n"


def profile() -> str:
    """Shares of a first build as Markdown, beside what they were."""
    from benchmarks.shares import BEFORE

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "benchmarks/shares.py", "build", "--warehouse", f"{folder}/warehouse"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    now: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    names = sorted({*BEFORE, *now}, key=lambda name: -max(BEFORE.get(name, 0), now.get(name, 0)))
    rows = [(name, BEFORE.get(name, 0), now.get(name, 0)) for name in (*names, "all")]
    rows[-1] = ("all", sum(BEFORE.values()), sum(now.values()))
    return (
        f"{SHARES}\nSeconds of one build, sampled on {datetime.date.today()} with load "
        f"{os.getloadavg()[0]:.1f}; before, at commit 161fe37c95f0, with load 20.\n\n"
        "| share | before | now |\n|---|---:|---:|\n"
        + "".join(f"| {name} | {before:.2f} | {after:.2f} |\n" for name, before, after in rows)
    )


def floors(runs: int) -> list[Cost]:
    """What nothing of ours can be faster than."""
    with tempfile.TemporaryDirectory() as home:
        Path(home, "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
        child("making a Dagster home", ["-c", EMPTY_RUN], 1, DAGSTER_HOME=home)
        return [
            child("floor: `import duckdb, pyarrow`", ["-c", "import duckdb, pyarrow"], runs),
            child("floor: `import dagster`", ["-c", "import dagster"], 3),
            child("floor: a Dagster run of one empty asset", ["-c", EMPTY_RUN], 3, DAGSTER_HOME=home),
        ]


def machine() -> str:
    """The machine in one sentence."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    tools = ", ".join(f"{name} {version}" for name, version in versions.tools().items())
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {system}; {tools}."


def page(costs: list[Cost], disk: str) -> str:
    """The results as Markdown."""
    rows = [
        f"| {c.name} | {_seconds(c.wall)} | {_seconds(c.processor)} | "
        f"{f'{c.megabytes:.0f} MB' if c.megabytes else ''} | {c.runs} |\n"
        for c in costs
    ]
    return (
        "# Results\n\n"
        f"Measured on {datetime.date.today()} by `python benchmarks/run.py --write`, at commit "
        f"{(versions.git_commit() or 'unknown')[:12]}, load {os.getloadavg()[0]:.1f} at the end.\n\n"
        f"{machine()}\n\n"
        "| what | wall | processor | peak memory | runs |\n|---|---:|---:|---:|---:|\n"
        f"{''.join(rows)}\n{disk}"
    )


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds:.2f} s"


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the results in benchmarks/results.md")
    parser.add_argument("--profile", action="store_true", help="only where a first build's time goes")
    parser.add_argument("--runs", type=int, default=15, help="runs of what is quick (default: 15)")
    given = parser.parse_args()
    sys.path.append(str(ROOT))  # where tests and benchmarks are, which are not installed
    figures, _, shares = RESULTS.read_text(encoding="utf-8").partition(SHARES)
    if given.profile:
        shares = profile()
        print(shares)
    else:
        # Children first: while this process is small, since a child's peak counts what it was forked from.
        of_children = [*building(given.runs), *floors(given.runs)]
        twenty, disk = archive()
        figures = page([*reading(given.runs), *of_children, *twenty], disk)
        shares = shares and SHARES + shares
        print(figures)
    if given.write:
        RESULTS.write_text(figures + shares, encoding="utf-8")


if __name__ == "__main__":
    main()
