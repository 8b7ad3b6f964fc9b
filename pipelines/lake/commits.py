"""Commits of the lake, and what makes them last.

Each has a sentence, an author, and a key by which it is found again. DuckDB never fsyncs Parquet, and a
flipped bit in it is read without an error more often than not: so the files and folders of each commit are
synced, and a manifest beside the data folder keeps size and SHA-256 of each file.

A writer that died leaves commits without a manifest, and files without a commit; `recover` mends that.
Nothing else is ever tidied up: expiry and merging would make open readers of a SQLite catalog see wrong
rows, silently.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from pipelines import files
from pipelines.lake.connection import Address, Attached, Catalog, catalog
from pipelines.lake.lock import writer_lock
from pipelines.model import Evidence, StoredFile

_OURS = re.compile(r"(?:^|/)ducklake-[0-9a-f-]{36}\.parquet$")
_FILES = """
SELECT DISTINCT f.begin_snapshot AS snapshot, s.path || t.path || f.path AS path
FROM {ducklake_data_file} f
JOIN {ducklake_table} t USING (table_id) JOIN {ducklake_schema} s USING (schema_id)
WHERE f.path_is_relative AND f.begin_snapshot BETWEEN ? AND ?
ORDER BY snapshot, path
"""
_LAST = 2**62  # no snapshot has a greater number
_COMMIT = """
SELECT CAST(snapshot_time AS VARCHAR), author, commit_message
FROM {ducklake_snapshot} JOIN {ducklake_snapshot_changes} USING (snapshot_id) WHERE snapshot_id = ?
"""
_NEWEST = """
SELECT snapshot_id, commit_extra_info
FROM {ducklake_snapshot} LEFT JOIN {ducklake_snapshot_changes} USING (snapshot_id)
WHERE coalesce(commit_extra_info, '') NOT LIKE '_"key": "verification:%' -- changes nothing that is published
ORDER BY snapshot_id DESC LIMIT 1
"""


def commit(
    lake: Attached,
    write: Callable[[], None],
    *,
    key: str,
    message: str,
    actor: str,
    info: Mapping[str, object],
) -> int:
    """Write in one transaction, make its files last, and return its snapshot.

    An error at COMMIT leaves open whether it landed, so the key is looked for before giving up.
    `info` goes into the commit's extra info beside the key. The lake's writer lock must be held.
    """
    import duckdb

    extra = json.dumps({"key": key, **info}, ensure_ascii=False)
    lake.connection.execute("BEGIN")
    try:
        write()
        lake.connection.execute(
            f"CALL {lake.name}.set_commit_message(?, ?, extra_info => ?)", [actor, message, extra]
        )
        writer_lock(lake.address.catalog).check()
        lake.connection.execute("COMMIT")
        snapshot: int | None = lake.rows(f"FROM {lake.name}.last_committed_snapshot()")[0][0]
    except BaseException as error:
        with suppress(duckdb.Error):  # after a failed COMMIT there is no transaction any more
            lake.connection.execute("ROLLBACK")
        snapshot = snapshot_of(lake, key) if isinstance(error, duckdb.Error) else None
        if snapshot is None:
            raise
    assert snapshot is not None  # COMMIT succeeded, or it was found above
    write_manifest(lake, snapshot)
    return snapshot


def snapshot_of(lake: Attached, key: str) -> int | None:
    """The newest snapshot whose key is this one or, if it ends in a colon, begins with it."""
    query = "SELECT max(snapshot_id) FROM {ducklake_snapshot_changes} WHERE contains(commit_extra_info, ?)"
    named = json.dumps({"key": key}, ensure_ascii=False)[1:-1]
    ((snapshot,),) = _rows(lake, query, named.removesuffix('"') if key.endswith(":") else named)
    return int(snapshot) if snapshot is not None else None


def commits(lake: Catalog, since: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Snapshots after `since`, oldest first, with their commits' extra info; that of a foreign is empty.

    A commit of several vintages has an extra info for each of them.
    """
    query = (
        "SELECT snapshot_id, commit_extra_info FROM {ducklake_snapshot_changes} WHERE snapshot_id > ? "
        "ORDER BY snapshot_id"
    )
    for snapshot, extra in _rows(lake, query, -1 if since is None else since):
        info = _info(extra)
        for each in (info, *info.pop(ALSO, ())):
            yield int(snapshot), each


