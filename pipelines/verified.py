"""Is everything still what was recorded? Hashes, rows, keys and cells, from raw files to the published file.

Not a stage: it asks all of them, and changes nothing but one row of `verifications`. A fault says
what is wrong and where; since when, the last verification without a fault tells.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import schemas
from pipelines import document, manifest, package, published, raw, snapshot, tables, validated, versions
from pipelines.seams import SourceFile
from pipelines.settings import Settings, actor
from pipelines.snapshot.decision import content_hash
from schemas import registry
from schemas.errors import JvomError

if TYPE_CHECKING:
    import pyarrow as pa

SOUND = "sound"

_FIGURES = (
    "frame_military",
    "frame_civil_police",
    "deployed_military",
    "deployed_civil_police",
    "deployed_total",
)
# Column that holds a printed figure → the cell that it comes from.
_CELLS: Mapping[str, Mapping[str, str]] = {
    "personnel": {name: name for name in _FIGURES},
    "personnel_totals": {name: name for name in _FIGURES},
    "mandates": {
        "international_mandate_as_printed": "international_mandate",
        "national_frame_as_printed": "national_frame",
    },
}

Reread = Callable[[Settings, SourceFile], "Mapping[str, pa.Table]"]


@dataclass(frozen=True)
class Fault:
    """What is not as it was recorded, and where."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Report:
    """What a verification found; `last_sound` is when all was well for the last time, UTC."""

    faults: tuple[Fault, ...]
    last_sound: datetime.datetime | None


def read_again(settings: Settings, source: SourceFile) -> Mapping[str, pa.Table]:
    """An edition read and validated anew; raises JvomError where it cannot be."""
    known = registry.load()
    edition = raw.edition_of(raw.catalogue(settings.raw), source.edition_year)
    lines = document.read(raw.read(source, raw=settings.raw, kept=settings.kept), source)
    read = tables.read(lines, source, edition, known)
    return validated.check(read, {mission.id for mission in known.missions}, path=source.path)


def verify(settings: Settings, reread: Reread = read_again) -> Report:
    """Check everything and record the result; LakeError where the result cannot be recorded."""
    lake = snapshot.Lake(settings.catalog, settings.data)
    with lake.writer():
        faults = [*_sources(settings), *_stored(settings, lake), *_published(settings), *_package(settings)]
        last_sound = lake.verified_as(SOUND)
        try:
            read = lake.read()
            faults += [*_rows(read), *_content(lake, read), *_readings(settings, lake, read, reread)]
        except JvomError as error:
            faults.append(Fault(error.place or "the lake", f"cannot be read: {error.message}"))
        if lake.head() is not None:
            lake.verified("\n".join(map(str, faults)) or SOUND, actor())
    return Report(tuple(faults), last_sound)


def _hashed(file: Path, shown: str, expected: object) -> Iterator[Fault]:
    """A file whose bytes are not those of the hash."""
    try:
        found = manifest.sha256(file)
    except OSError as error:
        yield Fault(shown, f"cannot be read: {error.strerror}")
        return
    if found != expected:
        yield Fault(shown, f"has SHA-256 {found}, recorded was {expected}")


def _sources(settings: Settings) -> Iterator[Fault]:
    """Raw files against the lock, kept bytes against their names."""
    for files in raw.lock_entries(settings.raw).values():
        for file in {entry.path: entry for entry in files}.values():
            place = settings.raw / file.path.removeprefix("raw/")
            yield from _hashed(place, file.path, file.sha256)
    for place in sorted(settings.kept.glob("*")):
        if not place.name.startswith("."):
            yield from _hashed(place, f"warehouse/sources/{place.name}", place.name)


def _stored(settings: Settings, lake: snapshot.Lake) -> Iterator[Fault]:
    """Parquet files against the manifests of their commits; an object store answers for its own."""
    if "://" in settings.data:
        return
    for entry in lake.stored():
        shown = str(entry["path"])
        if entry["sha256"] is None:
            yield Fault(shown, f"snapshot {entry['snapshot']} has no manifest that names it")
        else:
            yield from _hashed(Path(settings.data) / shown, shown, entry["sha256"])


