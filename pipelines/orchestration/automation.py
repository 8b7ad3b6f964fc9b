"""Jobs, and what starts them: people, the clock, the watches over parliament and files, a new vintage."""

import datetime
import json
import zoneinfo
from collections.abc import Collection

import dagster as dg

from pipelines import other_sources, raw, settings, verify, versions
from pipelines.lake import Authorship
from pipelines.orchestration import keys
from pipelines.orchestration.edition import vintage_metadata
from pipelines.orchestration.failures import as_dagster_failure, end_dead_runs, tell
from pipelines.orchestration.history import error_of
from pipelines.orchestration.metadata import records
from pipelines.orchestration.resources import Warehouse
from pipelines.publish import published
from schemas.report_day import HOUR, late, report_day

SIX_HOURS = 6 * 3600
LAST_LOOK = (6, 30)  # month and day after which a missing edition is no longer looked for
REPLACED_IN = (6, 9)  # months in which documents are replaced: questions answered, and a new session

_EDITION = dg.AssetSelection.assets(
    keys.SOURCE, keys.DOCUMENT, *keys.TABLES.values(), keys.RECONCILED, keys.SNAPSHOT
)
_RELEASE = dg.AssetSelection.assets(
    *(keys.REGISTRY, keys.LAKE, keys.OBSERVATIONS, keys.CONTRIBUTIONS),
    *(*keys.VIEWS.values(), keys.PUBLISHED, keys.PACKAGE, keys.SITE),
)

ingest = dg.define_asset_job(
    "ingest",
    selection=_EDITION | dg.AssetSelection.assets(keys.REGISTRY),
    description="Read one edition, check it, look for contradictions, record it as a vintage.",
)
acquire = dg.define_asset_job(
    "acquire",
    selection=_EDITION | dg.AssetSelection.assets(keys.ACQUIRED),
    description="Find and download one edition, and read, check and record what is new of it.",
)
publish = dg.define_asset_job(
    "publish",
    selection=_RELEASE,
    description="Evaluate the views over all vintages; replace the published file, its package and the site.",
)