def key_of(lake: Catalog, snapshot: int) -> str | None:
    """The key of the commit that made a snapshot; None without either."""
    query = "SELECT commit_extra_info FROM {ducklake_snapshot_changes} WHERE snapshot_id = ?"
    key = next((_info(extra).get("key") for (extra,) in _rows(lake, query, snapshot)), None)
    return None if key is None else str(key)


ALSO = "also"  # in the extra info of a commit of several vintages: that of each but the first
EMPTY = "snapshot:0"  # the newest key of a lake that was made, and in which nothing was recorded


def newest_key(address: Address) -> str | None:
    """Key of the newest commit; `snapshot:<number>` if it is foreign; None without a lake."""
    with catalog(address, "reading the lake's newest commit") as lake:
        if lake is None:
            return None
        ((snapshot, extra),) = _rows(lake, _NEWEST)
        return str(_info(extra).get("key", f"snapshot:{snapshot}"))


def evidence(catalog_address: str, data: str, snapshot_id: int) -> Evidence | None:
    """The commit of a snapshot and the files that it added; None if the lake has no such snapshot.

    Addresses are those of `Lake`. Raises LakeError if the catalog cannot be read.
    """
    with catalog(Address(catalog_address, data), "reading a snapshot's commit") as lake:
        about = _rows(lake, _COMMIT, snapshot_id) if lake else []
        if lake is None or not about:
            return None
        added = stored_files(lake, snapshot_id, snapshot_id)
    stored = tuple(StoredFile(file["path"], file["bytes"], file["sha256"]) for file in added)
    committed_at, author, message = about[0]
    return Evidence(snapshot_id, committed_at, author, message, stored)


def stored_files(lake: Catalog, first: int = 0, last: int = _LAST) -> list[dict[str, Any]]:
    """Data files that snapshots from `first` to `last` added: path in the data folder, snapshot, size, hash.

    Size and hash are those of the manifest; None without one.
    """
    listed: list[dict[str, Any]] = []
    for snapshot, paths in _data_files(lake, first, last).items():
        entries = _manifest(lake.address.manifests, _name(snapshot))
        for path in paths:
            size, sha256 = entries.get(path, (None, None))
            listed.append({"path": path, "snapshot": snapshot, "bytes": size, "sha256": sha256})
    return listed


