"""The stages as Dagster assets: the only place that knows their order.

Per report year (`acquiring`, `edition`): acquired → source → document → tables, with their blocking
checks → reconciled → snapshot.
Over all years (`release`): lake → views → published; for others (`outward`): site and package. The
functions here only pass values on and say what happened.
"""

from pipelines.orchestration.assets.acquiring import acquired_asset
from pipelines.orchestration.assets.common import (
    ACQUIRED,
    CONTRIBUTIONS,
    DOCUMENT,
    LAKE,
    OBSERVATIONS,
    PACKAGE,
    PROCESS_TAG,
    PUBLISHED,
    RECONCILED,
    REGISTRY,
    REPORT_DAY,
    SITE,
    SNAPSHOT,
    SOURCE,
    TABLES,
    TIMEZONE,
    VIEWS,
    YEARS,
    Warehouse,
    process,
)
from pipelines.orchestration.assets.edition import document, snapshot_asset, source, tables_of
from pipelines.orchestration.assets.outward import package_asset, site_asset
from pipelines.orchestration.assets.public import contributions_asset, observations_asset
from pipelines.orchestration.assets.reconciling import reconciled_asset
from pipelines.orchestration.assets.release import lake_asset, published_asset, registry_asset, views_of

ALL = (
    acquired_asset,
    registry_asset,
    source,
    document,
    tables_of,
    reconciled_asset,
    snapshot_asset,
    lake_asset,
    observations_asset,
    contributions_asset,
    views_of,
    published_asset,
    package_asset,
    site_asset,
)

__all__ = [
    "ACQUIRED",
    "ALL",
    "CONTRIBUTIONS",
    "DOCUMENT",
    "LAKE",
    "OBSERVATIONS",
    "PACKAGE",
    "PROCESS_TAG",
    "PUBLISHED",
    "RECONCILED",
    "REGISTRY",
    "REPORT_DAY",
    "SITE",
    "SNAPSHOT",
    "SOURCE",
    "TABLES",
    "TIMEZONE",
    "VIEWS",
    "YEARS",
    "Warehouse",
    "process",
]
