"""What rules find, for tests: rows of findings and of the other tables of reconciliation, with defaults.

`found_tables({"findings": [{"edition_year": 2024, "mission_id": "unifil"}]})` gives the tables of the
record for them; what is left out of a row gets a sensible value.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

import schemas
from pipelines.lake import Found

RULES_VERSION = "1" * 12
LOOKED_AT = datetime.datetime(2024, 5, 15, 14, 0)

Row = Mapping[str, Any]

_STORED = {"vintage": 1, "rules_version": RULES_VERSION}
_PLACE = {"source_page": 2, "source_line": 40, "source_line_end": 41}


def row_of(name: str, row: Row) -> dict[str, Any]:
    """A row of a table of reconciliation, of vintage 1 and by the usual rules unless it says otherwise."""
    mission_id = row.get("mission_id")
    cell = {"table_name": "personnel", "row_key": mission_id, "column_name": "deployed_total"}
    defaults: dict[str, dict[str, Any]] = {
        "findings": {
            "finding_id": f"{row.get('rule', 'row_total')}-{mission_id}",
            "rule": "row_total",
            "severity": "error",
            "side_a": {**cell, "value": "3", "page": 17, "line": 100, "text": "3"},
            "message": "3 is not 4.",
            "evidence_lines": [100],
        },
        "statements": {
            "statement_id": f"statement-{mission_id}",
            "quantity": "deployed_total",
            "value": 3,
            "value_low": 3,
            "value_high": 3,
            "as_printed": "drie militairen",
            "char_start": 5,
            "char_end": 20,
            "pattern": "persons",
            **_PLACE,
        },
        "mission_events": {
            "event_id": f"event-{mission_id}",
            "event": "contribution ended",
            "date": datetime.date(2024, 3, 1),
            "precision": "month",
            "as_printed": "maart 2024",
            **_PLACE,
        },
        "unread_sentences": {
            "number": 1,
            "mission_ids": [],
            "numbers": ["drie"],
            "as_printed": "Drie.",
            **_PLACE,
        },
    }
    return {**_STORED, **defaults[name], **row}


def found(rows: Mapping[str, Sequence[Row]], *, rules_version: str = RULES_VERSION, content: str) -> Found:
    """What rules found in rows with this content hash."""
    tables = {
        name: contract.as_read().table([row_of(name, row) for row in rows.get(name, ())])
        for name, contract in schemas.RECONCILED.items()
    }
    return Found(tables, rules_version, content)


def found_tables(rows: Mapping[str, Sequence[Row]]) -> dict[str, pa.Table]:
    """The record's tables of what rules found, with a reconciliation for each vintage and version.

    Those of a later version of the rules are later.
    """
    filled = {name: [row_of(name, row) for row in rows.get(name, ())] for name in schemas.RECONCILED}
    keys = ("edition_year", "vintage", "rules_version")
    looked: dict[tuple[Any, ...], Counter[str]] = {}
    for name, of_table in filled.items():
        for row in of_table:
            looked.setdefault(tuple(row[key] for key in keys), Counter())[name] += 1
    reconciliations = [
        {
            **dict(zip(keys, key, strict=True)),
            **{name: counts[name] for name in schemas.RECONCILED},
            "errors": 0,
            "warnings": 0,
            "reconciled_at": LOOKED_AT + datetime.timedelta(minutes=minute),
            "actor": "tester",
            "run_id": "run",
        }
        for minute, (key, counts) in enumerate(sorted(looked.items()))
    ]
    return {
        **{
            f"{name}_vintages": schemas.VINTAGE_TABLES[f"{name}_vintages"].table(of_table)
            for name, of_table in filled.items()
        },
        "reconciliations": schemas.RECORD["reconciliations"].table(reconciliations),
    }
