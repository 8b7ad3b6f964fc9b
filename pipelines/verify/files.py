"""Are all files still the ones that were recorded? In raw/, kept, Parquet, releases, published."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import raw
from pipelines.lake import Lake
from pipelines.publish import package, published, release
from pipelines.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

LOCK = "raw/sources.lock"


@dataclass(frozen=True)
class Fault:
    """What is not as it was recorded, and where.

    `found_at` is when a verification first found something wrong there, None for this one; `sound_at`
    when the one before it did not, None if there was none. Both are UTC.
    """

    where: str
    what: str
    sound_at: datetime.datetime | None = None
    found_at: datetime.datetime | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    @property
    def since(self) -> str:
        """Since when, in words."""
        found = f"found first on {self.found_at:%Y-%m-%d %H:%M} UTC" if self.found_at else "found now"
        if self.sound_at is None:
            return f"{found}, by the first verification there is"
        return f"{found}, sound on {self.sound_at:%Y-%m-%d %H:%M} UTC"


def vintage_name(year: int, vintage: int) -> str:
    """A vintage as a place."""
    return f"edition {year}, vintage {vintage}"


def sources(settings: Settings) -> Iterator[Fault]:
    """Raw files against the lock, kept bytes against their names."""
    for files in raw.lock_entries(settings.raw).values():
        for file in {entry.path: entry for entry in files}.values():
            place = settings.raw / file.path.removeprefix("raw/")
            yield from _hashed(place, file.path, file.sha256)
    for place in sorted(settings.kept.glob("*")):
        if not place.name.startswith("."):
            yield from _hashed(place, _kept(place.name), place.name)
    for place in sorted(settings.contributions.glob("[!.]*.csv")):
        yield from _hashed(place, f"warehouse/un/{place.name}", place.stem)


def origins(settings: Settings, read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    """What vintages were read from: kept by hash, and in the lock if it came from raw/."""
    locked = {(file.path, file.sha256) for files in raw.lock_entries(settings.raw).values() for file in files}
    seen: set[tuple[str, str]] = set()
    for row in read["editions_vintages"].to_pylist():
        source = (row["source_path"], row["source_sha256"])
        if source in seen:
            continue
        seen.add(source)
        whose = vintage_name(row["edition_year"], row["vintage"])
        if not (settings.kept / source[1]).exists():
            yield Fault(_kept(source[1]), f"is gone; {whose}, was read from it")
        if source[0].startswith("raw/") and source not in locked:
            missing = f"{source[0]} with SHA-256 {source[1]}"
            yield Fault(LOCK, f"does not have {missing}, which {whose}, was read from")


def stored(settings: Settings, lake: Lake) -> Iterator[Fault]:
    """Parquet files against the manifests of their commits; an object store answers for its own."""
    if "://" in settings.data:
        return
    released = _released(settings)
    for entry in lake.stored_files():
        shown, snapshot_id = str(entry["path"]), entry["snapshot"]
        if entry["sha256"] is None:
            yield Fault(shown, f"snapshot {snapshot_id} has no manifest that names it")
            continue
        yield from _hashed(Path(settings.data) / shown, shown, entry["sha256"])
        others = released.get(shown, set()) - {str(entry["sha256"])}
        if others:
            differs = f"has SHA-256 {entry['sha256']} for {shown}, a release has {others.pop()}"
            yield Fault(f"the manifest of snapshot {snapshot_id}", differs)


def releases(settings: Settings, read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    """The manifest and the change log of every release, by their hashes; and the vintages it names."""
    recorded = {
        (row["edition_year"], row["vintage"]): row["content_hash"] for row in read["vintages"].to_pylist()
    }
    for release_id in read["releases"]["release_id"].to_pylist():
        shown = f"releases/{release_id}/{release.MANIFEST}"
        written = release.read(settings.releases, release_id)
        if written is None:
            yield Fault(shown, "is gone or cannot be read")
            continue
        if not release.intact(written):
            yield Fault(shown, "is not as it was written: the hash of itself at its end is another")
            continue
        yield from _hashed(
            settings.releases / release_id / release.CHANGES,
            f"releases/{release_id}/{release.CHANGES}",
            written["changes_sha256"],
        )
        for vintage in written["vintages"]:
            place = (vintage["edition_year"], vintage["vintage"])
            if recorded.get(place) != vintage["content_hash"]:
                yield Fault(
                    vintage_name(*place), f"has another content than release {release_id} was made of"
                )


def published_file(settings: Settings) -> Iterator[Fault]:
    """The published file against the manifest of its release."""
    name = settings.published.name
    if not settings.published.exists():
        if any(settings.releases.glob(f"*/{release.MANIFEST}")):
            yield Fault(name, "is gone; jvom build makes it again from the lake")
        return
    state = published.state(settings.published)
    if state is None:
        yield Fault(name, "cannot be read as a published file")
        return
    written = release.read(settings.releases, state.release_id)
    if written is None:
        yield Fault(name, f"release {state.release_id} has no manifest")
        return
    yield from _hashed(settings.published, name, written["published"]["sha256"])


def packaged(settings: Settings) -> Iterator[Fault]:
    """The files of the published release's package against its SHA256SUMS."""
    state = published.state(settings.published)
    if state is None:
        return
    folder = settings.releases / state.release_id
    shown = f"releases/{state.release_id}"
    try:
        sums = (folder / package.HASHES).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        yield Fault(f"{shown}/{package.HASHES}", f"cannot be read: {error}")
        return
    for line in sums:
        expected, _, path = line.partition("  ")
        yield from _hashed(folder / path, f"{shown}/{path}", expected)


def _released(settings: Settings) -> dict[str, set[str]]:
    """Parquet file → every SHA-256 that a release's manifest has for it."""
    found: dict[str, set[str]] = {}
    for folder in sorted(settings.releases.glob("*")):
        written: Mapping[str, Any] = release.read(settings.releases, folder.name) or {}
        if release.intact(written):
            for entry in written["parquet"]:
                if entry["sha256"]:
                    found.setdefault(entry["path"], set()).add(entry["sha256"])
    return found


def _hashed(file: Path, shown: str, expected: object) -> Iterator[Fault]:
    """A file whose bytes are not those of the hash."""
    try:
        with file.open("rb") as data:
            found = hashlib.file_digest(data, "sha256").hexdigest()
    except OSError as error:
        yield Fault(shown, f"cannot be read: {error.strerror}")
        return
    if found != expected:
        yield Fault(shown, f"has SHA-256 {found}, recorded was {expected}")


def _kept(sha256: str) -> str:
    return f"warehouse/sources/{sha256}"
