"""One report year, as assets: acquired → source → document and tables → reconciled → snapshot.

The functions here pass values on and report what happened; what is done to them is in `acquire`, `extract`,
`validate`, `reconcile` and `lake`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import quarantine, raw, reconcile, settings, validate, versions
from pipelines.extract import read
from pipelines.lake import Authorship, Lake, RuleResults, differences
from pipelines.model import Document, Edition, Fidelity, Recorded, SourceFile, SourceFormat
from pipelines.orchestration import keys, metadata
from pipelines.orchestration.failures import as_dagster_failure, tag_run
from pipelines.orchestration.resources import Warehouse
from pipelines.publish import catalogue, published
from schemas import registry
from schemas.errors import JvomError, LakeError, Problems, SourceError

if TYPE_CHECKING:
    from pipelines.acquire.model import Acquisition

RULES = tuple(rule for rule in reconcile.RULES if not rule.across)
COUNTS = ("findings", "errors", "warnings", "statements", "mission_events", "unread_sentences")


class AcquireConfig(dg.Config):
    """How to look.

    `required`: the run fails where the edition is not found, so that somebody is notified; else it only
    notes what it looked at. `thorough`: look for a document that replaces it, until autumn.
    """

    required: bool = True
    thorough: bool = False


class SourceConfig(dg.Config):
    """Which document to read; empty means the newest of the best fidelity in raw/.

    `given` is what whoever ingested it called it, for messages.
    """

    path: str = ""
    sha256: str = ""
    size: int = 0
    format: str = "text"
    fidelity: str = "full text"
    given: str = ""

    def file(self, edition_year: int) -> SourceFile:
        form, fidelity = cast(SourceFormat, self.format), cast(Fidelity, self.fidelity)
        return SourceFile(edition_year, self.path, self.sha256, self.size, form, fidelity)


class SnapshotConfig(dg.Config):
    """Whether a reading that gives the same rows is noted even if nothing had changed; and why it is read, in
    somebody's words."""

    recheck: bool = False
    note: str = ""


@keys.asset(
    keys.ACQUIRED,
    "raw",
    {"http"},
    "The edition's document in raw/, found among what parliament was sent by its annexes. "
    "Nothing where it is not there yet, or where its bytes are recorded already.",
    partitions_def=keys.YEARS,
    output_required=False,
)
def acquired(  # type: ignore[no-untyped-def]  # Dagster takes an annotation for the type of the output
    context: dg.AssetExecutionContext, config: AcquireConfig, warehouse: Warehouse
):
    from pipelines.acquire import fetching  # not for every build

    year = int(context.partition_key)
    tag_run(context, year=str(year))
    with as_dagster_failure():
        where, network = warehouse.settings(), settings.network()
        try:
            fetched = fetching.fetch(where, network, year, thorough=config.thorough, say=context.log.info)
        except SourceError as error:
            if config.required:
                raise
            context.log.info(str(error))
            yield dg.AssetObservation(
                keys.ACQUIRED, partition=str(year), description=error.message, metadata={"found": False}
            )
            return
        state = published.state(where.published)
    file = fetched.file
    tried = context.instance.get_runs(dg.RunsFilter(tags={"jvom/source_sha256": file.sha256}), limit=1)
    tag_run(context, source_path=file.path, source_sha256=file.sha256)
    details = {"path": file.path, "sha256": file.sha256, "new": fetched.new, **_candidates(fetched.found)}
    edition = state.editions.get(year) if state else None
    recorded = edition is not None and file.sha256 in edition.seen
    if not fetched.new and (recorded or (tried and not config.required)):  # what was refused stays refused
        yield dg.AssetObservation(
            keys.ACQUIRED, partition=str(year), description="unchanged", metadata=details
        )
        return
    yield dg.MaterializeResult(metadata=details, data_version=dg.DataVersion(file.sha256[:16]))


def _candidates(found: "Acquisition") -> dict[str, Any]:
    """Why this document and no other."""
    columns = ("document", "kind", "sent", "title", "score", "fits", "reasons")
    said = found.summary()
    rows = [{**judged, "reasons": "; ".join(judged["reasons"])} for judged in said["considered"]]
    address, asked = dg.MetadataValue.url(said["address"]), "; ".join(said["asked"])
    shown = {name: said[name] for name in ("document", "service", "chosen")}
    return shown | {"address": address, "asked": asked, "considered": metadata.records(rows, columns)}


