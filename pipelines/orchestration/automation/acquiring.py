"""The edition arrives by itself: asked for on its day, looked for until it is in, and watched for a while."""

import datetime
import zoneinfo
from collections.abc import Collection
from dataclasses import dataclass

import dagster as dg

from pipelines.orchestration import assets
from pipelines.orchestration.assets import Warehouse
from pipelines.orchestration.automation.ingesting import INGEST_ASSETS
from pipelines.publish import published
from schemas.report_day import HOUR, report_day

SIX_HOURS = 6 * 3600
ENDED = (6, 30)  # month and day after which nobody looks any more for an edition that did not come
WATCHED = (6, 9)  # months in which documents are replaced: questions answered, and a new session

acquire = dg.define_asset_job(
    "acquire",
    selection=dg.AssetSelection.assets(assets.ACQUIRED)
    | (INGEST_ASSETS - dg.AssetSelection.assets(assets.REGISTRY)),
    description="Find and download one edition, and read, check and record what is new of it.",
)


@dataclass(frozen=True)
class Look:
    """What there is to look for: the edition, why, how thoroughly, and the key that asks for it once."""

    year: int
    cause: str
    key: str
    thorough: bool = False

    @property
    def request(self) -> dg.RunRequest:
        """The run that looks; not finding anything does not fail it."""
        config = {"required": False, "thorough": self.thorough}
        return dg.RunRequest(
            run_key=self.key,
            partition_key=str(self.year),
            run_config={"ops": {"acquired": {"config": config}}},
            tags={"jvom/cause": self.cause, "jvom/year": str(self.year)},
        )


@dg.schedule(
    name="report_day",
    job=acquire,
    cron_schedule=assets.REPORT_DAY,
    execution_timezone=assets.TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Third Wednesday of May, 15:00 Amsterdam time: find, fetch and ingest that year's edition.",
)
def report_day_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Asks for the year of the tick; where the edition is not there yet the run fails and says so."""
    year = str(context.scheduled_execution_time.year)
    return dg.RunRequest(
        run_key=f"report-day-{year}", partition_key=year, tags={"jvom/cause": "report day", "jvom/year": year}
    )


def due(now: datetime.datetime, held: Collection[int]) -> Look | None:
    """What to look for at a moment (Amsterdam time), given the editions that are in."""
    year = now.year
    if year in held:
        if now.month not in WATCHED:
            return None
        return Look(year, "replaced document?", f"replaced-{now:%Y-%m-%d}", thorough=True)
    begins = datetime.datetime.combine(report_day(year), datetime.time(HOUR), tzinfo=now.tzinfo)
    if now < begins or (now.month, now.day) > ENDED:
        return None
    return Look(year, "not in yet", f"look-{now:%Y-%m-%d}-{now.hour // 6}")


@dg.sensor(
    job=acquire,
    minimum_interval_seconds=SIX_HOURS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks for this year's edition every six hours from its day until it is in or 30 June is "
    "over, and once a day in June and September for a document that replaces it.",
)
def edition_watch(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
    state = published.state(warehouse.settings().published)
    held = sorted(state.editions) if state else []
    now = datetime.datetime.now(zoneinfo.ZoneInfo(assets.TIMEZONE))
    look = due(now, held)
    if look is None:
        return dg.SkipReason(f"nothing to look for on {now:%-d %B %Y}")
    if under_way(context.instance, str(look.year)):
        return dg.SkipReason(f"edition {look.year} is being acquired")
    return look.request


def under_way(instance: dg.DagsterInstance, year: str) -> bool:
    """Whether a run is acquiring that year's edition now."""
    waiting = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
    runs = dg.RunsFilter(job_name=acquire.name, tags={"jvom/year": year}, statuses=waiting)
    return bool(instance.get_runs(runs, limit=1))
