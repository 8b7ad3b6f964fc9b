"""What every asset shares: partitions, keys, addresses, and how failures are told."""

import hashlib
import os
import platform
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import lake as snapshot
from pipelines import settings
from pipelines.lake import differences
from pipelines.model import Recorded
from pipelines.publish import views
from schemas import report_day
from schemas.errors import JvomError, LakeError, NetworkError

# Checks per partition are marked preview in Dagster 1.13, to which the project is pinned.
warnings.simplefilter("ignore", dg.PreviewWarning)
warnings.simplefilter("ignore", dg.BetaWarning)

PROCESS_TAG = "jvom/process"
TIMEZONE = report_day.TIMEZONE
REPORT_DAY = report_day.CRON
OWNERS = ["team:mission-data"]

# A year's key exists from two report days before its own, so that an edition which comes early,
# or is being prepared, can be ingested by hand; the schedule does not depend on it.
YEARS = dg.TimeWindowPartitionsDefinition(
    cron_schedule=REPORT_DAY, fmt="%Y", start="2000", timezone=TIMEZONE, end_offset=3
)
WRITER_POOL = "lake_writer"
PUBLISH_WHEN_RECORDED = dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())


ACQUIRED = dg.AssetKey("acquired")
SOURCE = dg.AssetKey("source")
DOCUMENT = dg.AssetKey("document")
REGISTRY = dg.AssetKey("registry")
RECONCILED = dg.AssetKey("reconciled")
OBSERVATIONS = dg.AssetKey("observations")
CONTRIBUTIONS = dg.AssetKey("un_contributions")
SNAPSHOT = dg.AssetKey("snapshot")
LAKE = dg.AssetKey("lake")
PUBLISHED = dg.AssetKey("published")
PACKAGE = dg.AssetKey("package")
SITE = dg.AssetKey("site")
TABLES = {name: dg.AssetKey(["tables", name]) for name in schemas.TABLES}
VIEWS = {view.name: dg.AssetKey(["views", view.name]) for view in views.ordered()}


class Warehouse(dg.ConfigurableResource[None]):
    """Where raw files, lake and published file are; changes nothing in the code."""

    raw: str
    warehouse: str
    catalog: str
    data: str

    def settings(self) -> settings.Settings:
        """The addresses as settings."""
        return settings.Settings(
            raw=Path(self.raw),
            warehouse=Path(self.warehouse),
            catalog=self.catalog,
            data=self.data,
        )

    def lake(self) -> snapshot.Lake:
        """The lake at those addresses."""
        return snapshot.Lake(self.catalog, self.data, Path(self.warehouse))


def process(pid: int | None = None) -> str | None:
    """A process told from any other, ever: host, number and moment of its start; None once it is gone."""
    number = os.getpid() if pid is None else pid
    try:
        started = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(number)],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        started = "unknown"  # no ps: then a run is never taken for dead
    return f"{platform.node()}:{number}:{started}" if started else None


@contextmanager
def spoken() -> Iterator[None]:
    """Our own errors as the run's failure text; only trouble of the surroundings is tried again."""
    try:
        yield
    except JvomError as error:
        raise dg.Failure(
            description=str(error),
            metadata={"error": type(error).__name__, "place": error.place, "next": error.hint or ""},
            allow_retries=isinstance(error, LakeError | NetworkError),
        ) from error


def changes_of(lake: snapshot.Lake, recorded: Recorded) -> tuple[str, ...]:
    """What a new vintage changes against the one before it, in words; nothing for a first one."""
    year, number = recorded.edition_year, recorded.vintage
    if not recorded.written or number == 1:
        return ()
    old, new = (lake.vintage(year, vintage, stamps=True) for vintage in (number - 1, number))
    return differences.sentences(
        differences.differences(
            {name: table.to_pylist() for name, table in old.items()},
            {name: table.to_pylist() for name, table in new.items()},
        )
    )


def content(table: pa.Table) -> str:
    """Data version of a table: the same rows, the same version."""
    return hashlib.sha256(repr(table.to_pylist()).encode()).hexdigest()[:16]