@keys.asset(
    keys.SOURCE,
    "raw",
    {"file"},
    "The file of the edition: newest of the best fidelity, its bytes kept by hash.",
    deps=[keys.ACQUIRED],
    partitions_def=keys.YEARS,
    io_manager_key=keys.STAGE,
)
def source(
    context: dg.AssetExecutionContext, config: SourceConfig, warehouse: Warehouse
) -> dg.MaterializeResult:
    year = int(context.partition_key)
    with as_dagster_failure():
        where = warehouse.settings()
        chosen = config.file(year) if config.sha256 else _newest(year, where, warehouse.lake())
        data = raw.read(chosen, raw=where.raw, kept=where.kept)
        warehouse.lake().begin()
        raw.keep(data, year, where.kept, chosen.path)
    tag_run(context, source_path=chosen.path, source_sha256=chosen.sha256)
    return source_result(chosen)


def source_result(chosen: SourceFile) -> dg.MaterializeResult:
    shown, version = metadata.source_of(chosen), dg.DataVersion(chosen.sha256[:16])
    return dg.MaterializeResult(asset_key=keys.SOURCE, value=chosen, metadata=shown, data_version=version)


def _newest(year: int, where: settings.Settings, lake: Lake) -> SourceFile:
    """The file of a year in raw/ that a build would read."""
    found, wrong = raw.survey(where.raw, year)
    files = found.get(year, ())
    if not files:
        if year in wrong:
            raise Problems(wrong[year])
        hint = f"put the report (PDF or text) in raw/{year}/, or run `jvom ingest FILE --year {year}`"
        raise SourceError(f"there is no edition of {year}", file=str(where.raw / str(year)), hint=hint)
    return raw.choose(files, lake.edition_state(year))


def _edition(warehouse: Warehouse, year: str) -> Edition:
    return raw.edition_of(raw.catalogue(warehouse.settings().raw), int(year))


def _spec_of_table(name: str) -> dg.AssetSpec:
    contract = schemas.TABLES[name]
    return keys.spec(
        keys.TABLES[name],
        "tables",
        {"arrow"},
        contract.description,
        deps=[keys.SOURCE, keys.DOCUMENT, keys.REGISTRY],
        code_version=versions.code(),
        partitions_def=keys.YEARS,
        metadata={
            "dagster/column_schema": metadata.table_schema(catalogue.describe(contract.as_read())),
            "dagster/io_manager_key": keys.STAGE,
        },
    )


@dg.multi_asset(
    name="extract",
    specs=[
        keys.spec(
            keys.DOCUMENT,
            "document",
            {"python"},
            "The file as pages of lines with places; nothing in it is interpreted.",
            deps=[keys.SOURCE],
            partitions_def=keys.YEARS,
            code_version=versions.code(),
            metadata={"dagster/io_manager_key": keys.STAGE},
        ),
        *map(_spec_of_table, schemas.TABLES),
    ],
    ins=keys.staged(source=keys.SOURCE),
    check_specs=[
        metadata.contract_spec(keys.TABLES[name], contract, keys.YEARS)
        for name, contract in schemas.TABLES.items()
    ],
)
def extract(  # type: ignore[no-untyped-def]  # Dagster takes an annotation for the type of the outputs
    context: dg.AssetExecutionContext, source: SourceFile, warehouse: Warehouse
):
    """The document is materialised even where its tables are refused."""
    where = warehouse.settings()

    ops: Any = context.run.run_config.get("ops", {})
    given = ops.get("source", {}).get("config", {}).get("given", "")

    def refuse(asset: str, refusal: JvomError, document: Document | None) -> None:
        kept = not source.path.startswith("raw/")
        refusal.rename(source.path, given or (str(where.kept / source.sha256) if kept else source.path))
        folder = quarantine.put(
            where.quarantine,
            source,
            refusal,
            given=given,
            document=document,
            asset=asset,
            run_id=context.run.run_id,
            versions=versions.reading(edition),
        )
        tag_run(context, refused=folder.name)
        context.log.info(f"refused: the report is in {folder}")

    with as_dagster_failure():
        known, edition = registry.load(), _edition(warehouse, context.partition_key)
        try:
            data = raw.read(source, raw=where.raw, kept=where.kept)
            extraction = read.read_edition(data, source, edition, known)
        except LakeError:
            raise  # the surroundings are at fault, not the document
        except JvomError as error:
            refuse("document", error, None)
            raise
    document = extraction.document
    yield document_result(source, document)
    with as_dagster_failure():
        if extraction.refusal:  # of rows that break a contract, the checks below fail the run
            refuse("tables", extraction.refusal, document)
        tables = extraction.tables if extraction.tables is not None else extraction.require_tables()
    of_run = (
        "SELECT {0}_vintages.*, vintages.snapshot_id\n"
        "FROM vintages.{0}_vintages JOIN record.vintages USING (edition_year, vintage)\n"
        f"WHERE vintages.run_id = '{context.run.run_id}'"
    )
    where_it_is = places(where, source, edition)
    yield from table_results(source, document, tables, extraction.failures, where_it_is, of_run)


