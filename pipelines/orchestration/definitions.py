"""What Dagster loads: everything wired together, at the addresses that the settings give."""

import dagster as dg

from pipelines import settings
from pipelines.orchestration import assets, automation
from pipelines.orchestration.assets import lateness, standing, verifying

_WHERE = settings.find()

defs = dg.Definitions(
    assets=dg.with_source_code_references(assets.ALL),
    asset_checks=[lateness.edition_is_in],
    jobs=[
        automation.acquire,
        automation.ingest,
        automation.publish,
        lateness.look,
        standing.withdraw,
        standing.restore,
        verifying.verify,
    ],
    schedules=[automation.report_day, lateness.daily, verifying.weekly],
    sensors=[
        automation.edition_watch,
        automation.raw_files,
        automation.public_figures,
        automation.publish_when_recorded,
        automation.run_failed,
    ],
    resources={
        "warehouse": assets.Warehouse(
            raw=str(_WHERE.raw),
            warehouse=str(_WHERE.warehouse),
            catalog=_WHERE.catalog,
            data=_WHERE.data,
        ),
        "stage": dg.FilesystemIOManager(base_dir=str(_WHERE.stage)),
    },
    # In-process: a fresh interpreter per step would cost five times the CPU of the whole report.
    executor=dg.in_process_executor,
    loggers={"console": automation.run_log},
)
