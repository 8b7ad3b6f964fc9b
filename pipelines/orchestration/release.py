"""All editions together, as assets: registry, other sources and lake → views → published → package, site.

Like `edition`, it passes values on; what is done to them is in `lake`, `other_sources`, `publish` and `site`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import files, other_sources, quarantine, raw, reconcile, site, validate, versions
from pipelines.extract import read as reading
from pipelines.model import SourceFile
from pipelines.orchestration import edition, keys, metadata
from pipelines.orchestration.failures import as_dagster_failure
from pipelines.orchestration.plan import plan_publication
from pipelines.orchestration.resources import Warehouse
from pipelines.other_sources import contributions as un_contributions
from pipelines.publish import catalogue, dictionary, effects, published, views
from pipelines.publish import package as data_package
from pipelines.publish import release as releases
from pipelines.settings import Settings
from pipelines.trace.steps import lines_by
from schemas import registry as known_missions

PUBLISH_WHEN_RECORDED = dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
ACROSS = tuple(rule for rule in reconcile.RULES if rule.across)
FINDINGS = keys.VIEWS["findings"]
VIEWS_VERSION = views.version()


@keys.asset(
    keys.REGISTRY,
    "registry",
    {"toml"},
    "Missions with every spelling met, how they hang together, and the layouts of editions.",
    code_version=versions.registry(),
)
def registry() -> dg.MaterializeResult:
    with as_dagster_failure():
        known = known_missions.load()
    spellings = sum(len(mission.spellings) for mission in known.missions)
    return dg.MaterializeResult(
        metadata={"missions": len(known.missions), "spellings": spellings, "layouts": len(known.layouts)},
        data_version=dg.DataVersion(versions.registry()),
    )


def _of_relation(key: dg.AssetKey) -> dict[str, Any]:
    """What the asset of a whole relation is checked by, and shows."""
    relation = catalogue.relations()[key.to_user_string()]
    return {
        "check_specs": [metadata.contract_spec(key, relation, None)],
        "metadata": {"dagster/column_schema": metadata.table_schema(relation)},
    }


@keys.asset(
    keys.OBSERVATIONS,
    "public",
    {"csv"},
    "raw/observations.csv: what other public sources say of Dutch contributions.",
    deps=[keys.REGISTRY],
    **_of_relation(keys.OBSERVATIONS),
)
def observations(warehouse: Warehouse) -> dg.MaterializeResult:
    with as_dagster_failure():
        table = other_sources.observations(warehouse.settings().raw, known_missions.load())
    return _other_source(keys.OBSERVATIONS, table, f"raw/{other_sources.FILE}")


@keys.asset(
    keys.CONTRIBUTIONS,
    "public",
    {"csv"},
    "The UN's contributions file that `jvom ingest-un` was given last; empty without one.",
    deps=[keys.REGISTRY],
    **_of_relation(keys.CONTRIBUTIONS),
)
def contributions(warehouse: Warehouse) -> dg.MaterializeResult:
    where = warehouse.settings().contributions
    with as_dagster_failure():
        table = un_contributions.read(where, known_missions.load())
        file = str(un_contributions.kept(where) or "none")
    return _other_source(keys.CONTRIBUTIONS, table, file)


def _other_source(key: dg.AssetKey, table: pa.Table, file: str) -> dg.MaterializeResult:
    contract = schemas.PUBLIC[key.to_user_string()]
    failures = validate.contract_failures(contract, table)
    return dg.MaterializeResult(
        metadata={**metadata.rows_of(table, contract), "source_file": dg.MetadataValue.path(file)},
        data_version=keys.content_version(table.select(list(contract.values))),
        check_results=[metadata.contract_result(key, failures)],
    )


@keys.asset(
    keys.LAKE,
    "snapshot",
    {"ducklake"},
    "All vintages of all editions; its data version is their content.",
    deps=[keys.SNAPSHOT],
    automation_condition=PUBLISH_WHEN_RECORDED,
)
def lake(warehouse: Warehouse) -> dg.MaterializeResult:
    with as_dagster_failure():
        recorded = releases.gather(warehouse.settings()).tables["vintages"]
    vintages = recorded.to_pylist()
    columns = ("edition_year", "vintage", "recorded_at", "cause", "actor", "snapshot_id")
    return dg.MaterializeResult(
        metadata={"vintages": metadata.records(vintages, columns), "dagster/row_count": len(vintages)},
        data_version=keys.content_version(recorded.select(["edition_year", "vintage", "content_hash"])),
    )


def _whole(relation: str) -> dg.AssetKey:
    """The asset of all editions that a relation is of: every vintage of a table is in the lake."""
    key = metadata.asset_of(relation)
    return keys.LAKE if key in (*keys.TABLES.values(), keys.RECONCILED) else key


def _spec_of_view(name: str) -> dg.AssetSpec:
    relation = catalogue.relations()[name]
    return keys.spec(
        keys.VIEWS[name],
        "views",
        {"duckdb", "sql"},
        relation.description,
        deps=sorted({_whole(source) for source in views.reads(name)}),
        code_version=VIEWS_VERSION,
        automation_condition=PUBLISH_WHEN_RECORDED,
        metadata={
            "dagster/column_schema": metadata.table_schema(relation),
            "dagster/column_lineage": metadata.column_lineage(relation),
        },
    )


@dg.multi_asset(
    name="views",
    specs=[_spec_of_view(name) for name in keys.VIEWS],
    check_specs=[
        *(metadata.contract_spec(key, schemas.RELATIONS[name], None) for name, key in keys.VIEWS.items()),
        *(metadata.spec(rule.name, FINDINGS, None, rule.doc) for rule in ACROSS),
    ],
)
def evaluated_views(warehouse: Warehouse):  # type: ignore[no-untyped-def]  # Dagster takes an annotation for the outputs
    with as_dagster_failure():
        evaluated = releases.gather(warehouse.settings()).views
    for name, table in evaluated.items():
        contract = schemas.RELATIONS[name]
        results = [metadata.contract_result(keys.VIEWS[name], validate.contract_failures(contract, table))]
        if keys.VIEWS[name] == FINDINGS:
            results += [metadata.rule_result(FINDINGS, rule, table.to_pylist()) for rule in ACROSS]
        yield dg.MaterializeResult(
            asset_key=keys.VIEWS[name],
            metadata={
                **metadata.rows_of(table, contract),
                **metadata.query(f'SELECT * FROM "{name}"'),
                "sql": dg.MetadataValue.md(f"```sql\n{views.text(name)}\n```"),
            },
            data_version=keys.content_version(table),
            check_results=results,
        )


@keys.asset(
    keys.PUBLISHED,
    "published",
    {"duckdb"},
    "warehouse/jvom.duckdb: every relation in one file that needs no extension.",
    deps=list(keys.VIEWS.values()),
    automation_condition=PUBLISH_WHEN_RECORDED,
)
def published_file(warehouse: Warehouse) -> dg.MaterializeResult:
    where = warehouse.settings()
    with as_dagster_failure():
        state, due = published.state(where.published), plan_publication(where).publish
        written = releases.read(where.releases, state.release_id) if state and not due else None
        known = {folder.name for folder in where.releases.iterdir()} if where.releases.is_dir() else set()
        if written is None:  # else nothing was recorded, as where a document was refused: the file stays
            written = releases.publish(where, warehouse.lake(), quarantine.rows(where.quarantine))
    release_id = written["release_id"]
    later = [] if release_id in known else written["later_trends"]  # of one that is published again: none
    return dg.MaterializeResult(
        metadata={
            "release_id": release_id,
            "file": dg.MetadataValue.path(str(where.published)),
            "bytes": written["published"]["bytes"],
            "sha256": written["published"]["sha256"],
            "editions": len(written["editions"]),
            "later_trends": dg.MetadataValue.json(effects.sentences(later)),
            "changes": dg.MetadataValue.path(str(where.releases / release_id / releases.CHANGES)),
        },
        data_version=dg.DataVersion(release_id),
    )


@keys.asset(
    keys.PACKAGE,
    "published",
    {"parquet", "csv"},
    "warehouse/releases/<release_id>/: every table as Parquet and CSV, described by the "
    "standards of public-sector data, with hashes.",
    deps=[keys.PUBLISHED],
    code_version=versions.package(),
    automation_condition=PUBLISH_WHEN_RECORDED,
)
def package(warehouse: Warehouse) -> dg.MaterializeResult:
    where = warehouse.settings()
    with (
        as_dagster_failure(),
        warehouse.lake().writer(),
        TemporaryDirectory(prefix="jvom-") as aside,
    ):
        with releases.connect(where) as (release_id, connection, evaluated):
            folder = where.releases / release_id
            changes = folder / releases.CHANGES
            others = {"dictionary.md": dictionary.markdown().encode()}
            if changes.exists():
                others[releases.CHANGES] = changes.read_bytes()
            name = (releases.read(where.releases, release_id) or {}).get("previous_release_id")
            before = where.releases / name if name else None
            written = data_package.build(connection, Path(aside), others, evaluated)
        size = sum(file.stat().st_size for file in written.values())
        made_from = f"{release_id} {versions.package()}"
        files.put_folder(folder, written, made_from, keep=[releases.MANIFEST], like=before)
    return dg.MaterializeResult(
        metadata={
            "folder": dg.MetadataValue.path(str(folder)),
            "files": len(written),
            "bytes": size,
        },
        data_version=dg.DataVersion(release_id),
    )


@keys.asset(
    keys.SITE,
    "published",
    {"html"},
    "warehouse/site/: pages that need no network and no script; of a new release those are made "
    "anew that show something else, all of them by other code.",
    deps=[keys.PUBLISHED],
    code_version=versions.site(),
    automation_condition=PUBLISH_WHEN_RECORDED,
)
def site_pages(warehouse: Warehouse) -> dg.MaterializeResult:
    where = warehouse.settings()
    with (
        as_dagster_failure(),
        warehouse.lake().writer(),
        releases.connect(where) as (release_id, connection, _),
    ):
        made_from = f"{release_id} {versions.site()}"
        before = files.built_from(where.site) or ""
        written = before != made_from
        if written:
            same_code = before.endswith(versions.site())
            pages = site.build(
                connection,
                assets=dependencies(),
                lines=lines_of(where),
                earlier=lambda path: files.get(where.site / path) if same_code else None,
            )
            files.put_folder(where.site, pages, made_from)
    return dg.MaterializeResult(
        metadata={"start": dg.MetadataValue.path(str(where.site / site.START)), "written": written},
        data_version=dg.DataVersion(release_id),
    )


def lines_of(where: Settings) -> Callable[[SourceFile], Mapping[tuple[int, int], str]]:
    """The lines of a recorded document by page and number; none where it cannot be read."""
    lines = lines_by(lambda one: reading.read_lines(raw.read(one, raw=where.raw, kept=where.kept), one))
    return lambda source: lines(source)[0]


def dependencies() -> dict[str, list[str]]:
    """Every asset of the pipeline with those it is made from, by name."""
    return {
        key.to_user_string(): sorted(source.to_user_string() for source in definition.asset_deps[key])
        for definition in (*edition.ASSETS, *ASSETS)
        for key in sorted(definition.keys)
    }


ASSETS = (registry, observations, contributions, lake, evaluated_views, published_file, package, site_pages)
