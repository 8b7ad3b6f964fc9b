"""What publishing would change for readers: relations and columns, and every value that would be another.

Here belongs the comparison of the published file with what the code at work makes of the record, and of rows
that a build would add to it. Nothing is written. What a new vintage says of itself (who, when, where) is no
value and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import schemas
from pipelines import sql
from pipelines.lake import Lake
from pipelines.publish import base, catalogue, published, release
from pipelines.publish.effects import Effects, compare
from pipelines.settings import Settings
from schemas import registry

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"


def effects(settings: Settings, added: Iterable[Mapping[str, pa.Table]]) -> Effects:
    """What readers would find changed if these rows were added to the lake's tables and all was published."""
    import pyarrow as pa

    tables = base.load(settings.published, Lake.of(settings))
    try:
        for rows in added:
            for name, new in rows.items():
                before = tables[name]
                tables.given[name] = pa.concat_tables([before, new], promote_options="default")
        evaluated = release.evaluate(tables, settings, registry.load())
    finally:
        tables.close()
    there: dict[str, set[str]] = {}
    ours = {name: relation.names for name, relation in catalogue.relations().items()}
    values = {name: rows for name, rows in evaluated.items() if schemas.RELATIONS[name].schema != "internal"}
    with published.connect(settings.published) as connection:
        for row in sql.rows(connection, _COLUMNS):
            there.setdefault(row["table_name"], set()).add(row["column_name"])

        def read(name: str, columns: Sequence[str]) -> pa.Table:
            return connection.execute(f"SELECT {sql.names(columns)} FROM {name}").to_arrow_table()

        return compare(there, ours, read, values)
