"""The checks that a recorded value passed, one by one, as the published file has them from the contracts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.trace.model import Check
from pipelines.trace.needs import Need

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NOTE = (
    "a reading of which any row fails one is refused and never becomes a vintage; "
    "listed as the contracts of this release state them"
)


def checks(connection: DuckDBPyConnection, needed: Iterable[Need]) -> tuple[Check, ...]:
    """Those on the columns that a value rests on, on its rows as wholes, and on rows of `cells`.

    None where the file is of a version that did not have them yet.
    """
    there = "SELECT 1 FROM duckdb_functions() WHERE function_name = 'contract_checks'"
    if not connection.execute(there).fetchone():
        return ()
    (said,) = connection.execute("SELECT contract_checks()").fetchone() or ("[]",)
    demands = json.loads(said)
    found = [
        Check(demand["table_name"], demand["column"], demand["check"], "passed")
        for need in needed
        for demand in demands
        if _concerns(demand, need.table, need.columns) or _concerns(demand, "cells", ())
    ]
    return tuple(dict.fromkeys(found))


def _concerns(demand: Mapping[str, Any], table: str, columns: tuple[str, ...]) -> bool:
    if demand["table_name"] != table:
        return False
    if demand["column"] is not None:
        return demand["column"] in columns
    return not demand["names"] or bool(set(demand["names"]) & set(columns))
