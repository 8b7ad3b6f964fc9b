"""The seal of a SQLite catalog: a hash of all that it says, as the last writer left it.

A flipped bit in a catalog is read without an error more often than not, and SQLite's own check does not
see it. The seal is a file beside the catalog with the newest snapshot and the SHA-256 of every row. A
catalog with a newer snapshot than its seal is one whose writer died before it could seal it. A PostgreSQL
server answers for its own.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines import files
from pipelines.lake.connection import Address, sqlite_alone
from schemas.errors import LakeError

_TABLES = "SELECT name, sql FROM sqlite_master WHERE name LIKE 'ducklake_%' ORDER BY name"


def seal_of(catalog: Path) -> Path:
    return catalog.with_name(f"{catalog.name}.sha256")


@contextmanager
def sealed(address: Address) -> Iterator[None]:
    """Around a write: the catalog is checked before it, and sealed after it, also after a failed one."""
    if fault := broken(address):
        hint = (
            "restore the warehouse from a backup; if it was changed on purpose, remove "
            f"{seal_of(address.file) if address.file else 'the seal'}"
        )
        raise LakeError(fault, file=address.name, hint=hint)
    try:
        yield
    finally:
        with suppress(OSError, LakeError):  # else its seal is older: no one takes that for damage
            said = _content(address)
            if said and said[1] and address.file:
                files.put(seal_of(address.file), f"{said[0]} {said[1]}\n".encode())


def broken(address: Address) -> str | None:
    """What is wrong with a catalog that is not as it was sealed; None if it is, or was never sealed."""
    seal = files.get(seal_of(address.file)) if address.file else None
    if seal is None:
        return None
    snapshot, _, sha256 = seal.decode(errors="replace").strip().partition(" ")
    if not snapshot.isdigit() or len(sha256) != 64:
        return "the catalog's seal is damaged"
    said = _content(address)
    if said is None:
        return None
    if said[0] < int(snapshot):
        return f"the catalog ends at snapshot {said[0]}, its seal is of snapshot {snapshot}"
    if said[0] == int(snapshot) and said[1] != sha256:
        return "the catalog is not as its last writer left it"
    return None


def _content(address: Address) -> tuple[int, str] | None:
    """The newest snapshot and the hash of every row, 0 and nothing without tables.

    None while this process has it open in DuckDB, and where there is no SQLite catalog.
    """
    if address.file is None or not address.file.exists():
        return None
    with sqlite_alone(address) as catalog:
        if catalog is None:
            return None
        tables = catalog.execute(_TABLES).fetchall()
        if not tables:
            return 0, ""
        digest = hashlib.sha256()
        for name, statement in tables:
            rows = sorted(map(repr, catalog.execute(f'SELECT * FROM "{name}"')))
            digest.update("\n".join([name, statement or "", *rows, ""]).encode(errors="surrogatepass"))
        newest = catalog.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone()
        return int(newest[0] or 0), digest.hexdigest()
