"""How a hold of the writer lock begins and ends: the seal of a SQLite catalog, and the mark of a writer.

A flipped bit in a catalog is read without an error more often than not, and SQLite's own check does not
see it. The seal is a file beside the catalog with the newest snapshot and the SHA-256 of the catalog's bytes,
as the last writer left them; it is there from the first hold on. A catalog with a newer snapshot than its
seal is one whose writer died before it could seal it. The mark, beside the data, says whether the last writer
has ended well: if not, the next one looks for what it left. A PostgreSQL server answers for its own rows.
"""

import hashlib
from contextlib import suppress
from pathlib import Path

from pipelines import files
from pipelines.lake.connection import Address, sqlite_alone
from schemas.errors import LakeError

_WELL = b"ended well\n"
_OF_FILE = "file"  # ends a seal; an older one is of the catalog's rows, and says nothing of its bytes
_NONE_YET = "0" * 64  # of a first writer's, who died, or had a reader in the way as it ended


def seal_of(catalog: Path) -> Path:
    return catalog.with_name(f"{catalog.name}.sha256")


def mark_of(address: Address) -> Path:
    """Where a writer leaves whether it ended well, beside the data, for writers on other machines too."""
    return address.manifests / "last_writer"


def begin(address: Address) -> bool:
    """Before the first write of a hold: whether the last writer ended well. LakeError at a broken seal."""
    if fault := broken(address):
        hint = (
            "restore the warehouse from a backup; if it was changed on purpose, remove "
            f"{seal_of(address.file) if address.file else 'the seal'}"
        )
        raise LakeError(fault, file=address.name, hint=hint)
    if address.file is not None:
        files.put_new(seal_of(address.file), f"0 {_NONE_YET} {_OF_FILE}\n".encode())
    mark = mark_of(address)
    well = files.get(mark) == _WELL
    files.put(mark, b"at work, or died\n")
    return well


def died(address: Address) -> bool:
    """Whether the last writer did not end well; asked while nobody writes. Without a mark nobody did."""
    return files.get(mark_of(address)) not in (None, _WELL)


def end(address: Address, *, well: bool) -> None:
    """After the last write of a hold: seal the catalog, and say so if every write ended `well`."""
    mark = mark_of(address)
    with suppress(
        OSError, LakeError
    ):  # else the seal is older, which is not damage, and the next one recovers
        if address.file is not None and (said := _content(address, write=True)) is not None:
            files.put(seal_of(address.file), f"{said[0]} {said[1]} {_OF_FILE}\n".encode())
        if well:
            files.put(mark, _WELL)


def copy_seal(catalog: Path, copy: Path) -> None:
    """Seal a copy of a catalog; if that is not as it was sealed, neither is the copy."""
    seal = _read(catalog)
    if seal and broken(Address(f"sqlite:{catalog}", "")) is None:
        end(Address(f"sqlite:{copy}", ""), well=False)
    elif seal:
        files.put(seal_of(copy), files.get(seal_of(catalog)) or b"")


def broken(address: Address) -> str | None:
    """What is wrong with a catalog that is not as it was sealed; None if it is, or was never sealed."""
    seal = _read(address.file) if address.file else None
    if seal is None:
        return None
    snapshot, sha256 = seal
    if not snapshot.isdigit() or len(sha256) != 64:
        return "the catalog's seal is damaged"
    said = _content(address)
    if said is None:
        return None
    if said[0] < int(snapshot):
        return f"the catalog ends at snapshot {said[0]}, its seal is of snapshot {snapshot}"
    if said[0] == int(snapshot) and sha256 not in (said[1], _NONE_YET):
        return "the catalog is not as its last writer left it"
    return None


def _read(catalog: Path) -> tuple[str, str] | None:
    """Snapshot and hash of a seal, as written there; None without one, or with one of rows."""
    seal = files.get(seal_of(catalog))
    if seal is None:
        return None
    words = seal.decode(errors="replace").split()
    if len(words) == 2 and words[0].isdigit() and len(words[1]) == 64:
        return None
    return (words[0], words[1]) if len(words) == 3 and words[2] == _OF_FILE else ("", "")


def _content(address: Address, *, write: bool = False) -> tuple[int, str] | None:
    """The newest snapshot, 0 before the first, and the hash of the file's bytes.

    None while this process has it open in DuckDB, where there is no SQLite catalog, and while a part of it
    is in its log: with `write` that is moved to the file first, if no reader is in the way.
    """
    if address.file is None or not address.file.exists():
        return None
    log = address.file.with_name(f"{address.file.name}-wal")
    with sqlite_alone(address, "rw" if write else "ro") as catalog:
        if catalog is not None and write:
            catalog.execute("PRAGMA busy_timeout = 0")
            catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if catalog is None or (log.exists() and log.stat().st_size):
            return None
        made = catalog.execute("SELECT 1 FROM sqlite_master WHERE name = 'ducklake_snapshot'").fetchone()
        newest = catalog.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone() if made else [0]
        with address.file.open("rb") as data:
            return int(newest[0] or 0), hashlib.file_digest(data, "sha256").hexdigest()
