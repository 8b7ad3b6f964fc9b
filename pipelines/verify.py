"""Is everything still what was recorded? Hashes, rows, keys and cells, from raw files to the published file.

It asks every part, and changes nothing but one row of `verifications`: files against their hashes, rows
against what was recorded of them, and each edition read again. A fault says what is wrong and where, and
since when by the verifications before. What a writer that was ended had not done yet is no fault: it is told
by what the record, and what lies beside it, say was done, and a build ends it.
"""

import datetime
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

import schemas
from pipelines import files, publication, quarantine, raw, sql, validate, versions
from pipelines.extract import read as reading
from pipelines.extract import sandbox
from pipelines.lake import Lake, seal
from pipelines.lake.decision import content_hash
from pipelines.lake.lock import WAIT
from pipelines.model import SourceFile
from pipelines.other_sources import contributions
from pipelines.publish import package, published, release
from pipelines.settings import Settings, actor
from schemas import registry
from schemas.errors import JvomError, LakeError, MachineError, ServerError

SOUND = "sound"
THE_LAKE = "the lake"
LOCK = "raw/sources.lock"
PUBLISHED = "the published file"
HISTORY = "the run history"
EMPTY = "it is empty"
UNKNOWN = "nothing recorded it"
REFUSED_TAG = "jvom/refused"  # of a run: the folder of its report in quarantine

Checked = Counter[str]  # kind of what was looked at → how many
Reread = Callable[[Settings, SourceFile], "Mapping[str, pa.Table]"]
Earlier = Sequence[tuple[datetime.datetime, str]]  # verifications before: when, and their result


@dataclass(frozen=True)
class Fault:
    """What is not as it was recorded, and where.

    `found_at` is when a verification first found something wrong there, None for this one; `sound_at`
    when the one before it did not, None if there was none. Both are UTC. `unfinished`: nothing is damaged, a
    writer was ended before it was done, or is between two steps. `unknown`: no part of the record names what
    is there.
    """

    where: str
    what: str
    sound_at: datetime.datetime | None = None
    found_at: datetime.datetime | None = None
    unfinished: bool = False
    unknown: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    @property
    def since(self) -> str:
        found = f"found first on {self.found_at:%Y-%m-%d %H:%M} UTC" if self.found_at else "found now"
        if self.sound_at is None:
            return f"{found}, by the first verification there is"
        return f"{found}, sound on {self.sound_at:%Y-%m-%d %H:%M} UTC"


def vintage_name(year: int, vintage: int) -> str:
    return f"edition {year}, vintage {vintage}"


@dataclass(frozen=True)
class Report:
    """What a verification found; `last_sound` is when all was well for the last time, UTC.

    `unfinished` is what a build has still to do; while there is any, the result is not recorded. `checked`
    is how many of each kind were looked at. `manifests` is what to keep elsewhere: how many manifests of
    commits there are, the name of the newest, and the SHA-256 of all of them in their order. `unknown` are
    files beside what was recorded, which no part of the record names.
    """

    faults: tuple[Fault, ...]
    last_sound: datetime.datetime | None
    checked: Mapping[str, int]
    manifests: Mapping[str, object] | None
    unfinished: tuple[Fault, ...] = ()
    unknown: tuple[Fault, ...] = ()

    @property
    def extent(self) -> str:
        """What was looked at, in words."""
        return ", ".join(f"{kind}: {count}" for kind, count in self.checked.items())


def read_again(settings: Settings, source: SourceFile) -> Mapping[str, pa.Table]:
    """An edition read and validated anew; raises JvomError where it cannot be."""
    edition = raw.edition_of(raw.catalogue(settings.raw), source.edition_year)
    data = raw.read(source, raw=settings.raw, kept=settings.kept)
    return reading.read_edition(data, source, edition, registry.load()).require_tables()


