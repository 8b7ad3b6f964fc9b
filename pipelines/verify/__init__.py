"""Is everything still what was recorded? Hashes, rows, keys and cells, from raw files to the published file.

It asks every part, and changes nothing but one row of `verifications`. Files against their hashes
are in `files`; here are the rows against what was recorded of them, and each edition read again. A
fault says what is wrong and where, and since when by the verifications before.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import schemas
from pipelines import raw, validate, versions
from pipelines.extract import read as reading
from pipelines.lake import Lake
from pipelines.lake.decision import content_hash
from pipelines.model import SourceFile
from pipelines.settings import Settings, actor
from pipelines.verify import files
from pipelines.verify.files import Fault, vintage_name
from schemas import registry
from schemas.errors import JvomError

if TYPE_CHECKING:
    import pyarrow as pa

SOUND = "sound"
THE_LAKE = "the lake"

Reread = Callable[[Settings, SourceFile], "Mapping[str, pa.Table]"]
Earlier = Sequence[tuple[datetime.datetime, str]]  # verifications before: when, and their result


@dataclass(frozen=True)
class Report:
    """What a verification found; `last_sound` is when all was well for the last time, UTC."""

    faults: tuple[Fault, ...]
    last_sound: datetime.datetime | None


def read_again(settings: Settings, source: SourceFile) -> Mapping[str, pa.Table]:
    """An edition read and validated anew; raises JvomError where it cannot be."""
    edition = raw.edition_of(raw.catalogue(settings.raw), source.edition_year)
    data = raw.read(source, raw=settings.raw, kept=settings.kept)
    return reading.read_edition(data, source, edition, registry.load()).require_tables()


def verify(settings: Settings, reread: Reread = read_again) -> Report:
    """Check everything and record the result.

    What cannot be read is a fault like any other, and does not keep the rest from being checked.
    """
    lake = Lake(settings.catalog, settings.data, settings.warehouse)
    with lake.writer():
        published = settings.published.name
        found = [
            *_guarded(files.LOCK, lambda: files.sources(settings)),
            *_guarded(THE_LAKE, lambda: files.stored(settings, lake)),
            *_guarded(published, lambda: files.published_file(settings)),
            *_guarded(published, lambda: files.packaged(settings)),
            *_guarded(THE_LAKE, lambda: _record(settings, lake, reread)),
        ]
        faults = tuple(dict.fromkeys(found))
        earlier: Earlier = []
        try:
            earlier = lake.verifications()
            if lake.head() is not None:
                lake.add_verification("\n".join(map(str, faults)) or SOUND, actor())
        except JvomError as error:
            unrecorded = Fault(THE_LAKE, f"the result cannot be recorded: {error.message}")
            faults = (*faults, unrecorded)
    sound = [moment for moment, result in earlier if result == SOUND]
    return Report(tuple(_dated(fault, earlier) for fault in faults), max(sound, default=None))


def complete(read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    """Keys are unique, each vintage has all its rows and no others, and printed values their cells.

    `read` are the tables of the lake.
    """
    for contract in (*schemas.VINTAGE_TABLES.values(), *schemas.RECORD.values()):
        for values, count in _count(read[contract.name], contract.key).items():
            if count > 1:
                key_of_rows = dict(zip(contract.key, values, strict=True))
                yield Fault(contract.name, f"{count} rows have the key {key_of_rows}")
    vintages = read["vintages"].to_pylist()
    recorded = {(row["edition_year"], row["vintage"]): dict(row["row_counts"]) for row in vintages}
    for name in schemas.TABLES:
        counts = _count(read[f"{name}_vintages"], ("edition_year", "vintage"))
        for vintage in {**recorded, **counts}:
            where, count = f"{name}, {vintage_name(*vintage)}", counts[vintage]
            if vintage not in recorded:
                yield Fault(where, f"has {count} rows of a vintage that nobody recorded")
            elif count != recorded[vintage].get(name, count):
                yield Fault(where, f"has {count} rows, recorded were {recorded[vintage][name]}")
    for name in schemas.RECONCILED:
        key = ("edition_year", "vintage", "rules_version")
        counts = _count(read[f"{name}_vintages"], key)
        for row in read["reconciliations"].to_pylist():
            year, number, rules = (row[column] for column in key)
            if (count := counts[year, number, rules]) != row[name]:
                where = f"{name} by rules {rules}, {vintage_name(year, number)}"
                yield Fault(where, f"has {count} rows, recorded were {row[name]}")
    cells = read["cells_vintages"].to_pylist()
    for name in schemas.TABLES:
        contract = schemas.VINTAGE_TABLES[f"{name}_vintages"]
        rows = read[contract.name].to_pylist()
        for row, column, words in validate.without_cell(contract, rows, cells):
            where = f"{name}, {vintage_name(row['edition_year'], row['vintage'])}"
            yield Fault(where, f"{contract.row_key(row)}: {column} is {row[column]} and {words}")


def _count(table: pa.Table, columns: Sequence[str]) -> Counter[tuple[object, ...]]:
    return Counter(tuple(row.values()) for row in table.select(list(columns)).to_pylist())


def _dated(fault: Fault, earlier: Earlier) -> Fault:
    """The fault with its times; `earlier` has the oldest verification first."""
    found_at = None
    for moment, result in reversed(earlier):
        if not any(line.startswith(f"{fault.where}: ") for line in result.splitlines()):
            return Fault(fault.where, fault.what, moment, found_at)
        found_at = moment
    return Fault(fault.where, fault.what, None, found_at)


def _guarded(place: str, check: Callable[[], Iterator[Fault]]) -> Iterator[Fault]:
    """What a check finds, up to where it cannot go on."""
    try:
        yield from check()
    except JvomError as error:
        yield Fault(error.place or place, f"cannot be read: {error.message}")


def _record(settings: Settings, lake: Lake, reread: Reread) -> Iterator[Fault]:
    """The rows of the lake, and what was published of them."""
    read = lake.read()
    yield from _guarded(files.LOCK, lambda: files.origins(settings, read))
    yield from files.releases(settings, read)
    yield from complete(read)
    for row in read["vintages"].to_pylist():
        year, number = row["edition_year"], row["vintage"]
        if content_hash(lake.vintage(year, number)) != row["content_hash"]:
            yield Fault(vintage_name(year, number), "its rows are not the ones that were recorded")
    yield from _readings(settings, lake, read, reread)


def _readings(
    settings: Settings, lake: Lake, read: Mapping[str, pa.Table], reread: Reread
) -> Iterator[Fault]:
    """Each edition's latest vintage against reading its bytes again, where the same code is at work.

    What changed code would read is for a build to say; a withdrawn or restored vintage differs from
    such a reading by somebody's decision.
    """
    catalogue = raw.catalogue(settings.raw)
    for year in sorted(set(read["vintages"]["edition_year"].to_pylist())):
        latest = lake.edition_state(year)
        if latest is None or latest.cause in ("withdrawn", "restored"):
            continue
        try:
            raw.read(latest.source, raw=settings.raw, kept=settings.kept)
            if versions.reading(raw.edition_of(catalogue, year)) not in latest.versions:
                continue
            same = content_hash(reread(settings, latest.source)) == latest.content_hash
        except JvomError as error:
            yield Fault(vintage_name(year, latest.vintage), f"cannot be read again: {error.message}")
            continue
        if not same:
            yield Fault(vintage_name(year, latest.vintage), "reading its bytes again gives other rows")
