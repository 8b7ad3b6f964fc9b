"""Ingesting what lies in raw/, publishing what was recorded, and sweeping up after runs that died."""

import json
import logging
import os

import dagster as dg

from pipelines import raw
from pipelines.orchestration import assets
from pipelines.orchestration.assets import PROCESS_TAG, Warehouse
from pipelines.other_sources import files as public_sources
from pipelines.publish import published

INGEST_ASSETS = dg.AssetSelection.assets(
    assets.REGISTRY,
    assets.SOURCE,
    assets.DOCUMENT,
    *assets.TABLES.values(),
    assets.RECONCILED,
    assets.SNAPSHOT,
)
PUBLISH_ASSETS = dg.AssetSelection.assets(
    assets.REGISTRY,
    assets.LAKE,
    assets.OBSERVATIONS,
    assets.CONTRIBUTIONS,
    *assets.VIEWS.values(),
    assets.PUBLISHED,
    assets.PACKAGE,
    assets.SITE,
)

ingest = dg.define_asset_job(
    "ingest",
    selection=INGEST_ASSETS,
    description="Read one edition, check it, look for contradictions, record it as a vintage.",
)
publish = dg.define_asset_job(
    "publish",
    selection=PUBLISH_ASSETS,
    description="Evaluate the views over all vintages; replace the published file, its package and the site.",
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
    new = {year: set(hashes) - set(before.get(year, [])) for year, hashes in found.items()}
    left = {
        year for year, hashes in new.items() if hashes and acquired_by_run(context.instance, year, hashes)
    }
    changed = [year for year, hashes in new.items() if hashes and year not in left]
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
        cursor=json.dumps({**before, **{y: of_year for y, of_year in found.items() if y not in left}}),
    )


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
    now = public_sources.version(where)
    if state is None or now in (state.public, context.cursor):
        return dg.SkipReason("nothing new of other public sources" if state else "nothing is published yet")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(tags={"jvom/cause": "figures of other public sources"})], cursor=now
    )


def acquired_by_run(instance: dg.DagsterInstance, year: str, hashes: set[str]) -> bool:
    """Whether a run that acquired these bytes ingests them itself, or has tried to."""
    runs = instance.get_runs(dg.RunsFilter(job_name="acquire", tags={"jvom/year": year}), limit=5)
    told = {run.tags.get("jvom/source_sha256") for run in runs}
    return hashes <= told or any(not run.is_finished for run in runs)


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
