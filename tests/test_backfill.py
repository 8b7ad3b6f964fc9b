"""Older documents of an edition, several in a run: recorded and shown is what a run for each gives."""

import json
import os
import random
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from pipelines import quarantine
from pipelines.lake import Lake
from pipelines.orchestration import run
from pipelines.orchestration.plan import plan_build
from pipelines.settings import Settings, find
from tests.support import lakes
from tests.support.forked import PROCESSES, fork, start
from tests.support.parliament import edition
from tests.support.reports import PROJECT

# Figures that differ, the same rows in other bytes, and what is not a report: in the order of their names.
DOCUMENTS = (
    edition(10),
    edition(11),
    edition(11) + b"\n",
    edition(13),
    b"not a report\n",
    edition(14),
    edition(15),
)


def home(folder: Path, documents: tuple[bytes, ...] = DOCUMENTS) -> Settings:
    for number, document in enumerate(documents):
        file = folder / "raw" / "2024" / f"report-{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document)
    return find(folder / "raw", folder / "warehouse")


def shown(where: Settings) -> Counter[tuple[object, ...]]:
    """Events of editions: each asset with the names of what is shown of it, each check with its outcome."""
    query = "SELECT event FROM event_logs WHERE dagster_event_type = ?"
    with closing(sqlite3.connect(where.dagster_home / "history" / "runs" / "index.db")) as history:
        rows = [
            (kind, json.loads(event)["dagster_event"]["event_specific_data"])
            for kind in ("ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION")
            for (event,) in history.execute(query, (kind,))
        ]
    said = Counter[tuple[object, ...]]()
    for kind, data in rows:
        about = data if kind == "ASSET_CHECK_EVALUATION" else data["materialization"]
        entries = about.get("metadata_entries") or about.get("metadata", ())
        labels = tuple(sorted(entry["label"] if isinstance(entry, dict) else entry for entry in entries))
        if about["partition"]:
            named = ("check_name", "passed", "blocking", "description", "partition")
            said[(str(about["asset_key"]), labels, *map(about.get, named))] += 1
    return said


def built(where: Settings, at_once: int) -> run.Result:
    """All of it, so many documents in a run; in a process of its own, since Dagster has one home in each."""
    ours, theirs = PROCESSES.Pipe()
    process = fork(_build, where, at_once, theirs)
    theirs.close()
    result: run.Result = ours.recv()
    process.join()
    return result


def _build(where: Settings, at_once: int, answer: Connection) -> None:
    run.AT_ONCE = at_once
    plan = plan_build(where, history=True)
    answer.send(run.build(where, plan, verbose=False, progress=lambda _: None))


def test_documents_taken_together_give_what_a_run_for_each_gives(tmp_path: Path) -> None:
    one, where = home(tmp_path / "alone"), home(tmp_path / "together")
    alone, together = built(one, 1), built(where, run.AT_ONCE)
    rows = Lake.of(where).read()
    assert lakes.content(rows) == lakes.content(Lake.of(one).read())
    assert lakes.incomplete(rows) == []
    assert together.release_id == alone.release_id
    assert shown(where) == shown(one)
    said = ("edition_year", "written", "vintage", "cause", "rows", "findings", "exit_code")
    of_both = [
        [[getattr(each, name) for name in said] for each in result.outcomes] for result in (alone, together)
    ]
    assert of_both[0] == of_both[1]
    first, second, *others = rows["vintages"]["snapshot_id"].to_pylist()
    assert first == second < min(others)  # one transaction
    assert len({each.run_id for each in together.outcomes}) == len(DOCUMENTS) - 1
    assert [refusal.source_path for refusal in quarantine.refusals(where.quarantine)] == [
        "raw/2024/report-4.txt"
    ]
    assert plan_build(where, history=True).is_empty


@pytest.mark.kills
def test_a_backfill_killed_at_any_moment_goes_on_where_it_was(tmp_path: Path) -> None:
    documents = tuple(edition(10 + number) for number in range(6))
    whole, where = home(tmp_path / "whole", documents), home(tmp_path / "killed", documents)
    chosen, found = random.Random(1), []
    for seconds in (*(chosen.uniform(0.3, 5) for _ in range(8)), None):
        arguments = ["build", "--history", "--raw", str(where.raw), "--warehouse", str(where.warehouse)]
        process = start(arguments, cwd=PROJECT, environment={**os.environ, "PYTHONPATH": str(PROJECT)})
        process.join(seconds)
        if process.exitcode is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        there = Lake.of(where).read()
        assert lakes.incomplete(there) == []
        found.append(there["vintages"].num_rows)
    built(whole, 1)
    assert lakes.content(Lake.of(where).read()) == lakes.content(Lake.of(whole).read())
    assert found == sorted(found)
    assert set(found) <= {0, 5, 6}  # five in one transaction, then the newest
