"""Is every edition in that should be? Looked at once a day, because freshness policies know no years."""

import datetime
import zoneinfo

import dagster as dg

from pipelines.orchestration.assets.common import PUBLISHED, TIMEZONE, Warehouse, spoken
from pipelines.orchestration.metadata import records
from pipelines.publish import published
from schemas.report_day import late, report_day


def lateness(held: set[int], today: datetime.date) -> dg.AssetCheckResult:
    """A warning that names the editions not held a week after the third Wednesday of their May."""
    missing = late(held, today)
    rows = [{"edition": year, "report_day": report_day(year).isoformat()} for year in missing]
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"late: {', '.join(map(str, missing))}; jvom fetch {missing[-1]} looks for it now"
        if missing
        else "every edition is in that should be",
        metadata={"late": records(rows, ("edition", "report_day"))},
    )


@dg.asset_check(
    asset=PUBLISHED,
    name="edition_is_in",
    description="Each edition is in a week after the third Wednesday of May; `jvom status` says the same.",
)
def edition_is_in(warehouse: Warehouse) -> dg.AssetCheckResult:
    with spoken():
        state = published.state(warehouse.settings().published)
    held = set(state.editions) if state else set()
    return lateness(held, datetime.datetime.now(zoneinfo.ZoneInfo(TIMEZONE)).date())


look = dg.define_asset_job(
    "look_for_late_editions",
    selection=dg.AssetSelection.checks(edition_is_in),
    description="Warn of editions that are late.",
)
daily = dg.ScheduleDefinition(
    name="daily_lateness",
    job=look,
    cron_schedule="0 9 * * *",
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every day, 9:00 Amsterdam time: is an edition late by a week?",
)
