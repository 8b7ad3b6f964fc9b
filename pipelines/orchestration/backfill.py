"""Older documents of one edition, several in a run: each its own vintage, all in one transaction.

What is made, checked and shown of each is what `edition` says; but there is no step for each asset, which
takes longer than the reading. Nothing is refused here: the first document that is not plain (as where rows
break a contract, or are there already) ends it, and has a run of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa

from pipelines import quarantine, raw, reconcile, settings, versions
from pipelines.extract import read
from pipelines.lake import Authorship, Reading, RuleResults
from pipelines.lake.decision import content_hash
from pipelines.model import Document, Edition, SourceFile
from pipelines.orchestration import edition, metadata
from pipelines.orchestration.failures import as_dagster_failure
from pipelines.orchestration.resources import Warehouse
from schemas import registry
from schemas.errors import JvomError


class Earlier(dg.Config):
    """The documents, oldest first."""

    edition_year: int
    documents: list[edition.SourceConfig]


@dg.op(
    description="Reads, checks and records documents of an edition, oldest first, until one is not plain.",
)
def record_earlier(context: dg.OpExecutionContext, config: Earlier, warehouse: Warehouse) -> None:
    where, lake, year = warehouse.settings(), warehouse.lake(), config.edition_year
    with as_dagster_failure():
        of = raw.edition_of(raw.catalogue(where.raw), year)
        lake.begin()
        plain = list(_plain(where, of, [document.file(year) for document in config.documents]))
        if not plain:
            return
        raw.lock_year(where.raw, year)
        readings = [reading for reading, _, _ in plain]
        by = Authorship(settings.actor(), context.run_id, versions.git_commit())
        recorded = lake.record_earlier(year, readings, versions=versions.reading(of), by=by)
        before: Mapping[str, pa.Table] = {}
        for vintage, (reading, document, found) in zip(recorded, plain, strict=False):
            if vintage is None:
                continue
            source, after = reading.source, edition.as_recorded(reading.tables)
            if not before and vintage.vintage > 1:
                before = lake.vintage(year, vintage.vintage - 1, stamps=True)
            shown, query = edition.places(where, source, of), edition.vintage_query(vintage)
            _log(context, edition.source_result(source))
            _log(context, edition.document_result(source, document))
            for result in edition.table_results(source, document, reading.tables, (), shown, query):
                _log(context, result)
            _log(context, found)
            _log(context, edition.snapshot_result(vintage, source, before, after))
            quarantine.resolve(where.quarantine, source)
            before = after


def _plain(
    where: settings.Settings, of: Edition, sources: Sequence[SourceFile]
) -> Iterator[tuple[Reading, Document, dg.MaterializeResult[RuleResults]]]:
    """What was read of each document, and what is shown of what rules found in it; until one is refused."""
    known = registry.load()
    for source in sources:
        try:
            data = raw.read(source, raw=where.raw, kept=where.kept)
            raw.keep(data, source.edition_year, where.kept, source.path)
            extraction = read.read_edition(data, source, of, known)
            tables = extraction.require_tables()
        except JvomError:
            return
        found = vars(reconcile.check(tables, known, extraction.document))
        results = RuleResults.of(found, versions.rules(), content_hash(tables))
        shown = edition.reconciled_result(source, results)
        if not all(check.passed for check in shown.check_results if check.check_name == metadata.CONTRACT):
            return
        yield Reading(source, tables, results), extraction.document, shown


def _log(context: dg.OpExecutionContext, result: dg.MaterializeResult[Any]) -> None:
    """The events that a step of the asset would leave."""
    year, version = str(context.op_config["edition_year"]), result.data_version
    tags = {"dagster/data_version": version.value} if version else None
    assert result.asset_key  # each names its own
    shown = dg.AssetMaterialization(result.asset_key, metadata=result.metadata, partition=year, tags=tags)
    context.log_event(shown)
    for check in result.check_results or ():
        names = ("asset_key", "check_name", "passed", "metadata", "severity", "description")
        of = {name: getattr(check, name) for name in names}
        blocking = check.check_name == metadata.CONTRACT
        evaluation: Any = dg.AssetCheckEvaluation(**of, blocking=blocking, partition=year)
        context.log_event(evaluation)


@dg.job(
    name="backfill",
    description="Record older documents of an edition, a vintage each; `jvom build --history` starts it.",
)
def backfill() -> None:
    record_earlier()
