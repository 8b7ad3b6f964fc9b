"""What the lake itself says of one snapshot: its commit, its data files, and their hashes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipelines.lake.connection import Address, attached, sqlite_alone
from pipelines.model import Evidence, StoredFile

_TABLES = ("snapshot", "snapshot_changes", "data_file", "table", "schema")
_COMMIT = """
SELECT CAST(snapshot_time AS VARCHAR), author, commit_message
FROM {snapshot} JOIN {snapshot_changes} USING (snapshot_id)
WHERE snapshot_id = {number}
"""
_FILES = """
SELECT DISTINCT s.path || t.path || f.path AS path
FROM {data_file} f JOIN {table} t USING (table_id) JOIN {schema} s USING (schema_id)
WHERE f.path_is_relative AND f.begin_snapshot = {number}
ORDER BY path
"""


def evidence(catalog: str, data: str, snapshot_id: int) -> Evidence | None:
    """The commit of a snapshot and the files that it added; None where the lake has no such snapshot.

    Addresses are those of `Lake`. A SQLite catalog is read without DuckDB, in milliseconds. Raises
    LakeError where the catalog cannot be read.
    """
    address = Address(catalog, data)
    if address.file is not None and not address.file.exists():
        return None
    with sqlite_alone(address) as alone:
        if alone is not None:
            names = {name: f'"ducklake_{name}"' for name in _TABLES}
            return _told(address, snapshot_id, lambda sql: alone.execute(sql).fetchall(), names)
    with attached(address, "reading a snapshot's commit", write=False) as lake:
        if lake is None:
            return None
        names = {name: lake.metadata(f"ducklake_{name}") for name in _TABLES}
        return _told(address, snapshot_id, lake.rows, names)


def _told(address: Address, number: int, rows: Any, names: dict[str, str]) -> Evidence | None:
    commit = rows(_COMMIT.format(number=int(number), **names))
    if not commit:
        return None
    hashes = _hashes(address.manifests, number)
    files = [
        StoredFile(path, *hashes.get(path, (None, None)))
        for (path,) in rows(_FILES.format(number=int(number), **names))
    ]
    committed_at, author, message = commit[0]
    return Evidence(number, committed_at, author, message, tuple(files))


def _hashes(home: Path | None, number: int) -> dict[str, tuple[int, str]]:
    """File → size and SHA-256 as the snapshot's manifest has them; empty where there is none."""
    try:
        manifest = json.loads((home / f"{number:09d}.json").read_bytes()) if home else {"files": []}
        return {entry["path"]: (entry["bytes"], entry["sha256"]) for entry in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
