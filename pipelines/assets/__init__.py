"""The stages as Dagster assets: the only place that knows their order.

Per report year (`edition`): source → document → tables, with their blocking checks → snapshot.
Over all years (`release`): lake → views → published. The functions here only pass values on and say
what happened.
"""

from pipelines.assets.common import (
    CONTRIBUTIONS,
    DOCUMENT,
    LAKE,
    OBSERVATIONS,
    PROCESS_TAG,
    PUBLISHED,
    REGISTRY,
    REPORT_DAY,
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
from pipelines.assets.public import contributions_asset, observations_asset
from pipelines.assets.release import lake_asset, published_asset, registry_asset, views_of

ALL = (
    registry_asset,
    source,
    document,
    tables_of,
    snapshot_asset,
    lake_asset,
    observations_asset,
    contributions_asset,
    views_of,
    published_asset,
)

__all__ = [
    "ALL",
    "CONTRIBUTIONS",
    "DOCUMENT",
    "LAKE",
    "OBSERVATIONS",
    "PROCESS_TAG",
    "PUBLISHED",
    "REGISTRY",
    "REPORT_DAY",
    "SNAPSHOT",
    "SOURCE",
    "TABLES",
    "TIMEZONE",
    "VIEWS",
    "YEARS",
    "Warehouse",
    "process",
]
