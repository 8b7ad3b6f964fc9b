"""What Dagster loads: everything wired together, at the addresses that the settings give."""

import logging
import os

import dagster as dg

from pipelines import settings
from pipelines.harmless import visible
from pipelines.orchestration import automation, edition, keys, release
from pipelines.orchestration.resources import Stage, Warehouse


class _VisibleFormatter(logging.Formatter):
    """Events may quote a document, and are read in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


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
    handler.setFormatter(_VisibleFormatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    return log


def definitions(where: settings.Settings) -> dg.Definitions:
    # An address of a server may hold a password, which Dagster would show and keep.
    catalog = dg.EnvVar("JVOM_CATALOG") if where.catalog.startswith("postgres:") else where.catalog
    return dg.Definitions(
        assets=dg.with_source_code_references([*edition.ASSETS, *release.ASSETS]),
        asset_checks=[automation.edition_is_in],
        jobs=[
            automation.acquire,
            automation.ingest,
            automation.publish,
            automation.look_for_late_editions,
            automation.withdraw_job,
            automation.restore_job,
            automation.verify_job,
        ],
        schedules=[automation.report_day_schedule, automation.daily_lateness, automation.weekly_verification],
        sensors=[
            automation.edition_watch,
            automation.raw_files,
            automation.public_figures,
            automation.publish_when_recorded,
            automation.run_failed,
        ],
        resources={
            "warehouse": Warehouse(
                raw=str(where.raw),
                warehouse=str(where.warehouse),
                catalog=catalog,
                data=where.data,
                store=str(where.store or ""),
            ),
            keys.STAGE: Stage(folder=str(where.stage)),
        },
        # In-process: a fresh interpreter per step would cost five times the CPU of the whole report.
        executor=dg.in_process_executor,
        loggers={"console": run_log},
    )


defs = definitions(settings.find())
