"""Is everything still what was recorded? Hashes, rows, keys and cells, from raw files to the published file.

Not a stage: it asks all of them, and changes nothing but one row of `verifications`. A fault says
what is wrong and where, and since when by the verifications before: `files` are held against their hashes,
`rows` against what was recorded of them, and each edition is read again.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines import lake as snapshot
from pipelines import raw, versions
from pipelines.extract import read as reading
from pipelines.lake.decision import content_hash
from pipelines.model import SourceFile
from pipelines.settings import Settings, actor
from pipelines.verify import files, rows
from pipelines.verify.faults import Fault, dated, named
from schemas import registry
from schemas.errors import JvomError

if TYPE_CHECKING:
    import pyarrow as pa

SOUND = "sound"
THE_LAKE = "the lake"

Reread = Callable[[Settings, SourceFile], "Mapping[str, pa.Table]"]

__all__ = ["SOUND", "Fault", "Report", "Reread", "read_again", "verify"]


@dataclass(frozen=True)
class Report:
    """What a verification found; `last_sound` is when all was well for the last time, UTC."""

    faults: tuple[Fault, ...]
    last_sound: datetime.datetime | None


def read_again(settings: Settings, source: SourceFile) -> Mapping[str, pa.Table]:
    """An edition read and validated anew; raises JvomError where it cannot be."""
    known = registry.load()
    edition = raw.edition_of(raw.catalogue(settings.raw), source.edition_year)
    data = raw.read(source, raw=settings.raw, kept=settings.kept)
    return reading.read_edition(data, source, edition, known).require_tables()


def verify(settings: Settings, reread: Reread = read_again) -> Report:
    """Check everything and record the result.

    What cannot be read is a fault like any other, and does not keep the rest from being checked.
    """
    lake = snapshot.Lake(settings.catalog, settings.data, settings.warehouse)
    with lake.writer():
        found = [
            *_guarded(files.LOCK, lambda: files.sources(settings)),
            *_guarded(THE_LAKE, lambda: files.stored(settings, lake)),
            *_guarded(settings.published.name, lambda: files.published_file(settings)),
            *_guarded(settings.published.name, lambda: files.packaged(settings)),
            *_guarded(THE_LAKE, lambda: _record(settings, lake, reread)),
        ]
        faults = tuple(dict.fromkeys(found))
        earlier: list[tuple[datetime.datetime, str]] = []
        try:
            earlier = lake.verifications()
            if lake.head() is not None:
                lake.verified("\n".join(map(str, faults)) or SOUND, actor())
        except JvomError as error:
            unrecorded = Fault(THE_LAKE, f"the result cannot be recorded: {error.message}")
            faults = (*faults, unrecorded)
    sound = [moment for moment, result in earlier if result == SOUND]
    return Report(tuple(dated(fault, earlier) for fault in faults), max(sound, default=None))


def _record(settings: Settings, lake: snapshot.Lake, reread: Reread) -> Iterator[Fault]:
    """The rows of the lake, and what was published of them."""
    read = lake.read()
    yield from _guarded(files.LOCK, lambda: files.origins(settings, read))
    yield from files.releases(settings, read)
    yield from rows.complete(read)
    yield from _content(lake, read)
    yield from _readings(settings, lake, read, reread)


def _guarded(place: str, check: Callable[[], Iterator[Fault]]) -> Iterator[Fault]:
    """What a check finds, up to where it cannot go on."""
    try:
        yield from check()
    except JvomError as error:
        yield Fault(error.place or place, f"cannot be read: {error.message}")


def _content(lake: snapshot.Lake, read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    """Each vintage's rows against the hash that was recorded with them."""
    for vintage in read["vintages"].to_pylist():
        year, number = vintage["edition_year"], vintage["vintage"]
        if content_hash(lake.vintage(year, number)) != vintage["content_hash"]:
            yield Fault(named(year, number), "its rows are not the ones that were recorded")


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
            yield Fault(named(year, held.vintage), f"cannot be read again: {error.message}")
            continue
        if not same:
            yield Fault(named(year, held.vintage), "reading its bytes again gives other rows")
