"""What a writer that died leaves behind: commits without a manifest, files without a commit.

Nothing else is ever tidied up: no expiry, no merging. Both would make open readers of a SQLite
catalog see wrong rows, silently.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from pipelines.lake import manifests, tables
from pipelines.lake.connection import Attached

_OURS = re.compile(r"ducklake-[0-9a-f-]{36}\.parquet")


def recover(lake: Attached) -> list[str]:
    """Complete missing manifests and remove files that no snapshot names; what was done, in sentences.

    The writer lock must be held: another writer's files have no snapshot yet either.
    """
    if not tables.columns(lake):
        return []  # the writer died before the lake was made: nothing in the folder is known to be ours
    return [*_complete_manifests(lake), *_remove_orphans(lake)]


def _complete_manifests(lake: Attached) -> list[str]:
    sentences = []
    for snapshot in manifests.missing(lake):
        try:
            manifests.seal(lake, snapshot, late=True)
            sentences.append(f"completed the manifest of snapshot {snapshot}")
        except FileNotFoundError as error:
            sentences.append(
                f"snapshot {snapshot} names a file that is gone: {error.filename}; restore it from a backup"
            )
    return sentences


def _remove_orphans(lake: Attached) -> list[str]:
    orphans = [str(path) for (path,) in _orphans(lake, dry_run=True)]
    foreign = [path for path in orphans if not _certainly_left_over(lake, path)]
    if foreign:
        # DuckLake removes all or none, so nothing goes while one of them may be of use.
        return [f"left {len(orphans)} files alone that no snapshot names, such as {foreign[0]}"]
    if orphans:
        _orphans(lake, dry_run=False)
    return [f"removed {path}, which no snapshot names" for path in orphans]


def _certainly_left_over(lake: Attached, path: str) -> bool:
    """Written by DuckLake, and never committed as far as the manifests know (a catalog may be older)."""
    address = lake.address
    if not _OURS.fullmatch(PurePosixPath(path).name):
        return False
    if address.folder is None or address.manifests is None:
        return True
    known = manifests.named(address.manifests)
    return not any(path.endswith(name) for name in known)


def _orphans(lake: Attached, *, dry_run: bool) -> list[tuple[object, ...]]:
    return lake.rows(
        f"CALL ducklake_delete_orphaned_files('{lake.name}', dry_run => {dry_run}, cleanup_all => true)"
    )
