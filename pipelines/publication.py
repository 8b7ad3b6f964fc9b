"""The published file in a store: `published/<release>.duckdb`, and a pointer that says which is in force.

The pointer comes last, so that readers see one release or the next; each machine keeps a copy of what it
points to, and a copy is in force only while its hash is one that the pointer names. Without a store none of
this is used: there the file is `warehouse/jvom.duckdb`. Standard library only.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipelines import files
from schemas.errors import LakeError

POINTER = "latest.json"
FOLDER = "published"  # of what releases leave for others: a list in it says what is there


def building(warehouse: Path, release_id: str) -> Path:
    """Where this machine builds the file of a release, to be put into the store."""
    return warehouse / FOLDER / f"{release_id}.duckdb"


def copy(store: Path, warehouse: Path) -> Path:
    """This machine's copy of the file in force, fetched if need be; a path with no file if there is none.

    Raises LakeError where the store has another file than its pointer says.
    """
    home, here = store / FOLDER, warehouse / FOLDER
    for _ in range(3):  # the pointer may have moved on between its reading and the file's
        named = _pointer(home)
        if named is None:
            return here / "nothing.duckdb"
        release_id, hashes = named["release_id"], named["sha256"]
        for sha256 in hashes:
            if (kept := _copy(here, release_id, sha256)).exists():
                return kept
        with suppress(FileNotFoundError):
            data = (home / f"{release_id}.duckdb").read_bytes()
            sha256 = hashlib.sha256(data).hexdigest()
            if sha256 in hashes:
                return _keep(here, release_id, sha256, data)
    message = f"is not the file that {home / POINTER} names"
    hint = f"remove {home / POINTER} and run jvom build: it publishes again; no release is touched"
    raise LakeError(message, file=str(home / f"{release_id}.duckdb"), hint=hint)


def put(store: Path, file: Path, release_id: str, sha256: str) -> None:
    """Put the file of a release into the store, then have the pointer name it; the lake's lock must be held.

    Where the same release is published with other bytes, the pointer names both while they change places.
    """
    home, named, data = store / FOLDER, _pointer(store / FOLDER), file.read_bytes()
    with files.writable(str(home), "free some space, or mend the store's folder, then run jvom build"):
        if named and named["release_id"] == release_id and sha256 not in named["sha256"]:
            _point(home, release_id, [sha256, *named["sha256"]])
        leave(home, {f"{release_id}.duckdb": data})
        _point(home, release_id, [sha256])
        _keep(file.parent, release_id, sha256, data)
        file.unlink()


def leave(home: Path, data: Mapping[str, bytes]) -> None:
    """Put files beside those of the releases before, and into the list; the lake's lock must be held."""
    for name, each in data.items():
        files.put(home / name, each)
    files.enlist(home, data)


def _keep(here: Path, release_id: str, sha256: str, data: bytes) -> Path:
    """Keep a copy, and drop those before it: whoever reads one has it open."""
    kept = _copy(here, release_id, sha256)
    with files.writable(str(here), "free some disk space"):
        files.put(kept, data, mode=0o444)
        for other in here.glob("*.duckdb"):
            if other != kept and "-" in other.name:
                other.unlink(missing_ok=True)
    return kept


def _copy(here: Path, release_id: str, sha256: str) -> Path:
    return here / f"{release_id}-{sha256[:16]}.duckdb"


def _point(home: Path, release_id: str, hashes: list[str]) -> None:
    leave(home, {POINTER: f"{json.dumps({'release_id': release_id, 'sha256': hashes})}\n".encode()})


def _pointer(home: Path) -> dict[str, Any] | None:
    try:
        named = json.loads((home / POINTER).read_bytes())
        return {"release_id": str(named["release_id"]), "sha256": list(map(str, named["sha256"]))}
    except FileNotFoundError:
        return None
    except OSError as error:  # it may be sound: nobody is to remove it
        hint = "make it readable for whoever runs this, then run it again"
        raise LakeError(f"cannot be read: {error}", file=str(home / POINTER), hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        hint = "remove it and run jvom build: it publishes again; no release is touched"
        raise LakeError(f"cannot be read: {error}", file=str(home / POINTER), hint=hint) from error
