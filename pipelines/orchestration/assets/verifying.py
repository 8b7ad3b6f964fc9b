"""The weekly verification of everything recorded, as a run that fails where something is amiss."""

import dagster as dg

from pipelines import verify as verified
from pipelines.orchestration.assets.common import TIMEZONE, WRITER_POOL, Warehouse, spoken


@dg.op(pool=WRITER_POOL, description="Recomputes every hash, reads every edition again, counts and compares.")
def verify_everything(context: dg.OpExecutionContext, warehouse: Warehouse) -> None:
    with spoken():
        report = verified.verify(warehouse.settings())
    if report.faults:
        raise dg.Failure(
            description="\n".join(f"{fault} ({fault.since})" for fault in report.faults),
            metadata={"faults": len(report.faults), "last_sound": str(report.last_sound or "never")},
            allow_retries=False,
        )
    context.log.info("everything is as it was recorded")


@dg.job(description="Is everything still what was recorded, from raw files to the published file?")
def verify() -> None:
    verify_everything()


weekly = dg.ScheduleDefinition(
    name="weekly_verification",
    job=verify,
    cron_schedule="0 6 * * 1",
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Mondays, 6:00 Amsterdam time: recompute every hash and read every edition again.",
)
