"""What was tried: the runs of this warehouse as Dagster's history has them, for `jvom status` and `logs`.

Reads only. A history that cannot be read is the surroundings' fault: the record is not in it.
"""

import datetime
import os
import re
from dataclasses import dataclass

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator
from yaml import YAMLError, safe_load  # type: ignore[import-untyped]

from pipelines.orchestration.failures import COMMAND_TAG, ENDED_TAG, PROCESS_TAG, UNENDED, is_gone
from pipelines.settings import Settings
from schemas.errors import LakeError

_BY_ITSELF = "__ASSET_JOB"  # what Dagster calls a run of assets that the automation asked for
_YEAR = "dagster/partition"  # Dagster's own tag
_JOBS = ("ingest", "backfill", "acquire", "publish", "withdraw", "restore", "verify", _BY_ITSELF)
_OUTCOMES = {
    dg.DagsterRunStatus.SUCCESS: "succeeded",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "ended by a signal",
}


@dataclass(frozen=True)
class Attempt:
    """One run; times are UTC, `ended_at` is None while it runs, `error` is what its failed step says."""

    run_id: str
    job: str
    edition_year: int | None
    cause: str | None
    actor: str | None
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    outcome: str
    error: str | None


def last_attempts(
    settings: Settings, *, failed: bool = False, since: datetime.datetime | None = None
) -> list[Attempt]:
    """The newest run; with `failed`, every run that failed in the build that failed last, newest first; all
    of them that were started `since` a time (UTC).

    Runs of one build are of one process. Raises LakeError where the history is damaged.
    """
    if not settings.has_history:
        return []
    runs, parts = settings.dagster_home / "history" / "runs.db", settings.dagster_home.rglob("*.db")
    lost = not runs.exists() or runs.stat().st_size == 0
    if lost and not settings.home and any(part != runs for part in parts):
        raise unusable(settings, FileNotFoundError(f"{runs} is gone or empty"))
    try:
        with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
            statuses = [dg.DagsterRunStatus.FAILURE, *UNENDED] if failed else []
            after = since and since.replace(tzinfo=datetime.UTC)
            wanted = dg.RunsFilter(statuses=statuses, created_after=after)
            records = instance.get_run_records(wanted, limit=None if since else 50)
            found = [record for record in records if record.dagster_run.job_name in _JOBS]
            if failed:
                found = [each for each in found if ENDED_TAG not in each.dagster_run.tags]
                found = [each for each in found if each.dagster_run.is_finished or is_gone(each.dagster_run)]
            first, rest = found[:1], found[1:]
            if not since:  # of the same build: of the same process
                mark = first[0].dagster_run.tags.get(PROCESS_TAG) if first and failed else None
                rest = [each for each in rest if mark and each.dagster_run.tags.get(PROCESS_TAG) == mark]
            return [_attempt(instance, each) for each in (*first, *rest)]
    except Exception as error:  # of the database, of its tables, or of what is written in them
        raise unusable(settings, error) from error


def unusable(settings: Settings, error: Exception) -> LakeError:
    """What to do about a run history that cannot be read or written."""
    first = str(error).partition("\n")[0]
    if settings.home:  # not this project's to write anew, nor to move away
        hint = f"see {settings.home / 'dagster.yaml'}, and that the server which it names runs and lets it in"
    elif re.search("disk is full|disk I/O|readonly|unable to open", first):
        hint = "free some disk space, or make the warehouse writable, and run it again"
    elif isinstance(error, YAMLError | dg.DagsterInvalidConfigError | UnicodeError) or not _is_mapping(
        settings
    ):
        hint = f"remove {settings.dagster_home / 'dagster.yaml'}; the next build writes it anew"
    else:
        hint = f"move {settings.dagster_home} away; the next build begins another: the record is not in it"
    return LakeError(f"the run history fails: {first}", file=str(settings.dagster_home), hint=hint)


def _is_mapping(settings: Settings) -> bool:
    """Whether Dagster's settings are what they must be at least, if they are there."""
    try:
        return isinstance(safe_load((settings.dagster_home / "dagster.yaml").read_bytes()), dict)
    except (OSError, YAMLError, UnicodeError):
        return not (settings.dagster_home / "dagster.yaml").exists()


