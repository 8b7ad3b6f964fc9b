"""Figures of other public sources: observations, and the UN's contributions where a file was given."""

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import validate as validated
from pipelines.orchestration import checks, metadata
from pipelines.orchestration.assets.common import (
    CONTRIBUTIONS,
    OBSERVATIONS,
    OWNERS,
    REGISTRY,
    Warehouse,
    content,
    spoken,
)
from pipelines.other_sources import contributions, observations
from schemas import registry


@dg.asset(
    key=OBSERVATIONS,
    deps=[REGISTRY],
    group_name="public",
    kinds={"csv"},
    owners=OWNERS,
    check_specs=[checks.contract_spec(OBSERVATIONS, schemas.PUBLIC["observations"], None)],
    metadata={"dagster/column_schema": metadata.table_schema(schemas.PUBLIC["observations"])},
    description="raw/observations.csv: what other public sources say of Dutch contributions.",
)
def observations_asset(warehouse: Warehouse) -> dg.MaterializeResult:
    with spoken():
        table = observations.read(warehouse.settings().raw, registry.load())
    return _shown(OBSERVATIONS, table, f"raw/{observations.FILE}")


@dg.asset(
    key=CONTRIBUTIONS,
    deps=[REGISTRY],
    group_name="public",
    kinds={"csv"},
    owners=OWNERS,
    check_specs=[checks.contract_spec(CONTRIBUTIONS, schemas.PUBLIC["un_contributions"], None)],
    metadata={"dagster/column_schema": metadata.table_schema(schemas.PUBLIC["un_contributions"])},
    description="The UN's contributions file that `jvom ingest-un` was given last; empty without one.",
)
def contributions_asset(warehouse: Warehouse) -> dg.MaterializeResult:
    where = warehouse.settings().contributions
    with spoken():
        table = contributions.read(where, registry.load())
        file = str(contributions.kept(where) or "none")
    return _shown(CONTRIBUTIONS, table, file)


def _shown(key: dg.AssetKey, table: pa.Table, file: str) -> dg.MaterializeResult:
    contract = schemas.PUBLIC[key.to_user_string()]
    failures = validated.contract_failures(contract, table)
    return dg.MaterializeResult(
        metadata={**metadata.rows_of(table, contract), "source_file": dg.MetadataValue.path(file)},
        data_version=dg.DataVersion(content(table.select(list(contract.values)))),
        check_results=[checks.contract_result(key, failures)],
    )
