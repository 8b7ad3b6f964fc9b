"""The edition found in parliament's open data and put into raw/, one year at a time: before `source`."""

import dagster as dg

from pipelines import settings
from pipelines.acquire import Found, fetching
from pipelines.orchestration.assets.common import (
    ACQUIRED,
    OWNERS,
    PROCESS_TAG,
    YEARS,
    Warehouse,
    process,
    spoken,
)
from pipelines.orchestration.metadata import records
from pipelines.publish import published
from schemas.errors import NetworkError, SourceError

RETRIES = 3
PAUSE = 60.0  # seconds before the first new attempt, doubled with each


class AcquireConfig(dg.Config):
    """How to look.

    `required`: not finding the edition fails the run, so that somebody is told; else the run only
    notes what it looked at. `thorough`: look for a document that replaces it, until autumn.
    """

    required: bool = True
    thorough: bool = False


@dg.asset(
    key=ACQUIRED,
    partitions_def=YEARS,
    group_name="raw",
    kinds={"http"},
    owners=OWNERS,
    output_required=False,
    description="The edition's document in raw/, found among what parliament was sent by its annexes. "
    "Nothing where it is not there yet, or where its bytes are recorded already.",
)
def acquired_asset(  # type: ignore[no-untyped-def]  # Dagster takes an annotation for the type of the output
    context: dg.AssetExecutionContext, config: AcquireConfig, warehouse: Warehouse
):
    year = int(context.partition_key)
    context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: process() or "", "jvom/year": str(year)})
    with spoken():
        where, network = warehouse.settings(), settings.network()
        try:
            fetched = fetching.fetch(where, network, year, thorough=config.thorough, say=context.log.info)
        except NetworkError as error:
            if context.retry_number < RETRIES:
                context.log.warning(str(error))
                wait = PAUSE * network.backoff * 2**context.retry_number
                raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=wait) from error
            raise
        except SourceError as error:
            if config.required:
                raise
            context.log.info(str(error))
            yield dg.AssetObservation(
                ACQUIRED, partition=str(year), description=error.message, metadata={"found": False}
            )
            return
        state = published.state(where.published)
    file = fetched.file
    tried = context.instance.get_runs(dg.RunsFilter(tags={"jvom/source_sha256": file.sha256}), limit=1)
    context.instance.add_run_tags(context.run.run_id, {"jvom/source_sha256": file.sha256})
    told = {"path": file.path, "sha256": file.sha256, "new": fetched.new, **_told(fetched.found)}
    held = state.editions.get(year) if state else None
    recorded = held is not None and file.sha256 in held.seen
    if not fetched.new and (recorded or (tried and not config.required)):  # what was refused stays refused
        yield dg.AssetObservation(ACQUIRED, partition=str(year), description="unchanged", metadata=told)
        return
    yield dg.MaterializeResult(metadata=told, data_version=dg.DataVersion(file.sha256[:16]))


def _told(found: Found) -> dict[str, dg.MetadataValue | str]:
    """Why this document and no other."""
    columns = ("document", "kind", "sent", "title", "score", "fits", "reasons")
    rows = [
        {
            "document": judged.candidate.identifier,
            "kind": judged.candidate.kind,
            "sent": judged.candidate.sent.isoformat(),
            "title": judged.candidate.title,
            "score": judged.score,
            "fits": judged.fits,
            "reasons": "; ".join(judged.reasons),
        }
        for judged in found.considered
    ]
    return {
        "document": found.chosen.candidate.identifier,
        "address": dg.MetadataValue.url(found.chosen.candidate.address),
        "chosen": found.reason,
        "considered": records(rows, columns),
    }