def document_result(source: SourceFile, document: Document) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        asset_key=keys.DOCUMENT,
        value=document,
        metadata={
            **metadata.source_of(source),
            "lines": len(document.lines),
            "pages": len(document.page_labels),
            "page_labels": ", ".join(label or "–" for label in document.page_labels),
        },
        data_version=dg.DataVersion(f"{source.sha256[:16]}-{versions.code()}"),
    )


def places(where: settings.Settings, source: SourceFile, edition: Edition) -> dict[str, Any]:
    """Where the document of an edition is to be seen, as metadata."""
    evidence, address = f"en/evidence/{source.edition_year}.html", edition.source_url
    return {
        "kept_by_its_hash_in": dg.MetadataValue.path(str(where.kept)),
        **({"official_document": dg.MetadataValue.url(address)} if address else {}),
        "evidence": dg.MetadataValue.url(f"/site/{evidence}"),
        "evidence_file": dg.MetadataValue.path(f"{where.site}/{evidence}"),
    }


def table_results(
    source: SourceFile,
    document: Document,
    tables: Mapping[str, pa.Table],
    failures: Sequence[validate.Failure],
    where_it_is: Mapping[str, Any],
    query: str,
) -> Iterator[dg.MaterializeResult]:
    """Each table with its first rows, its cells and its contract's check; `query` finds rows of `{0}`."""
    for name, table in tables.items():
        contract = schemas.TABLES[name].as_read()
        yield dg.MaterializeResult(
            asset_key=keys.TABLES[name],
            value=table,
            metadata={
                **metadata.places_of(table, source),
                **where_it_is,
                **metadata.query(query.format(name)),
                **metadata.rows_of(table, contract),
                **metadata.cells_of(tables["cells"], name, document),
            },
            data_version=keys.content_version(table.select(list(contract.values))),
            check_results=[
                metadata.contract_result(keys.TABLES[name], [f for f in failures if f.table == name])
            ],
        )


@keys.asset(
    keys.RECONCILED,
    "reconciled",
    {"python"},
    "Every contradiction in the edition, with both sides and the smallest explanations; the "
    "figures and events that its text states. Nothing is changed, and nothing is kept back.",
    partitions_def=keys.YEARS,
    io_manager_key=keys.STAGE,
    code_version=versions.rules(),
    ins=keys.staged(source=keys.SOURCE, document=keys.DOCUMENT, **keys.TABLES),
    check_specs=[
        metadata.spec(
            metadata.CONTRACT,
            keys.RECONCILED,
            keys.YEARS,
            f"Types, nulls, values and keys of {', '.join(schemas.RECONCILED)}.",
            blocking=True,
        ),
        *(metadata.spec(rule.name, keys.RECONCILED, keys.YEARS, rule.doc) for rule in RULES),
    ],
)
def reconciled(  # type: ignore[no-untyped-def]  # Dagster takes an annotation for the outputs' type
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    source: SourceFile,
    document: Document,
    **tables: Any,
):
    year = int(context.partition_key)
    with as_dagster_failure():
        edition_versions = versions.reading(_edition(warehouse, context.partition_key))
        rows, content = warehouse.lake().rows_after_recording(
            year, tables, source=source, versions=edition_versions
        )
        found = vars(reconcile.check(rows, registry.load(), document))
        results = RuleResults.of(found, versions.rules(), content)
    return reconciled_result(source, results)


def reconciled_result(source: SourceFile, results: RuleResults) -> dg.MaterializeResult:
    """What rules found, with a check for each of them, and one of the contracts."""
    findings = results.tables["findings"].to_pylist()
    failures = [
        failure
        for name, contract in schemas.RECONCILED.items()
        for failure in validate.contract_failures(contract.as_read(), results.tables[name])
    ]
    return dg.MaterializeResult(
        asset_key=keys.RECONCILED,
        value=results,
        metadata={
            **{name: results.counts[name] for name in COUNTS},
            "rules_version": results.rules_version,
            "all_findings": metadata.findings(findings),
            **metadata.source_of(source),
        },
        data_version=dg.DataVersion(f"{results.rules_version}-{results.content[:16]}"),
        check_results=[
            metadata.contract_result(keys.RECONCILED, failures),
            *(
                metadata.rule_result(keys.RECONCILED, rule, findings, results.counts["unread_sentences"])
                for rule in RULES
            ),
        ],
    )


