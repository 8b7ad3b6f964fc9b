"""What becomes of failures: our errors in Dagster, dead runs ended, and people notified.

A failed run gives one line in the warehouse's log and one JSON document to `JVOM_NOTIFY_URL`, if that is set.
"""

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from pipelines import lake, settings
from pipelines.harmless import visible
from schemas.errors import JvomError, LakeError, MachineError, NetworkError, ServerError, of_surroundings

PROCESS_TAG = "jvom/process"
EXECUTOR_TAG = "jvom/executor"
COMMAND_TAG = "jvom/command"  # of the process that started it
ENDED_TAG = "jvom/ended_by"  # the signal that somebody ended a run with, also where a step failed of it
TOLD_TAG = "jvom/told"  # that a run failed
OF_TAG = "jvom/of"  # the run that these tags are of: one that is run again begins with those of the first
MISSED_TAG = "jvom/missed"  # since when nobody was seen to work on it, in seconds since 1970
MISSED_FOR = 10.0  # seconds; a database that is started again forgets who attends for less
IN_PROCESS, BY_CELERY = "in_process", "celery"
NOTIFY_TIMEOUT = 10.0  # seconds for the whole of it
_SURROUNDINGS = {error.__name__ for error in (LakeError, MachineError, ServerError, NetworkError)}
LONGEST_REASON = 300  # characters
RETRIES = 3  # of what a server kept from its work; each pause is longer than the one before
UNENDED = [
    *(dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED),
    dg.DagsterRunStatus.CANCELING,
]


@contextmanager
def as_dagster_failure() -> Iterator[None]:
    """Turn our own errors into the run's failure text. Only what a server brought about is tried again.

    A retry policy of Dagster would also try again what somebody ended, so there is none. What speaks of
    memory or disk in another library's words is the surroundings' fault too.
    """
    try:
        yield
    except (dg.Failure, dg.RetryRequested):
        raise
    except Exception as caught:
        error = caught if isinstance(caught, JvomError) else of_surroundings(caught)
        if error is None:  # a fault of the code, which trying again does not mend
            raise dg.Failure(
                description=f"{type(caught).__name__}: {caught}",
                metadata={"error": type(caught).__name__},
            ) from caught
        failure = dg.Failure(
            description=str(error),
            metadata={"error": type(error).__name__, "place": error.place, "next": error.hint or ""},
        )
        pause = _pause(error)
        if pause is None:
            raise failure from caught
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=pause) from failure


def _pause(error: JvomError) -> float | None:
    """Seconds before the asset or op that met an error is tried again; None if trying again does not help."""
    first = settings.retry_pauses().get(type(error))
    try:
        tried = dg.OpExecutionContext.get().retry_number + 1
    except dg.DagsterInvariantViolationError:  # no step is at work yet: a run is set up
        return None
    return first and first * (2**tried - 1)


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
            surroundings = kind is not None and kind.value in _SURROUNDINGS
            return str(data.user_failure_data.description), LakeError.exit_code if surroundings else 1
        if data is not None and data.error is not None:
            return _said_by(data.error)
    for event in result.all_events:  # of what is there before a step is
        if event.is_job_failure and event.job_failure_data.error:
            return _said_by(event.job_failure_data.error)
    return "the run failed; its log says why", 1


def _said_by(error: Any) -> tuple[str, int]:
    """The words of an error as Dagster keeps it, wrapped in its own, and the exit code for it."""
    chain = [error]
    while chain[-1].cause:
        chain.append(chain[-1].cause)
    told = next((each for each in chain if each.cls_name == dg.Failure.__name__), chain[-1])
    surroundings = any(each.cls_name in _SURROUNDINGS for each in chain)
    return told.message.partition(": ")[2].strip(), LakeError.exit_code if surroundings else 1


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


_own_mark = cache(process_mark)  # by number: a forked process has its own


def run_tags() -> dict[str, str]:
    """Tags of a run: who started it and in which process, so that it can be ended once that is dead."""
    mark, executor = _own_mark(os.getpid()) or "", os.environ.get("JVOM_EXECUTOR") or IN_PROCESS
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:120]
    who = {"jvom/actor": settings.actor(), PROCESS_TAG: mark, EXECUTOR_TAG: executor}
    return who | {COMMAND_TAG: command}


def take_up(instance: dg.DagsterInstance, run_id: str) -> None:
    """Say of a run that this process works on it; LakeError where the run history cannot be written."""
    try:
        instance.add_run_tags(run_id, {**run_tags(), OF_TAG: run_id, MISSED_TAG: ""})
    except SQLAlchemyError as error:
        first, hint = str(error).partition("\n")[0], "mend what it says, then run it again; nothing was begun"
        raise of_surroundings(error) or LakeError(f"the run history fails: {first}", hint=hint) from error