@dg.schedule(
    name="report_day",
    job=acquire,
    cron_schedule=keys.REPORT_DAY,
    execution_timezone=keys.TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Third Wednesday of May, 15:00 Amsterdam time: find, fetch and ingest that year's edition.",
)
def report_day_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Asks for the year of the tick; the run fails, and says so, where the edition is not there yet."""
    year = str(context.scheduled_execution_time.year)
    return dg.RunRequest(
        run_key=f"report-day-{year}", partition_key=year, tags={"jvom/cause": "report day", "jvom/year": year}
    )


def search_at(now: datetime.datetime, editions: Collection[int]) -> dg.RunRequest | None:
    """The run that searches for an edition at a moment (Amsterdam time), given those that are published.

    It does not fail if nothing is found, and is requested only once for its key.
    """
    year = now.year
    begins = datetime.datetime.combine(report_day(year), datetime.time(HOUR), tzinfo=now.tzinfo)
    if year in editions and now.month in REPLACED_IN:
        cause, key = "replaced document?", f"replaced-{now:%Y-%m-%d}"
    elif year not in editions and now >= begins and (now.month, now.day) <= LAST_LOOK:
        cause, key = "not in yet", f"look-{now:%Y-%m-%d}-{now.hour // 6}"
    else:
        return None
    config = {"required": False, "thorough": year in editions}
    return dg.RunRequest(
        run_key=key,
        partition_key=str(year),
        run_config={"ops": {"acquired": {"config": config}}},
        tags={"jvom/cause": cause, "jvom/year": str(year)},
    )


@dg.sensor(
    job=acquire,
    minimum_interval_seconds=SIX_HOURS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks for this year's edition every six hours from its day until it is in or 30 June is "
    "over, and once a day in June and September for a document that replaces it.",
)
def edition_watch(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
    state = published.state(warehouse.settings().published)
    now = datetime.datetime.now(zoneinfo.ZoneInfo(keys.TIMEZONE))
    search = search_at(now, sorted(state.editions) if state else [])
    if search is None:
        return dg.SkipReason(f"nothing to look for on {now:%-d %B %Y}")
    if any(not run.is_finished for run in _acquisitions(context.instance, str(now.year))):
        return dg.SkipReason(f"edition {now.year} is being acquired")
    return search


@dg.sensor(
    job=ingest,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ingests an edition whose file in raw/ is new or has other bytes (cursor: content hashes).",
)
def raw_files(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.SensorResult | dg.SkipReason:
    files, wrong = raw.survey(warehouse.settings().raw)
    for problem in (problem for problems in wrong.values() for problem in problems):
        context.log.error(str(problem))
    now = {str(year): [file.sha256 for file in of_year] for year, of_year in files.items()}
    if context.cursor:
        before: dict[str, list[str]] = json.loads(context.cursor)
    else:  # what is recorded is not asked for again by a first look
        state = published.state(warehouse.settings().published)
        before = {str(year): list(edition.seen) for year, edition in state.editions.items()} if state else {}
    new = {year: added for year, hashes in now.items() if (added := set(hashes) - set(before.get(year, [])))}
    acquired = {year for year, hashes in new.items() if _acquired_by_run(context.instance, year, hashes)}
    requested = [year for year in new if year not in acquired]
    if not requested and context.cursor:
        return dg.SkipReason("nothing new in raw/")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"{year}:{'+'.join(now[year])}",
                partition_key=year,
                tags={"jvom/cause": "file in raw/", "jvom/year": year},
            )
            for year in requested
        ],
        cursor=json.dumps({**before, **{y: hashes for y, hashes in now.items() if y not in acquired}}),
    )


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose process is gone, on whatever machine it was, within a minute.",
)
def dead_runs(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.SkipReason:
    return dg.SkipReason(
        "; ".join(end_dead_runs(context.instance, warehouse.catalog)) or "every run is alive"
    )


@dg.schedule(
    name="publish_what_waits",
    job=publish,
    cron_schedule="*/15 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every 15 minutes: publish what is recorded and is not published yet, as while a long "
    "backfill runs, which a new vintage alone would wait for.",
)
def publish_what_waits(
    context: dg.ScheduleEvaluationContext, warehouse: Warehouse
) -> dg.RunRequest | dg.SkipReason:
    head, state = warehouse.lake().head(), published.state(warehouse.settings().published)
    if head is None or (state is not None and state.head == head):
        return dg.SkipReason("the published file has all that is recorded")
    if any(
        not run.is_finished for run in context.instance.get_runs(dg.RunsFilter(job_name="publish"), limit=9)
    ):
        return dg.SkipReason("it is being published")
    return dg.RunRequest(tags={"jvom/cause": "not published yet"})


def _acquired_by_run(instance: dg.DagsterInstance, year: str, hashes: set[str]) -> bool:
    """Whether a run that acquired these bytes ingests them itself, or has tried to."""
    runs = _acquisitions(instance, year)
    acquired = hashes <= {run.tags.get("jvom/source_sha256") for run in runs}
    return acquired or any(not run.is_finished for run in runs)


def _acquisitions(instance: dg.DagsterInstance, year: str) -> list[dg.DagsterRun]:
    """The last runs that acquired a year's edition, or are about to."""
    return list(instance.get_runs(dg.RunsFilter(job_name=acquire.name, tags={"jvom/year": year}), limit=5))


@dg.sensor(
    job=publish,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Publishes when raw/observations.csv or the UN's file has other content (cursor: its hash).",
)
def public_figures(
    context: dg.SensorEvaluationContext, warehouse: Warehouse
) -> dg.SensorResult | dg.SkipReason:
    where = warehouse.settings()
    state = published.state(where.published)
    now = other_sources.version(where)
    if state is None or now in (state.public, context.cursor):
        return dg.SkipReason("nothing new of other public sources" if state else "nothing is published yet")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(tags={"jvom/cause": "figures of other public sources"})], cursor=now
    )


publish_when_recorded = dg.AutomationConditionSensorDefinition(
    "publish_when_recorded",
    target=_RELEASE,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Publishes after a vintage has been recorded, while other years may still be missing.",
)


@dg.run_failure_sensor(
    name="run_failed",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="One line for each failed run in the warehouse's log, and as JSON to JVOM_NOTIFY_URL.",
)
def run_failed(context: dg.RunFailureSensorContext, warehouse: Warehouse) -> None:
    run = context.instance.get_run_by_id(context.dagster_run.run_id) or context.dagster_run
    reason = error_of(context.instance, run.run_id) or "the run failed; its log says why"
    for sentence in tell(context.instance, run, reason, warehouse.settings().logs):
        context.log.error(sentence)


class Withdrawal(dg.Config):
    """Which edition to take out of the latest views, and why."""

    edition_year: int
    reason: str


class Restoration(dg.Config):
    """Which vintage to bring back (0: the last before the withdrawal), and why; or a release, whose vintages
    readers are to see again, all of them."""

    reason: str
    edition_year: int = 0
    vintage: int = 0
    release: str = ""


