"""What every asset shares: its key, the years as partitions, the writers' pool, and where things are."""

import hashlib
import warnings
from pathlib import Path

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import settings
from pipelines.lake import Lake
from pipelines.publish import views
from schemas import report_day

# Checks per partition are marked preview in Dagster 1.13, to which the project is pinned.
warnings.simplefilter("ignore", dg.PreviewWarning)
warnings.simplefilter("ignore", dg.BetaWarning)

TIMEZONE = report_day.TIMEZONE
REPORT_DAY = report_day.CRON
OWNERS = ["team:mission-data"]

# A year's key exists from two report days before its own, so that an edition which comes early,
# or is being prepared, can be ingested by hand; the schedule does not depend on it.
YEARS = dg.TimeWindowPartitionsDefinition(
    cron_schedule=REPORT_DAY, fmt="%Y", start="2000", timezone=TIMEZONE, end_offset=3
)
WRITER_POOL = "lake_writer"

ACQUIRED = dg.AssetKey("acquired")
SOURCE = dg.AssetKey("source")
DOCUMENT = dg.AssetKey("document")
TABLES = {name: dg.AssetKey(["tables", name]) for name in schemas.TABLES}
RECONCILED = dg.AssetKey("reconciled")
SNAPSHOT = dg.AssetKey("snapshot")

REGISTRY = dg.AssetKey("registry")
LAKE = dg.AssetKey("lake")
OBSERVATIONS = dg.AssetKey("observations")
CONTRIBUTIONS = dg.AssetKey("un_contributions")
VIEWS = {view.name: dg.AssetKey(["views", view.name]) for view in views.ordered()}
PUBLISHED = dg.AssetKey("published")
PACKAGE = dg.AssetKey("package")
SITE = dg.AssetKey("site")


class Warehouse(dg.ConfigurableResource[None]):
    """Where raw files, lake and published file are."""

    raw: str
    warehouse: str
    catalog: str
    data: str

    def settings(self) -> settings.Settings:
        return settings.Settings(Path(self.raw), Path(self.warehouse), self.catalog, self.data)

    def lake(self) -> Lake:
        return Lake(self.catalog, self.data, Path(self.warehouse))


def content_version(table: pa.Table) -> dg.DataVersion:
    """Data version of a table: the same for the same rows."""
    return dg.DataVersion(hashlib.sha256(repr(table.to_pylist()).encode()).hexdigest()[:16])
