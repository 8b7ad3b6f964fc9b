"""A lake's catalog copied into another one: for readers elsewhere, for a backup, or onto a server.

The other one is made by DuckLake itself, and then given the rows of this one's tables: snapshots, files and
authors are the same, only where the data is may differ.
"""

from pipelines.lake.connection import Address, attached, load_extension
from pipelines.sql import literal
from schemas.errors import LakeError

_TABLES = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND table_name LIKE 'ducklake_%'"


def copy_catalog(source: Address, target: str, data: str) -> None:
    """Copy to `target`, as DuckLake attaches it (`sqlite:…`, `postgres:…` or a file of DuckDB's own).

    `data` is where whoever opens the copy finds the data files. The writer lock must be held. Raises
    LakeError if there is no lake, or the target cannot be written.
    """
    with attached(source, "copying the lake's catalog", write=False) as lake:
        if lake is None:
            raise LakeError("there is no lake to copy yet", file=source.name, hint="run jvom build first")
        connection, copy = lake.connection, f"{lake.name}_copy"
        if target.startswith(("postgres:", "sqlite:")):
            load_extension(connection, f"{target.partition(':')[0]}_scanner")
        if "://" in data:
            load_extension(connection, "httpfs")
        options = f"DATA_PATH {literal(data)}, OVERRIDE_DATA_PATH true, DATA_INLINING_ROW_LIMIT 0"
        if ":" not in target:  # a file of DuckDB: in blocks of 256 kB a few rows of each table take 7 MB
            options += ", META_BLOCK_SIZE 16384"
        connection.execute(f"ATTACH {literal(f'ducklake:{target}')} AS {copy} ({options})")
        connection.execute(f"DETACH {copy}")  # made; from here on its tables are tables like any others
        connection.execute(f"ATTACH {literal(target)} AS {copy}")
        try:
            names = [name for (name,) in lake.rows(_TABLES, copy)]
            connection.execute("BEGIN")
            for name in names:
                connection.execute(f"DELETE FROM {copy}.{name}")
                connection.execute(f"INSERT INTO {copy}.{name} BY NAME FROM {lake.metadata(name)}")
            where = f"UPDATE {copy}.ducklake_metadata SET value = ? WHERE key = 'data_path'"
            connection.execute(where, [data])
            connection.execute("COMMIT")
        finally:
            connection.execute(f"DETACH {copy}")