def _decide(context: dg.OpExecutionContext, warehouse: Warehouse, config: Withdrawal | Restoration) -> None:
    """Record a decision as the snapshot of each year, so that publishing follows by itself."""
    by = Authorship(settings.actor(), context.run_id, versions.git_commit())
    year, reason = config.edition_year, config.reason
    with as_dagster_failure():
        lake = warehouse.lake()
        if isinstance(config, Withdrawal):
            recorded = [lake.decide("withdraw", year, reason, by=by)]
        elif config.release:
            recorded = lake.roll_back(config.release, reason, by)
        else:
            recorded = [lake.decide("restore", year, reason, vintage=config.vintage or None, by=by)]
        for each in recorded:
            of, now = each.edition_year, each.vintage
            before, after = (lake.vintage(of, number, stamps=True) for number in (now - 1, now))
            context.log_event(
                dg.AssetMaterialization(
                    keys.SNAPSHOT,
                    partition=str(of),
                    description=each.reason,
                    metadata=vintage_metadata(each, before, after),
                    tags={"dagster/data_version": f"{of}-{now}"},
                )
            )


@dg.op(description="Marks the edition as withdrawn, in a new vintage.")
def withdraw_edition(context: dg.OpExecutionContext, config: Withdrawal, warehouse: Warehouse) -> None:
    _decide(context, warehouse, config)


@dg.op(
    description="Brings a vintage back into the latest views, or all of a release, as new vintages.",
)
def restore_vintage(context: dg.OpExecutionContext, config: Restoration, warehouse: Warehouse) -> None:
    _decide(context, warehouse, config)


@dg.job(
    name="withdraw", description="Take an edition out of the latest views; its vintages stay in the record."
)
def withdraw_job() -> None:
    withdraw_edition()


@dg.job(name="restore", description="Bring a vintage of an edition back into the latest views.")
def restore_job() -> None:
    restore_vintage()


@dg.op(
    description="Recomputes every hash, reads every edition again, counts and compares.",
)
def verify_everything(context: dg.OpExecutionContext, warehouse: Warehouse) -> None:
    with as_dagster_failure():
        report = verify.verify(warehouse.settings())
    if report.faults:
        raise dg.Failure(
            description="\n".join(f"{fault} ({fault.since})" for fault in report.faults),
            metadata={"faults": len(report.faults), "last_sound": str(report.last_sound or "never")},
        )
    for each in report.unfinished:
        context.log.warning(f"not finished: {each}; the next build ends it")
    for each in report.unknown:
        context.log.warning(str(each))
    all_of_it = "the rest" if report.unfinished else "everything"
    context.log.info(f"{all_of_it} is as it was recorded; checked: {report.extent}")


@dg.job(
    name="verify", description="Is everything still what was recorded, from raw files to the published file?"
)
def verify_job() -> None:
    verify_everything()


weekly_verification = dg.ScheduleDefinition(
    name="weekly_verification",
    job=verify_job,
    cron_schedule="0 6 * * 1",
    execution_timezone=keys.TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Mondays, 6:00 Amsterdam time: recompute every hash and read every edition again.",
)


def lateness(editions: set[int], today: datetime.date) -> dg.AssetCheckResult:
    """A warning that names each edition missing a week after the third Wednesday of its May."""
    missing = late(editions, today)
    rows = [{"edition": year, "report_day": report_day(year).isoformat()} for year in missing]
    text = "every edition is in that should be"
    if missing:
        text = f"late: {', '.join(map(str, missing))}; jvom fetch {missing[-1]} looks for it now"
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=text,
        metadata={"late": records(rows, ("edition", "report_day"))},
    )


# A check of our own, because freshness policies know no partitions.
@dg.asset_check(
    asset=keys.PUBLISHED,
    name="edition_is_in",
    description="Each edition is in a week after the third Wednesday of May; `jvom status` says the same.",
)
def edition_is_in(warehouse: Warehouse) -> dg.AssetCheckResult:
    with as_dagster_failure():
        state = published.state(warehouse.settings().published)
    editions = set(state.editions) if state else set()
    return lateness(editions, datetime.datetime.now(zoneinfo.ZoneInfo(keys.TIMEZONE)).date())


look_for_late_editions = dg.define_asset_job(
    "look_for_late_editions",
    selection=dg.AssetSelection.checks(edition_is_in),
    description="Warn of editions that are late.",
)
daily_lateness = dg.ScheduleDefinition(
    name="daily_lateness",
    job=look_for_late_editions,
    cron_schedule="0 9 * * *",
    execution_timezone=keys.TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every day, 9:00 Amsterdam time: is an edition late by a week?",
)
