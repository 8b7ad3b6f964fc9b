"""What makes a commit last: its files on disk for certain, and their hashes written down.

DuckDB never fsyncs Parquet, and a flipped bit in it is read without an error more often than not.
So each commit's files and folders are synced, and a manifest beside the data folder keeps size and
SHA-256 of each. That is for local data: an object store answers for its own objects.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipelines.files import put, sync
from pipelines.lake.connection import Attached

_FILES = """
SELECT DISTINCT s.path || t.path || f.path AS path, f.begin_snapshot AS snapshot
FROM {files} f JOIN {tables} t USING (table_id) JOIN {schemas} s USING (schema_id)
WHERE f.path_is_relative
ORDER BY snapshot, path
"""


def files(lake: Attached) -> dict[int, list[str]]:
    """Snapshot → the data files that it added, relative to the data folder."""
    sql = _FILES.format(
        files=lake.metadata("ducklake_data_file"),
        tables=lake.metadata("ducklake_table"),
        schemas=lake.metadata("ducklake_schema"),
    )
    added: dict[int, list[str]] = {}
    for path, snapshot in lake.rows(sql):
        added.setdefault(int(snapshot), []).append(str(path))
    return added


def seal(lake: Attached, snapshot: int, *, late: bool = False) -> None:
    """Sync the files that a snapshot added and write its manifest; nothing to do for remote data.

    `late` marks a manifest that was written by a later run, because the first one died.
    Raises OSError where a file cannot be read or synced.
    """
    folder, home = lake.address.folder, lake.address.manifests
    added = files(lake).get(snapshot, [])
    if folder is None or home is None or not added:
        return
    entries = [_sealed(folder, path) for path in added]
    for parent in {parent for path in added for parent in _parents(folder, folder / path)}:
        sync(parent)
    manifest = json.dumps({"snapshot": snapshot, "late": late, "files": entries}, indent=1)
    put(home / f"{snapshot:09d}.json", manifest.encode() + b"\n")


def missing(lake: Attached) -> list[int]:
    """Snapshots with files but without a whole manifest."""
    home = lake.address.manifests
    if home is None:
        return []
    return [number for number in files(lake) if not read(home / f"{number:09d}.json")]


def named(home: Path) -> set[str]:
    """Every data file that a manifest names."""
    return {path for manifest in home.glob("*.json") for path in read(manifest)}


def read(manifest: Path) -> dict[str, str]:
    """Data file → SHA-256 of a manifest; empty where it is missing or damaged."""
    try:
        return {entry["path"]: entry["sha256"] for entry in json.loads(manifest.read_bytes())["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def stored(lake: Attached) -> list[dict[str, object]]:
    """Every data file with its snapshot, size and SHA-256 (null where no manifest has them)."""
    home = lake.address.manifests
    listed: list[dict[str, object]] = []
    for snapshot, paths in files(lake).items():
        known: dict[str, dict[str, object]] = {}
        with suppress(OSError, ValueError, KeyError, TypeError):
            if home is not None:
                entries = json.loads((home / f"{snapshot:09d}.json").read_bytes())["files"]
                known = {entry["path"]: entry for entry in entries}
        for path in paths:
            entry = known.get(path, {})
            size, digest = entry.get("bytes"), entry.get("sha256")
            listed.append({"path": path, "snapshot": snapshot, "bytes": size, "sha256": digest})
    return listed


def _sealed(folder: Path, path: str) -> dict[str, object]:
    file = folder / path
    sync(file)
    with file.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    return {"path": path, "bytes": file.stat().st_size, "sha256": digest}


def _parents(folder: Path, file: Path) -> Iterator[Path]:
    """Folders of a file up to the data folder, whose entries must last too."""
    for parent in file.parents:
        yield parent
        if parent == folder:
            return
