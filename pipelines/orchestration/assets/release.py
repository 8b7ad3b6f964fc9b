"""All editions: the registry, the lake as a whole, the views on it, and the published file."""

import datetime
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import quarantine as quarantined
from pipelines import reconcile as reconciled
from pipelines import validate as validated
from pipelines import versions
from pipelines.orchestration import checks, metadata
from pipelines.orchestration.assets.common import (
    CONTRIBUTIONS,
    LAKE,
    OBSERVATIONS,
    OWNERS,
    PROCESS_TAG,
    PUBLISH_WHEN_RECORDED,
    PUBLISHED,
    REGISTRY,
    SNAPSHOT,
    TABLES,
    VIEWS,
    WRITER_POOL,
    Warehouse,
    content,
    process,
    spoken,
)
from pipelines.other_sources import files as public_sources
from pipelines.publish import changelog, manifest, published, views
from schemas import registry
from schemas.errors import LakeError

COMPARED = ("editions", "personnel", "mandates", "footnotes", "sections")  # between editions
ACROSS = tuple(rule for rule in reconciled.RULES if rule.across)
FINDINGS = VIEWS["findings"]


@dg.asset(
    key=REGISTRY,
    group_name="registry",
    kinds={"toml"},
    owners=OWNERS,
    code_version=versions.registry(),
    description="Missions with every spelling met, how they hang together, and the layouts of editions.",
)
def registry_asset() -> dg.MaterializeResult:
    with spoken():
        known = registry.load()
    return dg.MaterializeResult(
        metadata={
            "missions": len(known.missions),
            "spellings": sum(len(mission.spellings) for mission in known.missions),
            "layouts": len(known.layouts),
        },
        data_version=dg.DataVersion(versions.registry()),
    )


@dg.asset(
    key=LAKE,
    deps=[SNAPSHOT],
    group_name="snapshot",
    kinds={"ducklake"},
    owners=OWNERS,
    automation_condition=PUBLISH_WHEN_RECORDED,
    description="All vintages of all editions; its data version is their content.",
)
def lake_asset(warehouse: Warehouse) -> dg.MaterializeResult:
    with spoken():
        lake = warehouse.lake()
        held = lake.read()["vintages"]
        version = lake.content_version()
    return dg.MaterializeResult(
        metadata={
            "vintages": metadata.records(
                held.to_pylist(), ("edition_year", "vintage", "recorded_at", "cause", "actor", "snapshot_id")
            ),
            "dagster/row_count": held.num_rows,
        },
        data_version=dg.DataVersion(version[:16]),
    )


@dg.multi_asset(
    name="views",
    specs=[
        dg.AssetSpec(
            key,
            deps=[LAKE, REGISTRY, OBSERVATIONS, CONTRIBUTIONS],
            group_name="views",
            kinds={"duckdb", "sql"},
            owners=OWNERS,
            code_version=views.version(),
            description=schemas.RELATIONS[name].description,
            automation_condition=PUBLISH_WHEN_RECORDED,
            metadata={
                "dagster/column_schema": metadata.table_schema(
                    schemas.RELATIONS[name], views.lineage()[name]
                ),
                "dagster/column_lineage": metadata.column_lineage(views.lineage()[name], TABLES, VIEWS),
            },
        )
        for name, key in VIEWS.items()
    ],
    check_specs=[
        *(checks.contract_spec(key, schemas.RELATIONS[name], None) for name, key in VIEWS.items()),
        *(checks.rule_spec(FINDINGS, rule, None) for rule in ACROSS),
    ],
)
def views_of(warehouse: Warehouse):  # type: ignore[no-untyped-def]  # Dagster takes an annotation for the outputs
    with spoken():
        evaluated = views.evaluate(_base(warehouse))
    for name, table in evaluated.items():
        contract = schemas.RELATIONS[name]
        yield dg.MaterializeResult(
            asset_key=VIEWS[name],
            metadata={
                **metadata.rows_of(table, contract),
                "sql": dg.MetadataValue.md(f"```sql\n{views.text(name)}\n```"),
            },
            data_version=dg.DataVersion(content(table)),
            check_results=[
                checks.contract_result(VIEWS[name], validated.contract_failures(contract, table)),
                *(
                    checks.rule_result(FINDINGS, rule, table.to_pylist())
                    for rule in ACROSS
                    if name == "findings"
                ),
            ],
        )


