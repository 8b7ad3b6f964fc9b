"""Validated tables → one DuckLake transaction per vintage, under a lock that only one writer holds.

What belongs here: everything that knows how the record is kept (`lake` is the door, `connection`
how it is opened, `lock` who may write, `layout` its tables, `decision` what a reading adds,
`commits` and `manifests` what makes it last, `upkeep` what a dead writer leaves, `backup`). What
does not: where tables come from, and the views on top.

A vintage is rows, never overwritten; no expiry and no merging runs, here or by itself.
"""

from __future__ import annotations

from pipelines.lake.backup import backup, before_migration
from pipelines.lake.evidence import evidence
from pipelines.lake.lake import Lake
from pipelines.lake.reconciliation import Found

__all__ = ["Found", "Lake", "backup", "before_migration", "evidence"]