@dataclass(frozen=True)
class Trigger:
    """What starts jobs by itself: at `at` (UTC), or by a look `every` so many seconds, unless it is off."""

    name: str
    at: datetime.datetime | None
    every: int | None
    on: bool


def triggers(settings: Settings) -> list[Trigger]:
    """Every schedule with its next tick, then every sensor; they are at work while `jvom ui` runs."""
    before = {name: os.environ.get(name) for name in settings.environment()}
    os.environ.update(settings.environment())  # which they are loaded by, wherever the command is run
    try:
        from pipelines.orchestration.definitions import defs
    finally:
        for name, value in before.items():
            os.environ.update({name: value}) if value is not None else os.environ.pop(name)

    now = datetime.datetime.now(datetime.UTC)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        states = {state.name: state.status.value for state in instance.all_instigator_state()}
    repository = defs.get_repository_def()
    found = []
    for schedule in repository.schedule_defs:
        ticks = schedule_execution_time_iterator(
            now.timestamp(), schedule.cron_schedule, schedule.execution_timezone
        )
        at = next(tick for tick in ticks if tick > now).astimezone(datetime.UTC)
        found.append(Trigger(schedule.name, at, None, states.get(schedule.name) != "STOPPED"))
    for sensor in repository.sensor_defs:
        every = sensor.minimum_interval_seconds or 30
        found.append(Trigger(sensor.name, None, every, states.get(sensor.name) != "STOPPED"))
    return sorted(found, key=lambda each: (each.at is None, each.at or now, each.name))


@dataclass(frozen=True)
class Alive:
    """A run that is at work: which, and the process of it, which a signal ends; `since` is UTC."""

    run_id: str
    job: str
    edition_year: int | None
    process: int | None
    host: str
    since: datetime.datetime
    command: str


def alive(settings: Settings) -> list[Alive]:
    """Runs that have not ended and whose process is not known to be gone, newest first."""
    if not settings.has_history:
        return []
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        records = instance.get_run_records(dg.RunsFilter(statuses=UNENDED))
    found = []
    for record in records:
        run = record.dagster_run
        host, number, *_ = f"{run.tags.get(PROCESS_TAG, '')}::".split(":")
        if not is_gone(run):
            year, job = run.tags.get("jvom/year") or run.tags.get(_YEAR, ""), _name(run)
            since = _time(record.start_time) or record.create_timestamp
            process = int(number) if number.isdigit() else None
            of_year = int(year) if year.isdigit() else None
            found.append(Alive(run.run_id, job, of_year, process, host, since, run.tags.get(COMMAND_TAG, "")))
    return found


def _name(run: dg.DagsterRun) -> str:
    """Its job; of assets that somebody, or the automation, asked for by themselves: of a year, or of all."""
    return run.job_name if run.job_name != _BY_ITSELF else "assets" if run.tags.get(_YEAR) else "publish"


def _attempt(instance: dg.DagsterInstance, record: dg.RunRecord) -> Attempt:
    run = record.dagster_run
    year = run.tags.get("jvom/year") or run.tags.get(_YEAR, "")
    killed = is_gone(run)
    outcome = "killed" if killed else _OUTCOMES.get(run.status, "not ended")
    outcome = f"ended by {run.tags[ENDED_TAG]}" if ENDED_TAG in run.tags else outcome
    return Attempt(
        run.run_id,
        _name(run),
        int(year) if year.isdigit() else None,
        run.tags.get("jvom/cause"),
        run.tags.get("jvom/actor"),
        _time(record.start_time) or record.create_timestamp,
        _time(record.end_time),
        outcome,
        "its process is gone: nothing was half recorded, and the next build ends it"
        if killed
        else error_of(instance, run.run_id)
        if outcome == "failed"
        else None,
    )


def _time(seconds: float | None) -> datetime.datetime | None:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC) if seconds else None


def error_of(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """The words of the first step of a run that failed, else of the run."""
    for kind in (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE):
        for entry in instance.all_logs(run_id, of_type=kind):
            event = entry.dagster_event
            data = event.step_failure_data if event and event.is_step_failure else None
            if data and data.user_failure_data and data.user_failure_data.description:
                return str(data.user_failure_data.description)
            if said := (data.error.message if data and data.error else event and event.message):
                return said
    return None