@dg.asset(
    key=PUBLISHED,
    deps=list(VIEWS.values()),
    group_name="published",
    kinds={"duckdb"},
    owners=OWNERS,
    pool=WRITER_POOL,
    automation_condition=PUBLISH_WHEN_RECORDED,
    description="warehouse/jvom.duckdb: every relation in one file that needs no extension.",
)
def published_asset(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: process() or ""})
    where = warehouse.settings()
    with spoken():
        lake = warehouse.lake()
        with lake.writer():
            public = public_sources.version(where)  # before they are read: newer ones publish again
            base = _base(warehouse)
            release = _release(base)
            lake.release(release)
            base["releases"] = lake.read()["releases"]
            base["quarantine"] = schemas.REFUSALS["quarantine"].table(quarantined.rows(where.quarantine))
            published.publish(
                where.published,
                base,
                views.statements(),
                release_id=release["release_id"],
                head=lake.head(),
                code=versions.publishing(),
                public=public,
            )
            written = manifest.build(
                release,
                base,
                file=where.published,
                stored=lake.stored(),
                extensions=lake.extensions(),
                versions={"views": views.version(), "registry": versions.registry()},
            )
            _put(where.releases, written)
    return dg.MaterializeResult(
        metadata={
            "release_id": release["release_id"],
            "file": dg.MetadataValue.path(str(where.published)),
            "bytes": where.published.stat().st_size,
            "sha256": written["published"]["sha256"],
            "editions": len(written["editions"]),
            "changes": dg.MetadataValue.path(str(where.releases / release["release_id"] / changelog.PAGE)),
        },
        data_version=dg.DataVersion(release["release_id"]),
    )


def _put(folder: Path, written: dict[str, Any]) -> None:
    try:
        manifest.write(folder, written)
    except OSError as error:
        raise LakeError(
            f"the release's manifest cannot be written: {error}",
            file=str(folder),
            hint="free some disk space or mend the folder, then run jvom build",
        ) from error


def _base(warehouse: Warehouse) -> dict[str, pa.Table]:
    """Every base table of the published file: the lake's, the registry's, other public sources', and what
    compares editions.
    """
    known = registry.load()
    base = {
        **warehouse.lake().read(),
        **known.tables(),
        **public_sources.tables(warehouse.settings(), known),
    }
    base["declared_corrections"] = schemas.DERIVED["declared_corrections"].table(
        [asdict(correction) for correction in known.corrections]
    )
    latest = views.evaluate(base, [view for view in views.ordered() if view.name in COMPARED])
    version = versions.rules(reconciled.rules_version())
    compared = {**latest, "observations": base["observations"]}
    base["findings_across_editions"] = schemas.DERIVED["findings_across_editions"].table(
        [{**finding, "rules_version": version} for finding in reconciled.across(compared)]
    )
    return base


def _release(base: dict[str, pa.Table]) -> dict[str, Any]:
    """The row of `releases` for what the base tables hold: the latest vintages that are not withdrawn."""
    shown = {
        row["edition_year"]: row["vintage"]
        for row in sorted(base["editions_vintages"].to_pylist(), key=lambda row: row["vintage"])
    }
    withdrawn = {
        (row["edition_year"], row["vintage"])
        for row in base["editions_vintages"].to_pylist()
        if row["withdrawn"]
    }
    return {
        "release_id": published.release_id(base, views.version()),
        "published_at": datetime.datetime.now(datetime.UTC).replace(tzinfo=None),
        "contract_version": schemas.CONTRACT_VERSION,
        "git_commit": versions.git_commit(),
        "snapshot_id": max(base["vintages"]["snapshot_id"].to_pylist(), default=0),
        "vintages": [item for item in sorted(shown.items()) if item not in withdrawn],
        "tool_versions": sorted(versions.tools().items()),
    }