def verify(
    settings: Settings,
    reread: Reread = read_again,
    *,
    timeout: float = WAIT,
    waiting: Callable[[str], None] | None = None,
) -> Report:
    """Check everything and record the result, once no other writer holds the lock.

    What cannot be read is a fault like any other, and does not keep the rest from being checked. Raises
    ServerError where the database or the object store does not answer, and MachineError where memory or disk
    does not suffice, and LakeError where the lock is not free in time: then nothing can be said.
    """
    lake, checked = Lake.of(settings), Checked()
    with lake.writer(timeout, waiting), sandbox.warm():
        catalog = [*_guarded(THE_LAKE, lambda: _catalog(lake, checked))]
        stored = [*_guarded(THE_LAKE, lambda: _stored(settings, lake, checked))]
        others = [
            *_guarded(LOCK, lambda: _sources(settings, lake, checked)),
            *(_guarded(THE_LAKE, lambda: _present(settings, lake)) if checked["catalogs"] else ()),
            *_guarded(PUBLISHED, lambda: _published_file(settings, lake, checked)),
            *_guarded(PUBLISHED, lambda: _generated(settings, lake, checked)),
            *_guarded("quarantine", lambda: _refusals(settings, checked)),
            *_guarded("un", lambda: _contributions(settings)),
            *_guarded(HISTORY, lambda: _run_history(settings, lake)),
            *_guarded(THE_LAKE, lambda: _record(settings, lake, reread, checked)),
        ]
        data = f"{lake.address.folder}/"
        if not catalog and any(fault.where.startswith(data) and not fault.unknown for fault in stored):
            # The files that are named are why rows cannot be read; the catalog is sound.
            others = [fault for fault in others if fault.where != lake.address.name]
        found = [
            replace(fault, where=_place(settings, fault.where)) for fault in (*catalog, *stored, *others)
        ]
        faults = tuple(dict.fromkeys(fault for fault in found if not (fault.unfinished or fault.unknown)))
        unknown = tuple(fault for fault in found if fault.unknown)
        unfinished = tuple(dict.fromkeys(fault for fault in found if fault.unfinished))
        earlier: Earlier = []
        try:
            earlier = lake.verifications()
            if lake.head() is not None and not unfinished:  # a write would end what says that they are
                lake.add_verification("\n".join(map(str, faults)) or SOUND, actor())
        except JvomError as error:
            if isinstance(error, ServerError | MachineError) and not faults:
                raise
            unrecorded = Fault(THE_LAKE, f"the result cannot be recorded: {error.message}")
            faults = (*faults, unrecorded)
    sound = [moment for moment, result in earlier if result == SOUND]
    dated = tuple(_dated(fault, earlier) for fault in faults)
    last = max(sound, default=None)
    return Report(dated, last, dict(checked), lake.manifests(), unfinished, unknown)


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
    for moment, result in reversed(earlier):
        if not any(_same(line.partition(": ")[0], fault.where) for line in result.splitlines()):
            return replace(fault, sound_at=moment)
        fault = replace(fault, found_at=moment)
    return fault


def _same(before: str, now: str) -> bool:
    """Whether two faults are at one place; earlier versions began some paths at other folders."""
    return f"/{before}".endswith(f"/{now}") or f"/{now}".endswith(f"/{before}")


def _place(settings: Settings, where: str) -> str:
    """A path as all faults have it: `raw/…`, or from the folder of the warehouse on."""
    for folder, shown in ((settings.raw, "raw/"), (settings.store, ""), (settings.warehouse, "")):
        if folder is not None and where.startswith(f"{folder}/"):
            return f"{shown}{where.removeprefix(f'{folder}/')}"
    return where.removeprefix("warehouse/")


def _guarded(place: str, check: Callable[[], Iterator[Fault]]) -> Iterator[Fault]:
    """What a check finds, up to where it cannot go on. What keeps all of it from looking is not a fault."""
    try:
        yield from check()
    except (ServerError, MachineError):
        raise
    except JvomError as error:
        yield Fault(error.place or place, f"cannot be read: {error.message}")


def _record(settings: Settings, lake: Lake, reread: Reread, checked: Checked) -> Iterator[Fault]:
    read = lake.read()
    yield from _guarded(LOCK, lambda: _origins(settings, read))
    yield from _releases(settings, read, checked)
    yield from complete(read)
    checked["rows of them"] = sum(read[name].num_rows for name in schemas.VINTAGE_TABLES)
    for row in read["vintages"].to_pylist():
        checked["vintages"] += 1
        year, number = row["edition_year"], row["vintage"]
        if content_hash(lake.vintage(year, number)) != row["content_hash"]:
            yield Fault(vintage_name(year, number), "its rows are not the ones that were recorded")
    yield from _readings(settings, lake, read, reread, checked)


