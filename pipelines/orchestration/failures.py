"""What becomes of failures: our errors in Dagster, dead runs ended, and people notified.

A failed run gives one line in the warehouse's log and one JSON document to `JVOM_NOTIFY_URL`, if that is set.
"""

import os
import platform
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from pipelines import settings
from schemas.errors import JvomError, LakeError, NetworkError

PROCESS_TAG = "jvom/process"
NOTIFY_TIMEOUT = 10.0  # seconds for the whole of it
LONGEST_REASON = 300  # characters
_UNENDED = [
    *(dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED),
    dg.DagsterRunStatus.CANCELING,
]


@contextmanager
def as_dagster_failure() -> Iterator[None]:
    """Turn our own errors into the run's failure text. Only LakeError and NetworkError are retried."""
    try:
        yield
    except JvomError as error:
        raise dg.Failure(
            description=str(error),
            metadata={"error": type(error).__name__, "place": error.place, "next": error.hint or ""},
            allow_retries=isinstance(error, LakeError | NetworkError),
        ) from error


def failure_of(result: dg.ExecuteInProcessResult) -> tuple[str, int]:
    """The text of a failed run and the exit code for it: failed contracts first, else the failed asset."""
    broken = [
        f"{evaluation.asset_key.to_user_string()}: {evaluation.description}"
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.blocking
    ]
    if broken:
        return "\n".join(broken), 1
    for step in result.get_failed_step_keys():
        data = result.failure_data_for_node(step)
        if data is not None and data.user_failure_data is not None:
            kind = data.user_failure_data.metadata.get("error")
            surroundings = kind is not None and kind.value in (LakeError.__name__, NetworkError.__name__)
            return str(data.user_failure_data.description), LakeError.exit_code if surroundings else 1
        if data is not None and data.error is not None:
            return str(data.error.message), 1
    return "the run failed; its log says why", 1


def process_mark(pid: int | None = None) -> str | None:
    """Host, number and start time of a process (default: this one); None if it has ended.

    No two processes have the same mark.
    """
    number = os.getpid() if pid is None else pid
    command = ["ps", "-o", "lstart=", "-p", str(number)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
        started = done.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        started = "unknown"  # no ps: then a run is never taken for dead
    return f"{platform.node()}:{number}:{started}" if started else None


def run_tags() -> dict[str, str]:
    """Tags of every run: who started it and in which process, so that it can be ended once that is dead."""
    return {"jvom/actor": settings.actor(), PROCESS_TAG: process_mark() or ""}


def tag_run(context: dg.AssetExecutionContext, **tags: str) -> None:
    """Add tags to the run at hand, among them those of every run: one that Dagster started lacks them."""
    named = {f"jvom/{name}": value for name, value in tags.items()}
    context.instance.add_run_tags(context.run.run_id, {**run_tags(), **named})


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """End runs whose process is gone, and free the writer's slot that they hold; one sentence per run.

    A killed run stays as it was, and would hold the pool for ever. Only runs of this machine are ended,
    because only their process can be looked up; one that no process has taken up yet has no mark.
    """
    sentences = []
    here = platform.node()
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNENDED)):
        mark = run.tags.get(PROCESS_TAG, "")
        host, number, *_ = f"{mark}::".split(":")
        if host != here or not number.isdigit() or process_mark(int(number)) == mark:
            continue
        sentence = f"run {run.run_id[:8]} was ended: its process {number} is gone"
        instance.report_run_failed(run, sentence)
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        sentences.append(sentence)
    return sentences


def notification(run: dg.DagsterRun, reason: str) -> dict[str, Any]:
    """What is sent; `text` is one line for people, the field that chat services show."""
    year, cause = run.tags.get("jvom/year"), run.tags.get("jvom/cause")
    about = ", ".join(filter(None, (year and f"edition {year}", cause)))
    first = " ".join(reason.partition("\n")[0].split())[:LONGEST_REASON]
    which = f"{run.job_name} ({about})" if about else run.job_name
    return {
        "text": f"jvom: {which} failed: {first} [run {run.run_id[:8]}]",
        "run_id": run.run_id,
        "job": run.job_name,
        "edition_year": int(year) if year and year.isdigit() else None,
        "cause": cause,
        "source_sha256": run.tags.get("jvom/source_sha256"),
        "error": reason,
    }


def post(address: str, payload: dict[str, Any], timeout: float = NOTIFY_TIMEOUT) -> str | None:
    """Send it; returns why that failed, after `timeout` seconds at the latest."""
    outcome: list[str | None] = []
    # httpx limits each silence but not the whole, so the waiting has a limit of its own.
    worker = threading.Thread(target=lambda: outcome.append(_post(address, payload, timeout)), daemon=True)
    worker.start()
    worker.join(timeout)
    return outcome[0] if outcome else f"it does not answer within {timeout:g} s"


def _post(address: str, payload: dict[str, Any], timeout: float) -> str | None:
    import httpx

    try:
        with httpx.stream("POST", address, json=payload, timeout=timeout) as answer:
            return None if answer.is_success else f"it answers {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return type(error).__name__
