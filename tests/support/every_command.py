"""What `test_safety` has a process do: every command and every job, one after the other, on one warehouse.

`python -m tests.support.every_command RAW WAREHOUSE FOLDER` prints a JSON line for each: what was run,
whether it ended as it must, and what it took from the record or rewrote in it.
"""

import contextlib
import hashlib
import io
import json
import os
import shlex
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from pipelines.cli import app
from pipelines.lake import Lake
from pipelines.orchestration import run
from pipelines.settings import Settings, find
from tests.support.cases import tables

Record = dict[str, set[str]]

# Command lines in order, with the exit status that each must end with; they write to FOLDER.
COMMANDS: list[tuple[int, str]] = tables("safety")["COMMANDS"]
# Jobs that no command runs.
JOBS = ("verify", "look_for_late_editions")
# They wait for the network, and for older documents; tests of their own run them, and what they record goes
# the way of `ingest`.
WAITING = ("acquire", "backfill")


def jobs() -> set[str]:
    """Every job that Dagster has, its implicit one for all assets aside."""
    from pipelines.definitions import defs

    return {job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")}


def recorded(where: Settings) -> Record:
    """Every recorded row as text, every run, and every kept file with its hash."""
    rows = {
        name: {repr(row) for row in table.to_pylist()}
        for name, table in Lake(where.catalog, where.data).read().items()
    }
    with contextlib.closing(sqlite3.connect(where.dagster_home / "history" / "runs.db")) as history:
        runs = history.execute("SELECT run_id, pipeline_name FROM runs").fetchall()
    files = {
        f"{file.relative_to(folder)} {hashlib.sha256(file.read_bytes()).hexdigest()}"
        for folder in (where.kept, where.contributions, where.warehouse / "lake", where.raw)
        for file in folder.rglob("*")
        if file.is_file() and not file.name.startswith(("catalog.sqlite", "sources.lock"))
    }
    return {
        **rows,
        "runs": {run_id for run_id, _ in runs},
        "jobs": {job for _, job in runs},
        "files": files,
        "releases": {str(file.relative_to(where.releases)) for file in where.releases.rglob("*")},
    }


def _touched(where: Settings) -> dict[str, tuple[int, int]]:
    """When each file was last written, and its bytes: while they are the same nothing is recorded anew."""
    files = {file: file.stat() for folder in (where.warehouse, where.raw) for file in folder.rglob("*")}
    passing = (".lock", "-shm", "-wal")
    return {
        str(file): (is_now.st_mtime_ns, is_now.st_size)
        for file, is_now in files.items()
        if file.is_file() and not file.name.endswith(passing)
    }


def lost(before: Record, after: Record) -> list[str]:
    """What was in the record and is not any more, as it was."""
    return [f"{name}: {entry}" for name in before for entry in sorted(before[name] - after[name])]


def _run_all(where: Settings, folder: Path) -> Iterator[tuple[str, bool]]:
    """Run everything; what was run, and whether it ended as it must."""
    import dagster as dg

    run.prepare_home(where)
    from pipelines.definitions import defs

    for name in JOBS:
        with dg.DagsterInstance.get() as instance:
            job = defs.resolve_job_def(name)
            done = job.execute_in_process(instance=instance, raise_on_error=False, run_config=run.QUIET)
        yield f"job {name}", done.success
    port = str(20000 + os.getpid() % 20000)
    for expected, line in COMMANDS:
        words = shlex.split(line.replace("FOLDER", str(folder)).replace("PORT", port))
        if words[0] == "ui":
            threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGTERM]).start()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            status = app.main([*words, "--raw", str(where.raw), "--warehouse", str(where.warehouse)])
        yield line, status == expected


def main(raw: str, warehouse: str, folder: str) -> None:
    """Run everything; print a line for each."""
    where = find(Path(raw), Path(warehouse))
    os.environ.update(where.environment())
    before, touched = recorded(where), _touched(where)
    for line, well in _run_all(where, Path(folder)):
        now = _touched(where)
        after = before if now == touched else recorded(where)
        touched = now
        outcome = {"ran": line, "well": well, "lost": lost(before, after)}
        outcome |= {"vintages": len(after["vintages"]), "jobs": sorted(after["jobs"])}
        print(json.dumps(outcome), flush=True)
        before = after


if __name__ == "__main__":
    main(*sys.argv[1:])
