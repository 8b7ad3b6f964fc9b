"""The names by which Dagster knows the pipeline: asset keys, years as partitions."""

import hashlib
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import raw, settings, versions
from pipelines.publish import views
from schemas import report_day
from schemas.errors import JvomError

# Checks per partition are marked preview in Dagster 1.13, to which the project is pinned.
warnings.simplefilter("ignore", dg.PreviewWarning)
warnings.simplefilter("ignore", dg.BetaWarning)

TIMEZONE = report_day.TIMEZONE
REPORT_DAY = report_day.CRON
OWNERS = ["team:mission-data"]


def _first_year() -> int:
    """The first report in the project's catalogue, or an older edition that this warehouse's raw/ has."""
    own = versions.ROOT / "raw"
    try:
        where = settings.find(None, None).raw
        here = where if isinstance(where, Path) else own  # no server is asked for it
        folders = [int(folder.name) for folder in here.iterdir() if re.fullmatch(r"2\d{3}", folder.name)]
        return min([*raw.catalogue(own), *raw.catalogue(here), *folders], default=2000)
    except (JvomError, OSError):  # whoever reads an edition says what is wrong
        return 2000


FIRST_YEAR = _first_year()
# A year's key exists from two report days before its own, so that an edition which comes early,
# or is being prepared, can be ingested by hand; the schedule does not depend on it.
YEARS = dg.TimeWindowPartitionsDefinition(
    cron_schedule=REPORT_DAY, fmt="%Y", start=str(FIRST_YEAR), timezone=TIMEZONE, end_offset=3
)
STAGE = "stage"  # the IO manager

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


def spec(key: dg.AssetKey, group: str, kinds: set[str], description: str, **more: Any) -> dg.AssetSpec:
    return dg.AssetSpec(key, group_name=group, kinds=kinds, owners=OWNERS, description=description, **more)


def asset(
    key: dg.AssetKey, group: str, kinds: set[str], description: str, **more: Any
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    made: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        key=key, group_name=group, kinds=kinds, owners=OWNERS, description=description, **more
    )
    return made


def staged(**keys: dg.AssetKey) -> dict[str, dg.AssetIn]:
    """The values of other assets of the same year, by the parameters that take them."""
    return {name: dg.AssetIn(key, input_manager_key=STAGE) for name, key in keys.items()}


def content_version(table: pa.Table) -> dg.DataVersion:
    """Data version of a table: the same for the same rows."""
    return dg.DataVersion(hashlib.sha256(repr(table.to_pylist()).encode()).hexdigest()[:16])
