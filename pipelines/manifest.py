"""The manifest of a release: everything that it was made of, with hashes. Tables in, one document out.

`warehouse/releases/<release_id>/manifest.json` is written at each publish. The same content has the
same id, so a manifest is written again when its release is: the hash is of the file last published.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "manifest.json"

_EDITION = ("title", "kamerstuk", "source_path", "source_sha256", "source_bytes", "source_fidelity")


def build(
    release: Mapping[str, Any],
    tables: Mapping[str, pa.Table],
    *,
    file: Path,
    stored: Sequence[Mapping[str, object]],
    extensions: Sequence[Mapping[str, object]],
) -> dict[str, Any]:
    """The manifest of a release that is published as `file`.

    `tables` are the published base tables, `stored` the lake's Parquet files with size and SHA-256,
    `extensions` what the lake was written with and where that came from.
    """
    shown = dict(release["vintages"])
    editions = {
        (row["edition_year"], row["vintage"]): {name: row[name] for name in _EDITION}
        for row in tables["editions_vintages"].to_pylist()
    }
    return {
        "release_id": release["release_id"],
        "contract_version": release["contract_version"],
        "snapshot_id": release["snapshot_id"],
        "git_commit": release["git_commit"],
        "editions": [
            {"edition_year": year, "vintage": vintage, **editions[year, vintage]}
            for year, vintage in sorted(shown.items())
        ],
        "vintages": [
            {**row, "row_counts": dict(row["row_counts"])} for row in tables["vintages"].to_pylist()
        ],
        "parquet": [dict(entry) for entry in stored],
        "published": {"path": file.name, "bytes": file.stat().st_size, "sha256": sha256(file)},
        "tools": dict(release["tool_versions"]),
        "extensions": [dict(extension) for extension in extensions],
    }


def write(folder: Path, manifest: Mapping[str, Any]) -> Path:
    """Put the manifest where it belongs under `folder`, whole or not at all; OSError where it cannot."""
    target = folder / str(manifest["release_id"]) / NAME
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{NAME}.{os.getpid()}")
    with aside.open("w", encoding="utf-8") as stream:
        json.dump(manifest, stream, ensure_ascii=False, indent=1, default=str)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(target)
    return target


def read(folder: Path, release_id: str) -> dict[str, Any] | None:
    """The manifest of a release; None where there is none, or none that can be read."""
    try:
        found = json.loads((folder / release_id / NAME).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def sha256(file: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
