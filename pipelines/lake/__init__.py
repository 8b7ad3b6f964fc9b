"""Validated tables → one DuckLake transaction per vintage, under a lock that only one writer holds.

Belongs here: how the record is kept. `lake` is the door, `connection` how it is opened, `lock` who may
write, `attendance` which runs live, `tables` what it consists of, `decision` what a reading adds, `history`
how that is added and asked for, `commits` what makes it last, `backup` a copy of it all, `copying` one of its
catalog, `differences` what changed between two vintages. Does not: where tables come from, and the views on
top.

A vintage is rows, never overwritten; no expiry and no merging runs, here or by itself.
"""

from pipelines.lake.attendance import attend, attended
from pipelines.lake.backup import backup, before_migration, restore
from pipelines.lake.commits import evidence
from pipelines.lake.history import Authorship, Reading, RuleResults
from pipelines.lake.lake import Lake

__all__ = [
    "Authorship",
    "Lake",
    "Reading",
    "RuleResults",
    "attend",
    "attended",
    "backup",
    "before_migration",
    "evidence",
    "restore",
]
