"""The release that is packaged: its own row, its editions, and how they came to be read."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.sql import rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]


@dataclass(frozen=True)
class Release:
    """A release: id, moment of its first publication (UTC), versions; `shown` is edition → vintage."""

    release_id: str
    published_at: datetime.datetime
    contract_version: str
    shown: dict[int, int]
    editions: list[Row]
    readings: list[Row]

    @classmethod
    def of(cls, connection: DuckDBPyConnection) -> Release:
        """The release that an open published file shows."""
        own = rows(connection, "FROM releases ORDER BY rowid")[-1]
        return cls(
            release_id=own["release_id"],
            published_at=own["published_at"],
            contract_version=own["contract_version"],
            shown=dict(own["vintages"]),
            editions=rows(connection, "FROM editions ORDER BY edition_year"),
            readings=rows(
                connection,
                "SELECT v.*, e.source_path, e.title, e.source_url FROM vintages v "
                "JOIN editions_vintages e USING (edition_year, vintage) ORDER BY edition_year, vintage",
            ),
        )

    @property
    def period(self) -> tuple[datetime.date, datetime.date] | None:
        """First and last day that the editions speak of; None where no edition says."""
        starts = [row["period_start"] for row in self.editions if row["period_start"]]
        ends = [row["period_end"] for row in self.editions if row["period_end"]]
        return (min(starts), max(ends)) if starts and ends else None


def named(edition: Row) -> str:
    """An edition's title, or what to call it without one."""
    return str(edition["title"] or f"Report of {edition['edition_year']}")