@keys.asset(
    keys.SNAPSHOT,
    "snapshot",
    {"ducklake", "parquet"},
    "One vintage of the edition: all tables and findings in one transaction, or nothing at all.",
    partitions_def=keys.YEARS,
    ins=keys.staged(source=keys.SOURCE, reconciled=keys.RECONCILED, **keys.TABLES),
    check_specs=[
        metadata.spec(
            metadata.ROW_COUNTS,
            keys.SNAPSHOT,
            keys.YEARS,
            "Rows per table against the previous vintage of the edition; a table that lost more "
            "than half of its rows is worth a look.",
        )
    ],
)
def snapshot(
    context: dg.AssetExecutionContext,
    config: SnapshotConfig,
    warehouse: Warehouse,
    source: SourceFile,
    reconciled: RuleResults,
    **tables: Any,
) -> dg.MaterializeResult:
    year = int(context.partition_key)
    with as_dagster_failure():
        lake, where = warehouse.lake(), warehouse.settings()
        if source.path.startswith("raw/"):  # accepted: from now on its bytes are expected there
            raw.lock_year(where.raw, year)
        recorded = lake.record(
            year,
            tables,
            source=source,
            versions=versions.reading(_edition(warehouse, context.partition_key)),
            by=Authorship(settings.actor(), context.run.run_id, versions.git_commit()),
            recheck=config.recheck,
            note=config.note,
            results=reconciled,
        )
        before: Mapping[str, pa.Table] = {}
        if recorded.vintage > 1:
            before = lake.vintage(year, recorded.vintage - 1, stamps=True)
        result = snapshot_result(recorded, source, before, as_recorded(tables))
        quarantine.resolve(warehouse.settings().quarantine, source)
    for name, key in keys.TABLES.items():  # where its rows went is known only now
        context.log_event(
            dg.AssetObservation(
                key,
                partition=str(year),
                description=f"in the lake as vintage {recorded.vintage}, snapshot {recorded.snapshot_id}",
                metadata={
                    "vintage": recorded.vintage,
                    "lake_snapshot": recorded.snapshot_id,
                    **metadata.query(vintage_query(recorded).format(name)),
                },
            )
        )
    return result


def as_recorded(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Tables as read, with what the lake says of a reading: it brings an edition back."""
    standing = pa.array([False] * tables["editions"].num_rows)
    return {**tables, "editions": tables["editions"].append_column("withdrawn", standing)}


def snapshot_result(
    recorded: Recorded, source: SourceFile, before: Mapping[str, pa.Table], after: Mapping[str, pa.Table]
) -> dg.MaterializeResult:
    """A vintage; `before` and `after` as for `vintage_metadata`."""
    now, then = ({name: table.num_rows for name, table in of.items()} for of in (after, before))
    return dg.MaterializeResult(
        asset_key=keys.SNAPSHOT,
        metadata={
            **vintage_metadata(recorded, before, after),
            "reconciled": recorded.written or recorded.reconciled,
            "rows": now,
            **metadata.query(vintage_query(recorded).format("personnel")),
            **metadata.source_of(source),
        },
        data_version=dg.DataVersion(f"{recorded.edition_year}-{recorded.vintage}"),
        check_results=[metadata.row_counts_result(keys.SNAPSHOT, now, then)],
    )


def vintage_metadata(
    recorded: Recorded, before: Mapping[str, pa.Table], after: Mapping[str, pa.Table]
) -> dict[str, Any]:
    """What `snapshot` shows of a vintage, however it came about: also what it changed, in sentences.

    `before` are the tables of the vintage before it, with stamps; empty for a first one.
    """
    changed: tuple[str, ...] = ()
    if recorded.written and before:
        old, new = ({name: of[name].to_pylist() for name in of} for of in (before, after))
        changed = differences.sentences(differences.differences(old, new))
    return {
        "vintage": recorded.vintage,
        "cause": recorded.cause,
        "reason": recorded.reason,
        "written": recorded.written,
        "lake_snapshot": recorded.snapshot_id,
        **metadata.changes(changed),
    }


def vintage_query(recorded: Recorded) -> str:
    return (
        "SELECT * FROM vintages.{0}_vintages\n"
        f"WHERE edition_year = {recorded.edition_year} AND vintage = {recorded.vintage}"
    )


ASSETS = (acquired, source, extract, reconciled, snapshot)
