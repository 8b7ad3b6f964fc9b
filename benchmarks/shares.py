"""Where the processor time of one `jvom` command goes: its stack, looked at every few milliseconds.

.venv/bin/python benchmarks/shares.py build --warehouse DIR

Prints one JSON document: seconds by share, those of child processes among them, and the most memory held.
`run.py --profile` makes a table of it. A call into C is seen when it ends, with all of its time.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from collections import Counter
from types import FrameType

INTERVAL = 0.002  # seconds of processor time
# A moment belongs to the first of these that is on the stack: part of a path, and a function, if it is named.
SHARES = (
    ("charts", "pipelines/site/charts", ""),
    ("site: pages", "pipelines/site/", ""),
    ("Dagster: events", "_core/instance/methods/event_methods.py", "handle_new_event"),
    ("Pandera", "site-packages/pandera/", ""),
    ("sqlglot (lineage)", "site-packages/sqlglot/", ""),
    ("imports and definitions", "<frozen importlib._bootstrap>", "_find_and_load"),
    ("Dagster: instance and runs", "_core/instance/factory.py", ""),
    ("Dagster: instance and runs", "_core/instance/runs/", ""),
    ("DuckLake: attaching", "pipelines/lake/connection.py", "attached"),
    ("writing files, fsync", "pipelines/files.py", ""),
    ("contracts", "pipelines/validate.py", ""),
    ("views evaluated", "pipelines/publish/views.py", "evaluate"),
    ("package: Parquet and CSV", "pipelines/publish/package", ""),
    ("published file", "pipelines/publish/", ""),
    ("record", "pipelines/lake/", ""),
    ("reading", "pipelines/extract/", ""),
    ("rules", "pipelines/reconcile/", ""),
    ("Dagster: versions of inputs", "_core/execution/context/data_version_cache.py", ""),
    ("Dagster: steps", "site-packages/dagster/", ""),
)
OTHER, CHILDREN = "other", "child processes"
BEFORE = {  # at commit 161fe37c95f0, load 20
    "Dagster: events": 4.37,
    "site: pages": 3.05,
    "Pandera": 2.62,
    "imports and definitions": 2.19,
    "charts": 1.82,
    "published file": 1.39,
    "Dagster: steps": 1.32,
    "Dagster: versions of inputs": 1.25,
    "record": 1.19,
    "package: Parquet and CSV": 0.89,
    "child processes": 0.86,
    "views evaluated": 0.61,
    "Dagster: instance and runs": 0.51,
    "sqlglot (lineage)": 0.49,
    "DuckLake: attaching": 0.31,
    "rules": 0.09,
    "writing files, fsync": 0.09,
    "other": 0.04,
    "contracts": 0.04,
    "reading": 0.03,
}


def share(frame: FrameType | None) -> str:
    frames = []
    while frame:
        frames.append((frame.f_code.co_filename, frame.f_code.co_name))
        frame = frame.f_back
    for name, path, function in SHARES:
        if any(path in file and function in (where, "") for file, where in frames):
            return name
    return OTHER


def main() -> None:
    seconds: Counter[str] = Counter()
    looked_at = time.process_time()

    def look(_signal: int, frame: FrameType | None) -> None:
        nonlocal looked_at
        now = time.process_time()
        seconds[share(frame)] += now - looked_at
        looked_at = now

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    sys.argv[0] = "jvom"
    from pipelines.cli.app import main as jvom

    try:
        code = jvom()
    except SystemExit as ended:
        code = ended.code
    signal.setitimer(signal.ITIMER_PROF, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds[CHILDREN] = used.ru_utime + used.ru_stime
    print(json.dumps(dict(seconds.most_common())), file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
