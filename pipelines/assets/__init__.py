"""The stages as Dagster assets: the only place that knows their order.

Per report year (`edition`): source → document → tables, with their blocking checks → snapshot.
Over all years (`release`): lake → views → published; for others (`outward`): site and package. The
functions here only pass values on and say what happened.
"""

from pipelines.assets.common import (
    DOCUMENT,
    LAKE,
    PACKAGE,
    PROCESS_TAG,
    PUBLISHED,
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
from pipelines.assets.edition import document, snapshot_asset, source, tables_of
from pipelines.assets.outward import package_asset, site_asset
from pipelines.assets.release import lake_asset, published_asset, registry_asset, views_of

ALL = (
    registry_asset,
    source,
    document,
    tables_of,
    snapshot_asset,
    lake_asset,
    views_of,
    published_asset,
    package_asset,
    site_asset,
)

__all__ = [
    "ALL",
    "DOCUMENT",
    "LAKE",
    "PACKAGE",
    "PROCESS_TAG",
    "PUBLISHED",
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
