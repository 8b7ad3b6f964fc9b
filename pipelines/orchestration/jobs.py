"""Jobs on the record, started by people or the clock: withdraw, restore, verify, look for late editions."""

import datetime
import zoneinfo
from collections.abc import Callable

import dagster as dg

from pipelines import settings, verify, versions
from pipelines.lake import Authorship
from pipelines.model import Recorded
from pipelines.orchestration import keys
from pipelines.orchestration.edition import vintage_metadata
from pipelines.orchestration.failures import as_dagster_failure
from pipelines.orchestration.metadata import records
from pipelines.orchestration.resources import Warehouse
from pipelines.publish import published
from schemas.report_day import late, report_day


class Withdrawal(dg.Config):
    """Which edition to take out of the latest views, and why."""

    edition_year: int
    reason: str


class Restoration(dg.Config):
    """Which vintage to bring back (0: the last before the withdrawal), and why."""

    edition_year: int
    reason: str
    vintage: int = 0


def _new_vintage(
    context: dg.OpExecutionContext, warehouse: Warehouse, change: Callable[..., Recorded]
) -> None:
    """Record a change as the snapshot of its year, so that publishing follows by itself."""
    with as_dagster_failure():
        lake = warehouse.lake()
        recorded = change(lake, Authorship(settings.actor(), context.run_id, versions.git_commit()))
        context.log_event(
            dg.AssetMaterialization(
                keys.SNAPSHOT,
                partition=str(recorded.edition_year),
                description=recorded.reason,
                metadata=vintage_metadata(lake, recorded),
                tags={"dagster/data_version": f"{recorded.edition_year}-{recorded.vintage}"},
            )
        )


@dg.op(pool=keys.WRITER_POOL, description="Marks the edition as withdrawn, in a new vintage.")
def withdraw_edition(context: dg.OpExecutionContext, config: Withdrawal, warehouse: Warehouse) -> None:
    year, reason = config.edition_year, config.reason
    _new_vintage(context, warehouse, lambda lake, by: lake.withdraw(year, reason, by=by))


@dg.op(pool=keys.WRITER_POOL, description="Brings a vintage back into the latest views, as a new vintage.")
def restore_vintage(context: dg.OpExecutionContext, config: Restoration, warehouse: Warehouse) -> None:
    year, vintage, reason = config.edition_year, config.vintage or None, config.reason
    _new_vintage(context, warehouse, lambda lake, by: lake.restore(year, vintage, reason, by=by))


@dg.job(
    name="withdraw", description="Take an edition out of the latest views; its vintages stay in the record."
)
def withdraw_job() -> None:
    withdraw_edition()


@dg.job(name="restore", description="Bring a vintage of an edition back into the latest views.")
def restore_job() -> None:
    restore_vintage()


@dg.op(
    pool=keys.WRITER_POOL,
    description="Recomputes every hash, reads every edition again, counts and compares.",
)
def verify_everything(context: dg.OpExecutionContext, warehouse: Warehouse) -> None:
    with as_dagster_failure():
        report = verify.verify(warehouse.settings())
    if report.faults:
        raise dg.Failure(
            description="\n".join(f"{fault} ({fault.since})" for fault in report.faults),
            metadata={"faults": len(report.faults), "last_sound": str(report.last_sound or "never")},
            allow_retries=False,
        )
    context.log.info("everything is as it was recorded")


@dg.job(
    name="verify",
    description="Is everything still what was recorded, from raw files to the published file?",
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
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"late: {', '.join(map(str, missing))}; jvom fetch {missing[-1]} looks for it now"
        if missing
        else "every edition is in that should be",
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
