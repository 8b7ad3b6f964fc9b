"""Commits of the lake: each with a sentence, an author, and a key by which it is found again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from pipelines.lake import manifests
from pipelines.lake.connection import Address, Attached, attached, sqlite_alone
from pipelines.lake.lock import writer_lock

_NEWEST = (
    "SELECT snapshot_id, commit_extra_info FROM {snapshots} LEFT JOIN {changes} USING (snapshot_id) "
    # What a verification found is recorded, but changes nothing that is published.
    "WHERE coalesce(commit_extra_info, '') NOT LIKE '_\"key\": \"verification:%' "
    "ORDER BY snapshot_id DESC LIMIT 1"
)


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
    connection = lake.connection
    connection.execute("BEGIN")
    try:
        write()
        connection.execute(
            f"CALL {lake.name}.set_commit_message(?, ?, extra_info => ?)", [actor, message, extra]
        )
        writer_lock(lake.address).check()
        connection.execute("COMMIT")
    except BaseException as error:
        with suppress(duckdb.Error):  # after a failed COMMIT there is no transaction any more
            connection.execute("ROLLBACK")
        if not isinstance(error, duckdb.Error) or snapshot_of(lake, key) is None:
            raise
    snapshot = snapshot_of(lake, key)
    assert snapshot is not None  # COMMIT succeeded, or it was found above
    manifests.seal(lake, snapshot)
    return snapshot


def snapshot_of(lake: Attached, key: str) -> int | None:
    """The snapshot that was committed under `key`, if any."""
    found = [snapshot for snapshot, info in commits(lake) if info.get("key") == key]
    return found[-1] if found else None


def commits(lake: Attached) -> Iterator[tuple[int, dict[str, object]]]:
    """Every snapshot with its commit's extra info, oldest first; what is not ours has an empty one."""
    changes = lake.metadata("ducklake_snapshot_changes")
    for snapshot, extra in lake.rows(
        f"SELECT snapshot_id, commit_extra_info FROM {changes} ORDER BY snapshot_id"
    ):
        yield int(snapshot), _info(extra)


def newest_key(address: Address) -> str | None:
    """Key of the newest commit; `snapshot:<number>` if it is not ours; None without a lake.

    A SQLite catalog is read without DuckDB, in about a millisecond.
    """
    if address.file is not None and not address.file.exists():
        return None
    with sqlite_alone(address) as catalog:
        if catalog is not None:
            tables = catalog.execute("SELECT name FROM sqlite_master WHERE name = 'ducklake_snapshot'")
            if tables.fetchone() is None:
                return None
            sql = _NEWEST.format(snapshots="ducklake_snapshot", changes="ducklake_snapshot_changes")
            return _key(*catalog.execute(sql).fetchone())
    with attached(address, "reading the lake's newest commit", write=False) as lake:
        if lake is None:
            return None
        sql = _NEWEST.format(
            snapshots=lake.metadata("ducklake_snapshot"), changes=lake.metadata("ducklake_snapshot_changes")
        )
        return _key(*lake.rows(sql)[0])


def _key(snapshot: int, extra: str | None) -> str:
    return str(_info(extra).get("key", f"snapshot:{snapshot}"))


def _info(extra: str | None) -> dict[str, object]:
    try:
        info = json.loads(extra or "")
    except ValueError:
        return {}
    return info if isinstance(info, dict) else {}