def _published(settings: Settings) -> Iterator[Fault]:
    """The published file against the manifest of its release."""
    if not settings.published.exists():
        return
    name = settings.published.name
    state = published.state(settings.published)
    if state is None:
        yield Fault(name, "cannot be read as a published file")
        return
    written = manifest.read(settings.releases, state.release_id)
    if written is None:
        yield Fault(name, f"release {state.release_id} has no manifest")
        return
    yield from _hashed(settings.published, name, written["published"]["sha256"])


def _package(settings: Settings) -> Iterator[Fault]:
    """The files of the published release's package against its SHA256SUMS."""
    state = published.state(settings.published)
    if state is None:
        return
    folder = settings.releases / state.release_id
    shown = f"warehouse/releases/{state.release_id}"
    try:
        sums = (folder / package.HASHES).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        yield Fault(f"{shown}/{package.HASHES}", f"cannot be read: {error.strerror}")
        return
    for line in sums:
        expected, _, path = line.partition("  ")
        yield from _hashed(folder / path, f"{shown}/{path}", expected)


def _rows(read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    """Keys are unique, each vintage's rows are all there, every figure has its cell."""
    there: Counter[tuple[str, int, int]] = Counter()
    for name in schemas.TABLES:
        contract = schemas.VINTAGE_TABLES[f"{name}_vintages"]
        key = list(dict.fromkeys([*contract.key, "vintage"]))
        counted = Counter(tuple(row.values()) for row in read[contract.name].select(key).to_pylist())
        for values, count in counted.items():
            if count > 1:
                yield Fault(contract.name, f"{count} rows have the key {dict(zip(key, values, strict=True))}")
        for row in read[contract.name].select(["edition_year", "vintage"]).to_pylist():
            there[name, row["edition_year"], row["vintage"]] += 1
    for vintage in read["vintages"].to_pylist():
        year, number = vintage["edition_year"], vintage["vintage"]
        for name, expected in dict(vintage["row_counts"]).items():
            if there[name, year, number] != expected:
                found = there[name, year, number]
                yield Fault(f"{name}, {_named(year, number)}", f"has {found} rows, recorded were {expected}")
    yield from _without_cell(read)


def _without_cell(read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    key = ["edition_year", "vintage", "table_name", "row_key", "column_name"]
    cells = {tuple(row.values()) for row in read["cells_vintages"].select(key).to_pylist()}
    for table, columns in _CELLS.items():
        for row in read[f"{table}_vintages"].to_pylist():
            year, number, row_key = row["edition_year"], row["vintage"], row.get("mission_id", "total")
            for column, cell in columns.items():
                if row[column] is not None and (year, number, table, row_key, cell) not in cells:
                    yield Fault(f"{table}, {_named(year, number)}", f"{row_key}: {column} has no cell")


def _content(lake: snapshot.Lake, read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    """Each vintage's rows against the hash that was recorded with them."""
    for vintage in read["vintages"].to_pylist():
        year, number = vintage["edition_year"], vintage["vintage"]
        if content_hash(lake.vintage(year, number)) != vintage["content_hash"]:
            yield Fault(_named(year, number), "its rows are not the ones that were recorded")


def _readings(
    settings: Settings, lake: snapshot.Lake, read: Mapping[str, pa.Table], reread: Reread
) -> Iterator[Fault]:
    """Each edition's latest vintage against reading its bytes again, where the same code is at work.

    What changed code would read is for a build to say; a withdrawn or restored vintage was set
    against such a reading by somebody's decision.
    """
    catalogue = raw.catalogue(settings.raw)
    for year in sorted(set(read["vintages"]["edition_year"].to_pylist())):
        held = lake.held(year)
        if held is None or held.cause in ("withdrawn", "restored"):
            continue
        try:
            raw.read(held.source, raw=settings.raw, kept=settings.kept)
            if versions.reading(raw.edition_of(catalogue, year)) not in held.versions:
                continue
            same = content_hash(reread(settings, held.source)) == held.content_hash
        except JvomError as error:
            yield Fault(_named(year, held.vintage), f"cannot be read again: {error.message}")
            continue
        if not same:
            yield Fault(_named(year, held.vintage), "reading its bytes again gives other rows")


def _named(year: int, vintage: int) -> str:
    return f"edition {year}, vintage {vintage}"
