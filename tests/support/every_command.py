"""What tests of the record's safety let a process of its own do: every command and job, one after the other.

`python -m tests.support.every_command RAW WAREHOUSE FOLDER` prints a JSON line for each: what was run, its
exit status, and what it took from the record or rewrote in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.cli import app as cli
from pipelines.lake import Lake
from pipelines.orchestration import run
from pipelines.settings import Settings, find

Record = dict[str, set[str]]

# Command → argument lists; an exit status other than 0 is expected where it stands first. FOLDER is
# a folder for what commands write.
COMMANDS: dict[str, list[list[Any]]] = {
    "build": [["build"], ["build", "--recheck"], ["build", "--dry-run"]],
    "ingest": [["ingest", "FOLDER/changed.txt", "--year", 2024, "--keep"]],
    "withdraw": [["withdraw", 2024, "--reason", "a test"]],
    "restore": [["restore", 2024, "--vintage", 1, "--reason", "a test"]],
    "ingest-un": [["ingest-un", "FOLDER/un.csv"]],
    "verify": [["verify"]],
    "backup": [["backup", "FOLDER/copy"]],
    "status": [["status"]],
    "quarantine": [["quarantine", "--all"]],
    "editions": [["editions"]],
    "missions": [["missions"]],
    "vintages": [["vintages", 2024]],
    "trend": [["trend", "untso"]],
    "diff": [["diff", 2024, 1, 2]],
    "trace": [["trace", "untso", 2024, "deployed_military", "--html", "FOLDER/sheet.html"]],
    "sql": [
        ["sql", "SELECT * FROM personnel"],
        [2, "sql", "DELETE FROM personnel_vintages"],
        [2, "sql", "DROP VIEW personnel"],
        [2, "sql", "COPY personnel TO 'FOLDER/stolen.csv'"],
    ],
    "findings": [["findings"], ["findings", 2024, "--unread"]],
    "fetch": [[3, "fetch", 2024], [3, "fetch", 2024, "--dry-run"]],  # where nobody answers
    "open": [["open", "--print"]],
    "page": [["page", "FOLDER/changed.txt", 1]],
    "ui": [["ui", "--port", "PORT"]],  # it ignores signals once it ended, so it comes last
}
# Jobs that no command runs.
JOBS = ("verify", "look_for_late_editions")
# It waits for the network, and `tests.test_orchestration` runs it on a service of its own; what it records
# goes the way of `ingest`.
WAITING = ("acquire",)


def commands() -> set[str]:
    """Every command that the command line has."""
    return {
        str(found.name or getattr(found.callback, "__name__", "")) for found in cli.app.registered_commands
    }


def jobs() -> set[str]:
    """Every job that Dagster is given, its own for all assets aside."""
    from pipelines.definitions import defs

    return {job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")}


def recorded(where: Settings) -> Record:
    """Every recorded row as text, every run, and every kept file with its hash."""
    rows = {
        name: {repr(row) for row in table.to_pylist()}
        for name, table in Lake(where.catalog, where.data).read().items()
    }
    with contextlib.closing(sqlite3.connect(where.dagster_home / "history" / "runs.db")) as history:
        found = history.execute("SELECT run_id, pipeline_name FROM runs").fetchall()
    files = {
        f"{file.relative_to(folder)} {hashlib.sha256(file.read_bytes()).hexdigest()}"
        for folder in (where.kept, where.contributions, where.warehouse / "lake", where.raw)
        for file in folder.rglob("*")
        if file.is_file() and not file.name.startswith(("catalog.sqlite", "sources.lock"))
    }
    releases = {str(file.relative_to(where.releases)) for file in where.releases.rglob("*")}
    return {
        **rows,
        "runs": {run_id for run_id, _ in found},
        "jobs": {job for _, job in found},
        "files": files,
        "releases": releases,
    }


def lost(before: Record, after: Record) -> list[str]:
    """What was in the record and is not any more, as it was."""
    return [f"{name}: {entry}" for name in before for entry in sorted(before[name] - after[name])]


def _ran(arguments: list[Any], where: Settings, folder: Path) -> tuple[list[str], int]:
    expected = arguments[0] if isinstance(arguments[0], int) else 0
    names = {"FOLDER": str(folder), "PORT": str(20000 + os.getpid() % 20000)}
    words = [str(word) for word in arguments[isinstance(arguments[0], int) :]]
    for name, value in names.items():
        words = [word.replace(name, value) for word in words]
    if words[0] == "ui":
        threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGTERM]).start()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = cli.main([*words, "--raw", str(where.raw), "--warehouse", str(where.warehouse)])
    return words, 0 if status == expected else status or 1


def _all(where: Settings, folder: Path) -> Iterator[tuple[list[str], int]]:
    """Every job that no command runs, then every command, with the status that each ended with."""
    import dagster as dg

    run.prepare_home(where)
    from pipelines.definitions import defs

    for name in JOBS:
        with dg.DagsterInstance.get() as instance:
            job = defs.resolve_job_def(name)
            done = job.execute_in_process(instance=instance, raise_on_error=False, run_config=run.QUIET)
        yield ["job", name], 0 if done.success else 1
    for cases in COMMANDS.values():
        for arguments in cases:
            yield _ran(arguments, where, folder)


def main(raw: str, warehouse: str, folder: str) -> None:
    """Run everything; print a line for each."""
    where = find(Path(raw), Path(warehouse))
    os.environ.update(where.environment())
    before = recorded(where)
    for words, status in _all(where, Path(folder)):
        after = recorded(where)
        told = {
            "lost": lost(before, after),
            "vintages": len(after["vintages"]),
            "jobs": sorted(after["jobs"]),
        }
        print(json.dumps({"ran": words, "status": status, **told}), flush=True)
        before = after


if __name__ == "__main__":
    main(*sys.argv[1:])