def tag_run(context: dg.AssetExecutionContext | dg.OpExecutionContext, **tags: str) -> None:
    """Add tags to the run at hand, and to the lines of its log."""
    named = {f"jvom/{name}": value for name, value in tags.items()}
    context.instance.add_run_tags(context.run.run_id, named)
    cast("dict[str, str]", context.run.tags).update(named)  # which the lines of its log have from here on


def end_dead_runs(instance: dg.DagsterInstance, catalog: str) -> list[str]:
    """End runs whose process is gone, and free what they hold; one sentence per run.

    A killed run stays as it was, for ever. With a catalog on a server every machine sees which runs are
    attended (`lake.attendance`): one that is not, in two looks, is ended. Else a process is looked up, if it
    was on this machine; a run that no process has taken up yet has no mark.
    """
    runs = [
        run
        for run in instance.get_runs(dg.RunsFilter(statuses=UNENDED))
        if run.tags.get(PROCESS_TAG) and run.tags.get(OF_TAG, run.run_id) == run.run_id
    ]
    if not runs:
        return []
    attended = lake.attended(catalog, [name for run in runs for name in (run.run_id, led(run.run_id))])
    sentences = []
    for run in runs:
        host, number, *_ = f"{run.tags[PROCESS_TAG]}::".split(":")
        if is_gone(run) if attended is None else _missed(instance, run, attended):
            sentence = f"run {run.run_id[:8]} was ended: its process {number} on {host} is gone"
            instance.report_run_failed(run, sentence)
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            if run.tags.get(EXECUTOR_TAG) == BY_CELERY:  # what leads it may wait for a step that is gone
                with suppress(Exception):
                    instance.run_launcher.terminate(run.run_id)
            sentences.append(sentence)
    return sentences


def is_gone(run: dg.DagsterRun) -> bool:
    """Whether a run has not ended, and the process that worked on it was on this machine and is gone."""
    mark = run.tags.get(PROCESS_TAG, "")
    host, number, *_ = f"{mark}::".split(":")
    here = run.status in UNENDED and host == platform.node() and number.isdigit()
    return here and process_mark(int(number)) != mark


def led(run_id: str) -> str:
    """The name under which what leads a run attends to it, where its steps are other processes."""
    return f"{run_id}, led"


def _missed(instance: dg.DagsterInstance, run: dg.DagsterRun, attended: set[str]) -> bool:
    """Whether nobody has worked on a run for a while, or led it, by what this look and the one before saw."""
    executor = run.tags.get(EXECUTOR_TAG)
    working = executor == IN_PROCESS or any(
        step.status is not None and step.status.value == "IN_PROGRESS"
        for step in instance.get_run_step_stats(run.run_id)
    )  # between two steps on several machines nobody need
    alive = not working or run.run_id in attended
    if executor == BY_CELERY:
        alive = alive and led(run.run_id) in attended
    before = run.tags.get(MISSED_TAG)
    if alive:
        if before:
            instance.add_run_tags(run.run_id, {MISSED_TAG: ""})
        return False
    if not before:
        instance.add_run_tags(run.run_id, {MISSED_TAG: f"{time.time():.3f}"})
        return False
    return time.time() - float(before) >= MISSED_FOR


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


def tell(instance: dg.DagsterInstance, run: dg.DagsterRun, reason: str, logs: Path) -> list[str]:
    """One line in the warehouse's log and JSON to JVOM_NOTIFY_URL, once for each failed run.

    Returns that line, and what kept it from being told; nothing where it was told before.
    """
    if run.tags.get(TOLD_TAG):
        return []
    with suppress(SQLAlchemyError):  # of a full disk: told twice is better than not at all
        instance.add_run_tags(run.run_id, {TOLD_TAG: "yes"})
    payload = notification(run, reason)
    said = [str(payload["text"])]
    try:
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / time.strftime("%Y-%m-%d.log")).open("a", encoding="utf-8") as stream:
            stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} ERROR {visible(said[0])}\n")
    except OSError as error:
        said.append(f"the log of the warehouse cannot be written: {error}")
    address = os.environ.get("JVOM_NOTIFY_URL")
    if address and (wrong := post(address, payload)):  # without the address: it may hold a secret
        said.append(f"JVOM_NOTIFY_URL was not notified: {wrong}")
    return said


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
