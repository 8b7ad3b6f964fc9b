"""The manifest of a release: everything that it was made of, with hashes. Tables in, one document out.

`warehouse/releases/<release_id>/manifest.json` is written at each publish. The same content has the
same id, so a manifest is written again when its release is: the hash is of the file last published.
It ends with a hash of itself, and beside it lies what the release changed, in words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import files
from pipelines.publish import changelog

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
    versions: Mapping[str, str],
) -> dict[str, Any]:
    """The manifest of a release that is published as `file`.

    `tables` are the published base tables, `stored` the lake's Parquet files with size and SHA-256,
    `extensions` what the lake was written with and where that came from, `versions` hashes of what
    else the release shows: `views` and `registry`.
    """
    shown = dict(release["vintages"])
    before = changelog.previous(tables["releases"].to_pylist(), release["release_id"])
    editions = {
        (row["edition_year"], row["vintage"]): {name: row[name] for name in _EDITION}
        for row in tables["editions_vintages"].to_pylist()
    }
    return {
        "release_id": release["release_id"],
        "previous_release_id": before["release_id"] if before else None,
        "contract_version": release["contract_version"],
        **versions,
        "snapshot_id": release["snapshot_id"],
        "git_commit": release["git_commit"],
        "editions": [
            {"edition_year": year, "vintage": vintage, **editions[year, vintage]}
            for year, vintage in sorted(shown.items())
        ],
        "vintages": [
            {**row, "row_counts": dict(row["row_counts"])} for row in tables["vintages"].to_pylist()
        ],
        "changes": changelog.entries(tables, release, before),
        "parquet": [dict(entry) for entry in stored],
        "published": {"path": file.name, "bytes": file.stat().st_size, "sha256": sha256(file)},
        "tools": dict(release["tool_versions"]),
        "extensions": [dict(extension) for extension in extensions],
    }


def write(folder: Path, manifest: Mapping[str, Any]) -> Path:
    """Put the manifest and its change log where they belong under `folder`; OSError where it cannot.

    Each file is there whole or not at all.
    """
    home = folder / str(manifest["release_id"])
    since = manifest["previous_release_id"]
    page = changelog.page(manifest, read(folder, since) if since else None)
    files.put(home / changelog.PAGE, page.encode())
    listed = {**manifest, "changes_sha256": hashlib.sha256(page.encode()).hexdigest()}
    whole = {**listed, "self_sha256": _own_hash(listed)}
    text = json.dumps(whole, ensure_ascii=False, indent=1, default=str)
    files.put(home / NAME, f"{text}\n".encode())
    return home / NAME


def intact(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest is as it was written, by the hash of itself at its end."""
    rest = {name: value for name, value in manifest.items() if name != "self_sha256"}
    return manifest.get("self_sha256") == _own_hash(rest)


def _own_hash(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, ensure_ascii=False, default=str).encode()).hexdigest()


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
