"""What happens by itself: the yearly schedule, the watch on raw/, publishing, and sweeping up."""

import json
import logging
import os

import dagster as dg

from pipelines import assets, published, raw
from pipelines.assets import PROCESS_TAG, Warehouse

INGEST_ASSETS = dg.AssetSelection.assets(
    assets.REGISTRY, assets.SOURCE, assets.DOCUMENT, *assets.TABLES.values(), assets.SNAPSHOT
)
PUBLISH_ASSETS = dg.AssetSelection.assets(
    assets.REGISTRY,
    assets.LAKE,
    *assets.VIEWS.values(),
    assets.PUBLISHED,
    assets.PACKAGE,
    assets.SITE,
)

ingest = dg.define_asset_job(
    "ingest",
    selection=INGEST_ASSETS,
    description="Read one edition, check it against the contracts, record it as a vintage.",
)
publish = dg.define_asset_job(
    "publish",
    selection=PUBLISH_ASSETS,
    description="Evaluate the views over all vintages; replace the published file, its package and the site.",
)


@dg.schedule(
    job=ingest,
    cron_schedule=assets.REPORT_DAY,
    execution_timezone=assets.TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Third Wednesday of May, 15:00 Amsterdam time: ingest the edition of that year.",
)
def report_day(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Asks for the year of the tick; a run without a file fails at `source` and says so."""
    year = str(context.scheduled_execution_time.year)
    return dg.RunRequest(
        run_key=f"report-day-{year}", partition_key=year, tags={"jvom/cause": "report day", "jvom/year": year}
    )


@dg.sensor(
    job=ingest,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ingests an edition whose file in raw/ is new or has other bytes (cursor: content hashes).",
)
def raw_files(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.SensorResult | dg.SkipReason:
    where = warehouse.settings()
    swept = sweep(context.instance)
    files, wrong = raw.survey(where.raw)
    for problem in (problem for problems in wrong.values() for problem in problems):
        context.log.error(str(problem))
    found = {str(year): [file.sha256 for file in of_year] for year, of_year in files.items()}
    before: dict[str, list[str]] = json.loads(context.cursor) if context.cursor else _recorded(warehouse)
    changed = [year for year, hashes in found.items() if set(hashes) - set(before.get(year, []))]
    if not changed and context.cursor:
        return dg.SkipReason("; ".join(swept) or "nothing new in raw/")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"{year}:{'+'.join(found[year])}",
                partition_key=year,
                tags={"jvom/cause": "file in raw/", "jvom/year": year},
            )
            for year in changed
        ],
        cursor=json.dumps({**before, **found}),
    )


def _recorded(warehouse: Warehouse) -> dict[str, list[str]]:
    """Hashes already recorded, so that a first look does not ask for every year again."""
    state = published.state(warehouse.settings().published)
    return {str(year): list(held.seen) for year, held in state.editions.items()} if state else {}


def sweep(instance: dg.DagsterInstance) -> list[str]:
    """End runs whose process is gone, and free the writer's slot that they hold.

    A killed run stays STARTED and would hold the pool for ever. Only runs of this machine, whose
    process can be looked up, are touched. Returns one sentence per run.
    """
    swept = []
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        mark = run.tags.get(PROCESS_TAG, "")
        host, _, rest = mark.partition(":")
        number = rest.partition(":")[0]
        here = (assets.process() or "").partition(":")[0]
        if host != here or not number.isdigit() or assets.process(int(number)) == mark:
            continue
        sentence = f"run {run.run_id[:8]} was ended: its process {number} is gone"
        instance.report_run_failed(run, sentence)
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        swept.append(sentence)
    return swept


publish_when_recorded = dg.AutomationConditionSensorDefinition(
    "publish_when_recorded",
    target=PUBLISH_ASSETS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Publishes after a vintage has been recorded, while other years may still be missing.",
)


@dg.logger(None, description="To the file that JVOM_LOG names, else to standard error.")
def run_log(_context: dg.InitLoggerContext) -> logging.Logger:
    """Dagster's events; on the command line they go to a file, so that the terminal stays readable."""
    log = logging.getLogger("jvom.runs")
    log.setLevel(logging.DEBUG)  # the level of Dagster's events
    log.propagate = False
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    target = os.environ.get("JVOM_LOG")
    handler = logging.FileHandler(target, encoding="utf-8") if target else logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    return log
