"""One edition, from its file to a vintage in the lake: source → document → tables, and → snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import dagster as dg

import schemas
from pipelines import (
    correction_guards as corrected,
)
from pipelines import (
    lake as snapshot,
)
from pipelines import (
    quarantine as quarantined,
)
from pipelines import (
    raw,
    settings,
    versions,
)
from pipelines import (
    validate as validated,
)
from pipelines.extract import read as reading
from pipelines.model import Document, Edition, Fidelity, Recorded, SourceFile, SourceFormat
from pipelines.orchestration import checks, metadata
from pipelines.orchestration.assets.common import (
    ACQUIRED,
    DOCUMENT,
    OWNERS,
    PROCESS_TAG,
    RECONCILED,
    REGISTRY,
    SNAPSHOT,
    SOURCE,
    TABLES,
    WRITER_POOL,
    YEARS,
    Warehouse,
    changes_of,
    content,
    process,
    spoken,
)
from schemas import registry
from schemas.errors import JvomError, LakeError, Problems, SourceError


class SourceConfig(dg.Config):
    """Which document to read; empty means the newest of the best fidelity in raw/."""

    path: str = ""
    sha256: str = ""
    size: int = 0
    format: str = "text"
    fidelity: str = "full text"


class SnapshotConfig(dg.Config):
    """Whether a reading that gives the same rows is noted even if nothing had changed."""

    recheck: bool = False


@dg.asset(
    key=SOURCE,
    deps=[ACQUIRED],
    partitions_def=YEARS,
    group_name="raw",
    kinds={"file"},
    owners=OWNERS,
    io_manager_key="stage",
    description="The file of the edition: newest of the best fidelity, its bytes kept by hash.",
)
def source(
    context: dg.AssetExecutionContext, config: SourceConfig, warehouse: Warehouse
) -> dg.MaterializeResult:
    year = int(context.partition_key)
    with spoken():
        where = warehouse.settings()
        chosen = _given(config, year) or _found(year, where, warehouse.lake())
        data = raw.read(chosen, raw=where.raw, kept=where.kept)
        raw.keep(data, year, where.kept, chosen.path)
    context.instance.add_run_tags(
        context.run.run_id,
        {"jvom/source_sha256": chosen.sha256, "jvom/actor": settings.actor(), PROCESS_TAG: process() or ""},
    )
    return dg.MaterializeResult(
        value=chosen,
        metadata=metadata.source_of(chosen),
        data_version=dg.DataVersion(chosen.sha256[:16]),
    )


def _given(config: SourceConfig, year: int) -> SourceFile | None:
    if not config.sha256:
        return None
    return SourceFile(
        edition_year=year,
        path=config.path,
        sha256=config.sha256,
        bytes=config.size,
        format=cast(SourceFormat, config.format),
        fidelity=cast(Fidelity, config.fidelity),
    )


def _found(year: int, where: settings.Settings, lake: snapshot.Lake) -> SourceFile:
    found, wrong = raw.survey(where.raw)
    files = found.get(year, ())
    if not files and year in wrong:
        raise Problems(wrong[year])
    if not files:
        raise SourceError(
            f"there is no edition of {year}",
            file=str(where.raw / str(year)),
            hint=f"put the report (PDF or text) in raw/{year}/, or run `jvom ingest FILE --year {year}`",
        )
    raw.lock(where.raw, files)
    held = lake.sources(year)
    seen = {file.sha256 for file in held}
    return raw.choose(files, held[-1] if held else None, seen, settled=lake.settled(year))


def _edition(warehouse: Warehouse, year: str) -> Edition:
    """What the catalogue knows of the edition."""
    return raw.edition_of(raw.catalogue(warehouse.settings().raw), int(year))


@contextmanager
def _judged(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    source: SourceFile,
    asset: str,
    document: Document | None = None,
) -> Iterator[None]:
    """A refusal inside fails the run with its own text, once its report is in quarantine."""
    with spoken():
        try:
            yield
        except LakeError:
            raise  # the surroundings are at fault, not the document
        except JvomError as error:
            _quarantine(context, warehouse, source, asset, document, error)
            raise


def _quarantine(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    source: SourceFile,
    asset: str,
    document: Document | None,
    error: JvomError,
) -> None:
    folder = quarantined.put(
        warehouse.settings().quarantine,
        source,
        error,
        document=document,
        asset=asset,
        run_id=context.run.run_id,
        versions=versions.reading(_edition(warehouse, context.partition_key)),
    )
    context.log.info(f"refused: the report is in {folder}")


@dg.asset(
    key=DOCUMENT,
    partitions_def=YEARS,
    group_name="document",
    kinds={"python"},
    owners=OWNERS,
    io_manager_key="stage",
    code_version=versions.code(),
    ins={"source": dg.AssetIn(SOURCE, input_manager_key="stage")},
    description="The file as pages of lines with places; nothing in it is interpreted.",
)
def document(
    context: dg.AssetExecutionContext, source: SourceFile, warehouse: Warehouse
) -> dg.MaterializeResult:
    with _judged(context, warehouse, source, "document"):
        where = warehouse.settings()
        read = reading.read_document(raw.read(source, raw=where.raw, kept=where.kept), source)
    return dg.MaterializeResult(
        value=read,
        metadata={
            **metadata.source_of(source),
            "lines": len(read.lines),
            "pages": len(read.page_labels),
            "page_labels": ", ".join(label or "–" for label in read.page_labels),
        },
        data_version=dg.DataVersion(f"{source.sha256[:16]}-{versions.code()}"),
    )


@dg.multi_asset(
    name="tables",
    specs=[
        dg.AssetSpec(
            TABLES[name],
            deps=[SOURCE, DOCUMENT, REGISTRY],
            group_name="tables",
            kinds={"arrow"},
            owners=OWNERS,
            code_version=versions.code(),
            description=contract.description,
            partitions_def=YEARS,
            metadata={
                "dagster/column_schema": metadata.table_schema(contract.as_read()),
                "dagster/io_manager_key": "stage",
            },
        )
        for name, contract in schemas.TABLES.items()
    ],
    ins={
        "source": dg.AssetIn(SOURCE, input_manager_key="stage"),
        "document": dg.AssetIn(DOCUMENT, input_manager_key="stage"),
    },
    check_specs=[
        checks.contract_spec(TABLES[name], contract, YEARS) for name, contract in schemas.TABLES.items()
    ],
)
def tables_of(  # type: ignore[no-untyped-def]  # Dagster takes an annotation for the type of the outputs
    context: dg.AssetExecutionContext, source: SourceFile, document: Document, warehouse: Warehouse
):
    with spoken():
        known = registry.load()
        edition = _edition(warehouse, context.partition_key)
    with _judged(context, warehouse, source, "tables", document):
        read = reading.read_tables(document, source, edition)
        corrected.check(read, known.corrections, edition.edition_year, path=source.path)
        failures = validated.failures(read, {mission.id for mission in known.missions})
        if failures:  # the checks below fail the run; quarantine has them all in one place
            refusal = validated.refusal(failures, source.path)
            _quarantine(context, warehouse, source, "tables", document, refusal)
    for name, table in read.items():
        contract = schemas.TABLES[name].as_read()
        yield dg.MaterializeResult(
            asset_key=TABLES[name],
            value=table,
            metadata={
                **metadata.rows_of(table, contract),
                **metadata.places_of(table, source),
                **metadata.cells_of(read["cells"], name, document),
                **metadata.origin_of(warehouse.settings().kept / source.sha256, edition.source_url),
                **metadata.query(
                    f"SELECT {name}_vintages.*, vintages.snapshot_id\n"
                    f"FROM {name}_vintages JOIN vintages USING (edition_year, vintage)\n"
                    f"WHERE vintages.run_id = '{context.run.run_id}'"
                ),
            },
            data_version=dg.DataVersion(content(table.select(list(contract.values)))),
            check_results=[checks.contract_result(TABLES[name], [f for f in failures if f.table == name])],
        )


@dg.asset(
    key=SNAPSHOT,
    partitions_def=YEARS,
    group_name="snapshot",
    kinds={"ducklake", "parquet"},
    owners=OWNERS,
    pool=WRITER_POOL,
    retry_policy=dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL),
    ins={
        "source": dg.AssetIn(SOURCE, input_manager_key="stage"),
        "reconciled": dg.AssetIn(RECONCILED, input_manager_key="stage"),
        **{name: dg.AssetIn(key, input_manager_key="stage") for name, key in TABLES.items()},
    },
    check_specs=[checks.row_counts_spec(SNAPSHOT, YEARS)],
    description="One vintage of the edition: all tables and findings in one transaction, or nothing at all.",
)
def snapshot_asset(
    context: dg.AssetExecutionContext,
    config: SnapshotConfig,
    warehouse: Warehouse,
    source: SourceFile,
    reconciled: snapshot.Found,
    **read: Any,
) -> dg.MaterializeResult:
    year = int(context.partition_key)
    with spoken():
        lake = warehouse.lake()
        recorded = lake.record(
            year,
            read,
            source=source,
            versions=versions.reading(_edition(warehouse, context.partition_key)),
            actor=settings.actor(),
            run_id=context.run.run_id,
            git_commit=versions.git_commit(),
            recheck=config.recheck,
            found=reconciled,
        )
        before = lake.row_counts(year, recorded.vintage - 1)
        changed = changes_of(lake, recorded)
        quarantined.resolve(warehouse.settings().quarantine, source)
    for name, key in TABLES.items():
        context.log_event(_placed(key, name, recorded))
    now = {name: table.num_rows for name, table in read.items()}
    return dg.MaterializeResult(
        metadata={
            "vintage": recorded.vintage,
            "cause": recorded.cause,
            "reason": recorded.reason,
            "written": recorded.written,
            "reconciled": recorded.written or recorded.reconciled,
            "lake_snapshot": recorded.snapshot_id,
            "rows": now,
            **metadata.changes(changed),
            **metadata.query(_rows("personnel", recorded)),
            **metadata.source_of(source),
        },
        data_version=dg.DataVersion(f"{year}-{recorded.vintage}"),
        check_results=[checks.row_counts_result(SNAPSHOT, now, before)],
    )


def _rows(table: str, recorded: Recorded) -> str:
    """The statement that gives a table's rows as they were recorded."""
    return (
        f"SELECT * FROM {table}_vintages\n"
        f"WHERE edition_year = {recorded.edition_year} AND vintage = {recorded.vintage}"
    )


def _placed(key: dg.AssetKey, table: str, recorded: Recorded) -> dg.AssetObservation:
    """Where the rows of a table went: known only once they are recorded, after it was materialised."""
    return dg.AssetObservation(
        key,
        partition=str(recorded.edition_year),
        description=f"in the lake as vintage {recorded.vintage}, snapshot {recorded.snapshot_id}",
        metadata={
            "vintage": recorded.vintage,
            "lake_snapshot": recorded.snapshot_id,
            **metadata.query(_rows(table, recorded)),
        },
    )
