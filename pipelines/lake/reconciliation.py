"""What rules found in a vintage: kept with it, and added to when the rules change; never a vintage itself."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import schemas
from pipelines.lake import tables
from pipelines.lake.commits import commit
from pipelines.lake.connection import Attached
from pipelines.model import EditionState

if TYPE_CHECKING:
    import pyarrow as pa

_ROW = "reconciliations"


@dataclass(frozen=True)
class Found:
    """What one version of the rules found in the rows whose `content_hash` is `content`.

    `tables` are those of `schemas.RECONCILED`, without the columns that the lake adds.
    """

    tables: Mapping[str, pa.Table]
    rules_version: str
    content: str

    @property
    def counts(self) -> dict[str, int]:
        """The figures of a row of `reconciliations`, by column."""
        severities = Counter(self.tables["findings"]["severity"].to_pylist())
        rows = {name: table.num_rows for name, table in self.tables.items()}
        return {**rows, "errors": severities["error"], "warnings": severities["warn"]}


@dataclass(frozen=True)
class Run:
    """Who records, in which run, when."""

    actor: str
    run_id: str
    now: datetime.datetime


def insert(lake: Attached, edition_year: int, vintage: int, found: Found, run: Run) -> None:
    """Add to a vintage what was found in it, within a transaction.

    Rules that were at work before, and are again, give the rows that are there: only that is noted.
    """
    before = versions(lake, edition_year, vintage)
    stamps = {"vintage": vintage, "rules_version": found.rules_version}
    if found.rules_version not in before:
        for name, rows in found.tables.items():
            if rows.num_rows:
                tables.insert(lake, f"{name}_vintages", tables.stamped(name, rows, stamps))
    latest = max(before.values(), default=run.now)
    row: dict[str, object] = {
        "edition_year": edition_year,
        **stamps,
        # The newest one counts, even if the clock was set back.
        "reconciled_at": max(run.now, latest + datetime.timedelta(microseconds=1)) if before else run.now,
        "actor": run.actor,
        "run_id": run.run_id,
        **found.counts,
    }
    tables.insert(lake, _ROW, schemas.RECORD[_ROW].table([row]))


def renew(lake: Attached, held: EditionState, found: Found, run: Run) -> bool:
    """Commit what these rules find in the latest vintage; whether there was anything to commit.

    There is not where they were the last to look at it, where it holds other rows than they looked
    at, or where it withdraws the edition.
    """
    year, vintage = held.source.edition_year, held.vintage
    before = versions(lake, year, vintage)
    last = max(before, key=before.__getitem__, default=None)
    if held.cause == "withdrawn" or held.content_hash != found.content or last == found.rules_version:
        return False
    key = ["reconciliation", str(year), str(vintage), found.rules_version]
    if found.rules_version in before:  # a key is for one commit
        key.append(run.now.isoformat())
    count = found.counts["findings"]
    commit(
        lake,
        lambda: insert(lake, year, vintage, found, run),
        key=":".join(key),
        message=f"Edition {year}, vintage {vintage}: {count} {'finding' if count == 1 else 'findings'} "
        f"by rules {found.rules_version}",
        actor=run.actor,
        info={"kind": "reconciliation", "edition_year": year, "vintage": vintage, "run_id": run.run_id},
    )
    return True


def versions(lake: Attached, edition_year: int, vintage: int) -> dict[str, datetime.datetime]:
    """Version of the rules → when they last looked at a vintage."""
    if _ROW not in tables.columns(lake):
        return {}
    return dict(
        lake.rows(
            f"SELECT rules_version, max(reconciled_at) FROM {lake.table(_ROW)} "
            "WHERE edition_year = ? AND vintage = ? GROUP BY rules_version",
            edition_year,
            vintage,
        )
    )


def of_vintage(lake: Attached, edition_year: int, vintage: int, content: str) -> Found | None:
    """What the last rules to look at a vintage found, for another vintage with the same rows."""
    before = versions(lake, edition_year, vintage)
    if not before:
        return None
    last = max(before, key=before.__getitem__)
    found = {}
    for name, contract in schemas.RECONCILED.items():
        read = contract.as_read()
        rows = lake.connection.execute(
            f"SELECT {', '.join(read.names)} FROM {lake.table(f'{name}_vintages')} "
            "WHERE edition_year = ? AND vintage = ? AND rules_version = ? "
            f"ORDER BY {', '.join(contract.key)}",
            [edition_year, vintage, last],
        )
        found[name] = rows.to_arrow_table().cast(read.arrow)
    return Found(found, last, content)