def _readings(
    settings: Settings, lake: Lake, read: Mapping[str, pa.Table], reread: Reread, checked: Checked
) -> Iterator[Fault]:
    """Each edition's latest vintage against reading its bytes again, where the same code is at work.

    What changed code would read is for a build to say. A restored vintage must be what the code that read it
    first reads, whatever others read since; nobody sees one that is withdrawn.
    """
    catalogue = raw.catalogue(settings.raw)
    for year in sorted(set(read["vintages"]["edition_year"].to_pylist())):
        latest = lake.edition_state(year)
        if latest is None or latest.cause == "withdrawn":
            checked["withdrawn, not read again"] += 1
            continue
        read_by = latest.versions[:1] if latest.cause == "restored" else latest.versions
        try:
            raw.read(latest.source, raw=settings.raw, kept=settings.kept)
            if versions.reading(raw.edition_of(catalogue, year)) not in read_by:
                checked["read by other code, not read again"] += 1
                continue
            checked["editions read again"] += 1
            same = content_hash(reread(settings, latest.source)) == latest.content_hash
        except (ServerError, MachineError):
            raise
        except JvomError as error:
            yield Fault(vintage_name(year, latest.vintage), f"cannot be read again: {error.message}")
            continue
        if not same:
            yield Fault(vintage_name(year, latest.vintage), "reading its bytes again gives other rows")


def _sources(settings: Settings, lake: Lake, checked: Checked) -> Iterator[Fault]:
    """Raw files against the lock, kept bytes against their names.

    What a restored vintage was read from may be back at its path, where the lock has had other bytes since.
    """
    shown = {}
    with suppress(LakeError):  # another check says so
        shown = {one.source.path: one.source.sha256 for one in lake.edition_states().values()}
    for locked in raw.lock_entries(settings.raw).values():
        for file in {entry.path: entry for entry in locked}.values():
            place = settings.raw / file.path.removeprefix("raw/")
            checked["raw files"] += 1
            faults = [*_hashed(place, file.path, file.sha256)]
            if faults and [*_hashed(place, file.path, shown.get(file.path))]:
                yield from faults
    for place in sorted(settings.kept.glob("*")):
        if not place.name.startswith("."):
            checked["kept sources"] += 1
            yield from _hashed(place, f"sources/{place.name}", place.name)
    for place in sorted(settings.contributions.glob("[!.]*.csv")):
        checked["files of the UN's contributions"] += 1
        yield from _hashed(place, f"un/{place.name}", place.stem)


