"""Withdrawing an edition and bringing a vintage back, as runs that show on the snapshot's asset."""

from collections.abc import Sequence

import dagster as dg

from pipelines import settings, versions
from pipelines.model import Recorded
from pipelines.orchestration import metadata
from pipelines.orchestration.assets.common import SNAPSHOT, WRITER_POOL, Warehouse, changes_of, spoken


class Withdrawal(dg.Config):
    """Which edition to take out of the latest views, and why."""

    edition_year: int
    reason: str


class Restoration(dg.Config):
    """Which vintage to bring back (0: the last before the withdrawal), and why."""

    edition_year: int
    reason: str
    vintage: int = 0


@dg.op(pool=WRITER_POOL, description="Marks the edition as withdrawn, in a new vintage.")
def withdraw_edition(context: dg.OpExecutionContext, config: Withdrawal, warehouse: Warehouse) -> None:
    with spoken():
        lake = warehouse.lake()
        recorded = lake.withdraw(
            config.edition_year,
            config.reason,
            actor=settings.actor(),
            run_id=context.run_id,
            git_commit=versions.git_commit(),
        )
        changed = changes_of(lake, recorded)
    context.log_event(_shown(recorded, changed))


@dg.op(pool=WRITER_POOL, description="Brings a vintage back into the latest views, as a new vintage.")
def restore_vintage(context: dg.OpExecutionContext, config: Restoration, warehouse: Warehouse) -> None:
    with spoken():
        lake = warehouse.lake()
        recorded = lake.restore(
            config.edition_year,
            config.vintage or None,
            config.reason,
            actor=settings.actor(),
            run_id=context.run_id,
            git_commit=versions.git_commit(),
        )
        changed = changes_of(lake, recorded)
    context.log_event(_shown(recorded, changed))


def _shown(recorded: Recorded, changed: Sequence[str]) -> dg.AssetMaterialization:
    """The new vintage as the snapshot of that year, so that publishing follows by itself."""
    return dg.AssetMaterialization(
        SNAPSHOT,
        partition=str(recorded.edition_year),
        description=recorded.reason,
        metadata={
            "vintage": recorded.vintage,
            "cause": recorded.cause,
            "reason": recorded.reason,
            "written": recorded.written,
            "lake_snapshot": recorded.snapshot_id,
            **metadata.changes(changed),
        },
        tags={"dagster/data_version": f"{recorded.edition_year}-{recorded.vintage}"},
    )


@dg.job(description="Take an edition out of the latest views; its vintages stay in the record.")
def withdraw() -> None:
    withdraw_edition()


@dg.job(description="Bring a vintage of an edition back into the latest views.")
def restore() -> None:
    restore_vintage()