def write_manifest(lake: Catalog, snapshot: int, *, late: bool = False) -> None:
    """Sync the files that a snapshot added and list them in its manifest; nothing to do for remote data.

    `late` marks a manifest that a later run wrote, because the first one died. Raises OSError if a file
    cannot be read or synced.
    """
    folder, home = lake.address.folder, lake.address.manifests
    added = _data_files(lake, snapshot, snapshot).get(snapshot, [])
    if not added:
        return
    entries = []
    for path in added:
        files.sync(folder / path)
        data = (folder / path).read_bytes()
        entries.append({"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    for parent in {parent for path in added for parent in PurePosixPath(path).parents}:
        files.sync(folder / parent)  # their entries must last too, up to the data folder's
    files.put(home / _name(snapshot), _manifest_text(snapshot, entries, late=late))


def altered_manifests(lake: Catalog) -> list[int]:
    """Snapshots whose manifest is there, and is not as `write_manifest` writes it of what it says."""
    home, altered = lake.address.manifests, []
    for snapshot in _data_files(lake):
        found = files.get(home / _name(snapshot))
        said = _manifest(home, _name(snapshot))
        entries = [{"path": path, "bytes": size, "sha256": sha256} for path, (size, sha256) in said.items()]
        texts = [_manifest_text(snapshot, entries, late=late) for late in (False, True)]
        if found is not None and found not in texts:
            altered.append(snapshot)
    return altered


def all_manifests(address: Address) -> dict[str, object] | None:
    """How many manifests there are, the name of the newest, and the SHA-256 of all, one after the other.

    They name every data file by its hash, and none is written again: so the hash of the first so many stays.
    """
    listed = sorted(address.manifests.glob("[!.]*.json"))
    if not listed:
        return None
    digest = hashlib.sha256(b"".join(files.get(file) or b"" for file in listed)).hexdigest()
    return {"count": len(listed), "newest": listed[-1].name, "sha256": digest}


def _manifest_text(snapshot: int, entries: list[dict[str, object]], *, late: bool) -> bytes:
    manifest = {"snapshot": snapshot, "late": late, "files": entries}
    return json.dumps(manifest, indent=1).encode() + b"\n"


def recover(lake: Attached) -> list[str]:
    """Complete missing manifests and remove files that no snapshot names; what was done, in sentences.

    The writer lock must be held: another writer's files have no snapshot yet either.
    """
    done = []
    for snapshot in _data_files(lake):
        try:
            if not _manifest(lake.address.manifests, _name(snapshot)):
                write_manifest(lake, snapshot, late=True)
                done.append(f"completed the manifest of snapshot {snapshot}")
        except FileNotFoundError as error:
            missing = f"names a file that is gone: {error.filename}; restore it from a backup"
            done.append(f"snapshot {snapshot} {missing}")
    return [*done, *_remove_orphans(lake)]


def _remove_orphans(lake: Attached) -> list[str]:
    remove = "CALL ducklake_delete_orphaned_files('{}', dry_run => {}, cleanup_all => true)"
    orphans = [str(path) for (path,) in lake.rows(remove.format(lake.name, True))]
    # Ours are written by DuckLake, and never committed as far as the manifests know (a catalog may be older).
    home = lake.address.manifests
    names = [file.name for file in home.glob("*.json")] if orphans else []
    known = tuple(path for name in names for path in _manifest(home, name))
    foreign = [path for path in orphans if path.endswith(known) or not _OURS.search(path)]
    if foreign:
        # DuckLake removes all or none, so nothing goes while one of them may be of use.
        return [f"left {len(orphans)} files alone that no snapshot names, such as {foreign[0]}"]
    if orphans:
        lake.rows(remove.format(lake.name, False))
    return [f"removed {path}, which no snapshot names" for path in orphans]


def _data_files(lake: Catalog, first: int = 0, last: int = _LAST) -> dict[int, list[str]]:
    """Snapshot, from `first` to `last` → the data files that it added, relative to the data folder."""
    added: dict[int, list[str]] = {}
    for snapshot, path in _rows(lake, _FILES, first, last):
        added.setdefault(int(snapshot), []).append(str(path))
    return added


def _name(snapshot: int) -> str:
    return f"{snapshot:09d}.json"


def _manifest(folder: Path, name: str) -> dict[str, tuple[int, str]]:
    """Data file → size and SHA-256 by a manifest; empty if that is missing or damaged."""
    try:
        manifest = json.loads(files.get(folder / name) or b"")
        return {entry["path"]: (entry["bytes"], entry["sha256"]) for entry in manifest["files"]}
    except (ValueError, KeyError, TypeError):
        return {}


def _rows(lake: Catalog, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of a query on DuckLake's own tables, which it names in braces."""
    names = {name: lake.metadata(name) for name in re.findall(r"{(ducklake_\w+)}", query)}
    return lake.rows(query.format(**names), *values)


def _info(extra: str | None) -> dict[str, Any]:
    try:
        info = json.loads(extra or "")
    except ValueError:
        return {}
    return info if isinstance(info, dict) else {}