def _origins(settings: Settings, read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    """What vintages were read from: kept by hash, and in the lock if it came from raw/."""
    locked = {(file.path, file.sha256) for files in raw.lock_entries(settings.raw).values() for file in files}
    first: dict[tuple[str, str], str] = {}
    for row in read["editions_vintages"].to_pylist():
        source = (row["source_path"], row["source_sha256"])
        first.setdefault(source, vintage_name(row["edition_year"], row["vintage"]))
    for (path, sha256), whose in first.items():
        if not (settings.kept / sha256).exists():
            yield Fault(f"sources/{sha256}", f"is gone; {whose}, was read from it")
        if path.startswith("raw/") and (path, sha256) not in locked:
            what = f"does not have {path} with SHA-256 {sha256}, which {whose}, was read from"
            yield Fault(LOCK, f"{what} ({settings.raw} was compared; --raw DIR names another folder)")
    known = {sha256 for _, sha256 in first}
    known |= {refusal.source_sha256 for refusal in quarantine.refusals(settings.quarantine)}
    for place in sorted(settings.kept.glob("[!.]*")):
        if place.name not in known:
            yield Fault(f"sources/{place.name}", UNKNOWN, unknown=True)


def _catalog(lake: Lake, checked: Checked) -> Iterator[Fault]:
    """The catalog by SQLite's own check, and against its seal."""
    lake.require_present()
    catalog = lake.address.file
    if catalog and (not catalog.exists() or (_database(catalog) in ("ok", EMPTY) and lake.head() is None)):
        yield Fault(str(catalog), "nothing is recorded yet", unfinished=True)
        return
    checked["catalogs"] += 1
    if catalog and (answer := _database(catalog)) != "ok":
        yield Fault(str(catalog), f"the catalog is damaged: {answer}; restore the warehouse from a backup")
    if fault := lake.broken_seal():
        yield Fault(THE_LAKE, fault)
    mark = seal.mark_of(lake.address)
    if catalog and mark and mark.exists() and not seal.seal_of(catalog).exists():
        gone = "is gone, so that nobody can say whether the catalog is as it was left"
        yield Fault(str(seal.seal_of(catalog)), gone)


def _present(settings: Settings, lake: Lake) -> Iterator[Fault]:
    """Every vintage that the published file or a release names is in the lake."""
    held = {(row["edition_year"], row["vintage"]) for row in lake.read()["vintages"].to_pylist()}
    named: dict[tuple[int, int], str] = {}
    for folder in sorted(settings.releases.glob("[!.]*")):
        for vintage in (release.read(settings.releases, folder.name) or {}).get("vintages", ()):
            named.setdefault((vintage["edition_year"], vintage["vintage"]), f"release {folder.name}")
    if state := published.state(settings.published):
        for year, edition in state.editions.items():
            named.setdefault((year, edition.vintage), settings.published.name)
    for place, where in named.items():
        if place not in held:
            yield Fault(THE_LAKE, f"does not have {vintage_name(*place)}, which {where} has")


def _stored(settings: Settings, lake: Lake, checked: Checked) -> Iterator[Fault]:
    """Parquet files against the manifests of their commits."""
    data = lake.address.folder
    released: dict[str, set[str]] = {}  # path → every SHA-256 that a release's manifest has for it
    for folder in sorted(settings.releases.glob("*")):
        written = release.read(settings.releases, folder.name) or {}
        for named in written["parquet"] if release.intact(written) else ():
            if named["sha256"]:
                released.setdefault(named["path"], set()).add(named["sha256"])
    for snapshot_id in lake.altered_manifests():
        yield Fault(f"the manifest of snapshot {snapshot_id}", "is not as it was written")
    stored, died = lake.stored_files(), seal.died(lake.address)
    last = max((entry["snapshot"] for entry in stored if entry["sha256"]), default=-1)
    for file in sorted({*data.rglob("*.parquet")} - {data / entry["path"] for entry in stored}):
        yield Fault(str(file), UNKNOWN, unknown=True)
    for entry in stored:
        shown, snapshot_id = str(entry["path"]), entry["snapshot"]
        file = data / shown
        checked["Parquet files"] += 1
        if entry["sha256"] is None:
            unfinished = died and snapshot_id > last
            what = f"snapshot {snapshot_id} has no manifest that names it"
            yield Fault(str(file), what, unfinished=unfinished)
            continue
        yield from _hashed(file, str(file), entry["sha256"])
        others = released.get(shown, set()) - {str(entry["sha256"])}
        if others:
            differs = f"has SHA-256 {entry['sha256']} for {shown}, a release has {others.pop()}"
            yield Fault(f"the manifest of snapshot {snapshot_id}", differs)


def _releases(settings: Settings, read: Mapping[str, pa.Table], checked: Checked) -> Iterator[Fault]:
    """The manifest and the change log of every release, by their hashes; and the vintages it names."""
    recorded = {
        (row["edition_year"], row["vintage"]): row["content_hash"] for row in read["vintages"].to_pylist()
    }
    ordered = sorted(read["releases"].to_pylist(), key=lambda row: row["published_at"])
    names = [row["release_id"] for row in ordered]
    for folder in sorted(settings.releases.glob("[!.]*")):
        if folder.name not in names:
            yield Fault(f"releases/{folder.name}", UNKNOWN, unknown=True)
    for release_id, next_one in zip(names, [*names[1:], None], strict=False):
        checked["releases"] += 1
        shown = f"releases/{release_id}/{release.MANIFEST}"
        written = release.read(settings.releases, release_id)
        if written is None:
            if _never_published(settings, release_id, next_one):
                if next_one is None:
                    yield Fault(shown, "is not written yet", unfinished=True)
                continue
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


def _never_published(settings: Settings, release_id: str, next_one: str | None) -> bool:
    """Whether a release without a manifest never had one, by all that is made after it.

    Of the newest that is its package, the site and, in a store, the published file; of an earlier one the
    page of the next, which then had nothing to compare with.
    """
    folder = settings.releases / release_id
    if next_one is not None:
        return release.NOT_COMPARED.encode() in (
            files.get(settings.releases / next_one / release.CHANGES) or b""
        )
    of_it = (files.built_from(settings.site) or "").startswith(release_id)
    packed = any((folder / name).exists() for name in (files.MARK, package.HASHES))
    state = published.state(settings.published) if settings.store else None
    return not (of_it or packed or (state and state.release_id == release_id))


def _published_file(settings: Settings, lake: Lake, checked: Checked) -> Iterator[Fault]:
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
        unfinished = _never_published(settings, state.release_id, None)
        yield Fault(name, f"release {state.release_id} has no manifest", unfinished=unfinished)
        return
    checked["published files"] += 1
    for fault in _hashed(settings.published, name, written["published"]["sha256"]):
        # The manifest comes after the file, also where a release is published once more.
        manifest = settings.releases / state.release_id / release.MANIFEST
        later = not settings.store and settings.published.stat().st_mtime > manifest.stat().st_mtime
        what = f"{fault.what}; jvom build makes it again" if later else fault.what
        yield replace(fault, what=what, unfinished=later and seal.died(lake.address))


def _generated(settings: Settings, lake: Lake, checked: Checked) -> Iterator[Fault]:
    """The files of the site, of every release's package and for others, against the lists made with them."""
    house, state = settings.store or settings.warehouse, published.state(settings.published)
    left = house / publication.FOLDER
    due = [settings.site, settings.releases / state.release_id] if state else []
    due += [
        left for kind in ("ducklake", "duckdb")[: 2 if settings.store else 1] if any(left.glob(f"*.{kind}"))
    ]
    for folder in (left, settings.site, *sorted(settings.releases.glob("[!.]*"))):
        shown = str(folder.relative_to(house))
        there = {path.name for path in folder.glob("*")}
        if folder in due and there <= (
            set() if folder == settings.site else {release.MANIFEST, release.CHANGES}
        ):
            yield Fault(shown, "is not made yet", unfinished=True)
            continue
        if folder == left and there and files.MARK not in there and seal.died(lake.address):
            yield Fault(shown, "is not listed yet", unfinished=True)
            continue
        listed = (folder / files.MARK).exists() or (folder / package.HASHES).exists()
        if not listed and folder not in due:
            continue  # there was no site yet, or the release is from before there were packages
        checked["folders of site and packages"] += 1
        try:
            yield from (Fault(f"{shown}/{path}", what) for path, what in files.altered(folder))
            beside = files.unlisted(folder) - {release.MANIFEST, release.CHANGES}
            yield from (Fault(f"{shown}/{path}", UNKNOWN, unknown=True) for path in sorted(beside))
        except JvomError as error:
            yield Fault(f"{shown}/{files.MARK}", error.message)
    of = (files.built_from(settings.site) or "").partition(" ")[0]
    if state and of and of != state.release_id:
        yield Fault("site", f"is of release {of}, and {state.release_id} is published", unfinished=True)


def _database(file: Path) -> str:
    """What SQLite says of a database: "ok", or what is wrong with it."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            answer = str(opened.execute("PRAGMA integrity_check(1)").fetchone()[0])
            tables = opened.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            return answer if answer != "ok" or tables else EMPTY
    except sqlite3.Error as error:
        return str(error)


def _refusals(settings: Settings, checked: Checked) -> Iterator[Fault]:
    """The reports on refused documents, the documents that were kept, and what is published of them."""
    for path, what in quarantine.altered(settings.quarantine):
        yield Fault(f"quarantine/{path}", what)
    held = quarantine.refusals(settings.quarantine)
    checked["reports on refusals"] = len(held)
    if published.state(settings.published):
        with published.connect(settings.published) as opened:
            there = "SELECT 1 FROM information_schema.tables WHERE table_name = 'quarantine'"
            rows = sql.rows(opened, "FROM quarantine") if sql.rows(opened, there) else []
        shown = {(row["edition_year"], row["source_sha256"]) for row in rows}
        for year, sha256 in sorted(shown - {(each.edition_year, each.source_sha256) for each in held}):
            yield Fault(f"quarantine/{year}-{sha256[:8]}", "is gone; the published file has that refusal")
    for refusal in held:
        kept = settings.kept / refusal.source_sha256
        if refusal.source_path.startswith("warehouse/sources/") and not kept.exists():
            yield Fault(refusal.source_path, f"is gone; quarantine/{refusal.name} refused it")


def _contributions(settings: Settings) -> Iterator[Fault]:
    """The UN's contributions that are in use, if there are any."""
    kept = contributions.kept(settings.contributions)
    some = next(iter(settings.contributions.glob("[!.]*.csv")), None)
    if kept is None and some:
        used = False
        if published.state(settings.published):
            with published.connect(settings.published) as opened:
                used = bool(sql.rows(opened, "SELECT 1 FROM un_contributions LIMIT 1"))
        what = "is gone" if used else "is not written yet"
        yield Fault(
            f"un/{contributions.LATEST}", f"{what}; jvom ingest-un FILE makes it again", unfinished=not used
        )
    if kept is not None and not kept.exists():
        yield Fault(f"un/{kept.name}", "is gone; jvom ingest-un FILE keeps it again")


def _run_history(settings: Settings, lake: Lake) -> Iterator[Fault]:
    """Dagster's databases, by SQLite's own check, and the runs that the record names.

    A history that is gone as a whole was moved away: then it begins with the oldest run that it knows.
    """
    away = "move warehouse/dagster away, and the next build begins another: the record is not in it"
    home = settings.dagster_home
    runs, events = home / "history" / "runs.db", home / "history" / "runs"
    begun = _has_rows(runs, "runs") or _has_rows(events / "index.db", "event_logs")
    begun = begun or any(file.name != "index.db" for file in events.glob("*.db"))
    for file in sorted(home.glob("**/*.db")):
        if (answer := _database(file)) != "ok" and (begun or answer != EMPTY):  # else it is being made
            yield Fault(str(file.relative_to(home.parent)), f"the run history is damaged ({answer}); {away}")
    if not begun or lake.address.file is None:  # machines of a team have a history each
        return
    if not runs.exists():
        yield Fault(
            str(runs.relative_to(home.parent)),
            f"is gone, but other parts of the run history are there; {away}",
        )
        return
    with closing(sqlite3.connect(f"{runs.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        try:
            known = dict(opened.execute("SELECT run_id, create_timestamp FROM runs"))
            refused = opened.execute("SELECT value, run_id FROM run_tags WHERE key = ?", [REFUSED_TAG])
            refusals = dict(refused.fetchall())
        except sqlite3.Error:
            return  # its check has said it
    others = ("history/runs/index.db", "schedules/schedules.db")
    for file in (home / name for name in others if known):  # all are made before the first run is
        if not file.exists():
            yield Fault(str(file.relative_to(home.parent)), f"is gone, a part of the run history; {away}")
    for name, run_id in refusals.items():
        if not (settings.quarantine / name).exists():
            yield Fault(f"quarantine/{name}", f"is gone; run {run_id} refused that document")
    first = str(min(known.values(), default="9999"))
    for row in lake.read()["vintages"].to_pylist():
        if row["run_id"] not in known and f"{row['recorded_at']}" > first:
            where = vintage_name(row["edition_year"], row["vintage"])
            yield Fault(HISTORY, f"does not have run {row['run_id']}, which recorded {where}; {away}")


def _has_rows(file: Path, table: str) -> bool:
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as one,
    ):
        return one.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None
    return False


def _hashed(file: Path, shown: str, expected: object) -> Iterator[Fault]:
    """A file whose bytes are not those of the hash."""
    try:
        found = files.sha256(file)
    except OSError as error:
        yield Fault(shown, f"cannot be read: {error.strerror}")
        return
    if found != expected:
        yield Fault(shown, f"has SHA-256 {found}, recorded was {expected}")
