"""What Dagster loads: everything wired together, at the addresses that the settings give."""

import logging
import os

import dagster as dg

from pipelines import settings
from pipelines.orchestration import automation, backfill, edition, keys, release
from pipelines.orchestration.failures import IN_PROCESS
from pipelines.orchestration.log_lines import JsonFormatter, VisibleFormatter
from pipelines.orchestration.resources import Stage, Warehouse
from schemas.errors import LakeError


@dg.logger(None, description="To the file that JVOM_LOG names, else to standard error.")
def run_log(_context: dg.InitLoggerContext) -> logging.Logger:
    """Dagster's events; on the command line they go to a file, so that the terminal stays readable."""
    log = logging.getLogger("jvom.runs")
    log.setLevel(logging.DEBUG)  # the level of Dagster's events
    log.propagate = False
    for handler in list(log.handlers):
        if isinstance(handler, logging.StreamHandler):  # of the run before; whoever follows the runs stays
            log.removeHandler(handler)
            handler.close()
    target = os.environ.get("JVOM_LOG")
    handler = logging.FileHandler(target, encoding="utf-8") if target else logging.StreamHandler()
    as_json = os.environ.get("JVOM_LOG_FORMAT") == "json"
    lines = VisibleFormatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonFormatter("%(message)s") if as_json else lines)
    log.addHandler(handler)
    return log


def executor() -> dg.ExecutorDefinition:
    """What runs the steps of a run, by JVOM_EXECUTOR; the packages of the last two are a team's.

    In-process where nothing is said: a fresh interpreter per step costs five times the CPU of a whole report.
    """
    name = os.environ.get("JVOM_EXECUTOR") or IN_PROCESS
    if name == IN_PROCESS:
        return dg.in_process_executor
    if name == "multiprocess":
        return dg.multiprocess_executor
    known: dict[str, dg.ExecutorDefinition] = {}
    try:
        if name == "celery":
            from pipelines.orchestration import celery_steps

            known[name] = celery_steps.executor()
        elif name == "k8s":
            from dagster_k8s import k8s_job_executor

            known[name] = k8s_job_executor
    except ImportError as error:
        hint = "install requirements-team.lock (./setup team)"
        raise LakeError(f"JVOM_EXECUTOR={name} needs a package: {error.name}", hint=hint) from error
    return known[name]


def definitions(where: settings.Settings, *, with_code: bool = False) -> dg.Definitions:
    """Everything at these addresses; `with_code` also where each asset's code is, for whoever looks at it."""
    assets: list[dg.AssetsDefinition] = [*edition.ASSETS, *release.ASSETS]
    # An address of a server may hold a password, which Dagster would show and keep.
    catalog = dg.EnvVar("JVOM_CATALOG") if where.catalog.startswith("postgres:") else where.catalog
    own = dg.Definitions(
        assets=dg.with_source_code_references(assets) if with_code else assets,
        resources={
            "warehouse": Warehouse(
                raw=str(where.raw),
                warehouse=str(where.warehouse),
                catalog=catalog,
                data=where.data,
                store=str(where.store or ""),
                public_data=where.public_data,
            ),
            keys.STAGE: Stage(folder=str(where.stage)),
        },
        executor=executor(),
        loggers={"console": run_log},
    )
    return dg.Definitions.merge(own, dg.load_definitions_from_modules([automation, backfill]))


defs = definitions(settings.find())
