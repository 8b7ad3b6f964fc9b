"""A release: its id, its manifest, and what it changed since the one before, in words.

Here belongs what says which published state this is and how it came about; the file itself is for
`published`, what others cite for `package`. `warehouse/releases/<release_id>/` gets `manifest.json`
(everything that the release was made of, with hashes, its own last) and, for people, `changes.md`. The
same content has the same id, so both are written again when their release is.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemas
from pipelines import files, other_sources, publication, reconcile, versions
from pipelines.lake import Lake, differences
from pipelines.publish import effects, published, render, views
from pipelines.publish.base import Base, chosen, load, revised
from pipelines.settings import Settings
from schemas import registry

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

MANIFEST = "manifest.json"
REVISIONS = "revisions"
CHANGES = "changes.md"
NOT_COMPARED = "the manifest of the release before is not there to compare with"
NO_PACKAGE = "every other value: not compared, since no package of the release before is there"
CATALOG = "jvom.ducklake"
_CONTENT = (
    *("vintages", "reconciliations", "mission_registry", "mission_relations"),
    *("findings_across_editions", "declared_corrections"),
)
_EDITION = ("title", "kamerstuk", "source_path", "source_sha256", "source_bytes", "source_fidelity")
_SHAPES = {
    "contract_version": "contract",
    "views": "SQL of the views and macros",
    "registry": "mission registry and layouts",
}

# What rules that compare editions are given of the latest vintages.
COMPARED = ("editions", "edition_sequence", "personnel", "mandates", "footnotes", "sections")
_GIVEN = ("observations", "mission_registry", "mission_relations")

Row = Mapping[str, Any]
Tables = Mapping[str, "pa.Table"]


@dataclass(frozen=True)
class Content:
    """What a release is made of: its base tables (`published.base_contracts`) and every view over them.

    Of `revisions`, which is about all vintages, only editions that have a new one.
    """

    tables: Base
    views: dict[str, pa.Table]


_gathered: list[tuple[object, Content]] = []  # of one state of lake, registry, rules and other sources
# What this process published last, by `published.identity` → its views.
_published: dict[tuple[str, str | None], Tables] = {}


def gather(settings: Settings) -> Content:
    """The lake, the registry, other public sources, and what rules find between editions.

    Evaluated once for one state of all of them. `quarantine` is left to whoever publishes.
    """
    lake, known = Lake.of(settings), registry.load()
    at = settings.published.stat() if settings.published.exists() else None
    file = at and (at.st_ino, at.st_mtime_ns, at.st_size)
    state = (
        settings,
        file,
        lake.head(),
        known,
        versions.rules(),
        other_sources.version(settings),
        views.version(),
    )
    if not _gathered or _gathered[0][0] != state:
        for _, earlier in _gathered:
            earlier.tables.close()  # else the file that it has open is seen, not the one there now
        _gathered.clear()
        base = load(settings.published, lake)
        evaluated = evaluate(base, settings, known)
        evaluated[REVISIONS] = _revisions(base)
        content = Content(base, {view.name: evaluated[view.name] for view in views.ordered()})
        _gathered[:] = [(state, content)]
    return _gathered[0][1]


def evaluate(base: Base, settings: Settings, known: registry.Registry) -> dict[str, pa.Table]:
    """Every view but `revisions` over what the lake has, which is given here what else they are of."""
    base.given.update({**known.tables(), **other_sources.tables(settings, known)})
    declared = [asdict(correction) for correction in known.corrections]
    base.given["declared_corrections"] = schemas.DERIVED["declared_corrections"].table(declared)
    latest = views.evaluate(dict(base), views.needed(COMPARED))
    found = reconcile.across({**latest, **{name: base[name] for name in _GIVEN}})
    across = [{**finding, "rules_version": versions.rules()} for finding in found]
    base.given["findings_across_editions"] = schemas.DERIVED["findings_across_editions"].table(across)
    others = [view for view in views.ordered() if view.name not in {*latest, REVISIONS}]
    return latest | views.evaluate(dict(base) | latest, others)


def _revisions(base: Base) -> pa.Table:
    import pyarrow as pa

    found = [schemas.RELATIONS[REVISIONS].table([])]
    for of in revised(base):
        evaluated = views.evaluate({"vintages": base["vintages"], **of}, views.needed((REVISIONS,)))
        found.append(evaluated[REVISIONS])
    return pa.concat_tables(found)


def publish(settings: Settings, lake: Lake, refused: list[dict[str, object]]) -> dict[str, Any]:
    """Publish the lake as it is, as the one writer: file, release, manifest; the manifest.

    `refused` are rows of `quarantine`.
    """
    with ExitStack() as leaving:
        leaving.enter_context(lake.writer())
        # Before they are read: newer ones publish again.
        asked = {"public": other_sources.version(settings), "declared": versions.declared()}
        content = gather(settings)
        tables = content.tables
        leaving.callback(tables.close)
        leaving.callback(_gathered.clear)
        release = row_of(tables)
        lake.add_release(release)
        refusals = schemas.REFUSALS["quarantine"].table(refused)
        tables.given.update(releases=with_release(tables, release), quarantine=refusals)
        facts = {"head": lake.head(), "code": versions.publishing(), **asked}
        name = str(release["release_id"])
        file = settings.building(name)
        published.publish(file, tables, release_id=name, news=tables, **facts)
        stored = lake.stored_files(first_snapshot(tables, release))
        earlier = previous(tables["releases"].to_pylist(), name)
        written = manifest(
            release,
            tables,
            file=file,
            stored=stored,
            extensions=lake.extensions(),
            compared=_since(settings.releases / earlier["release_id"], content) if earlier else None,
        )
        if written["others"] is None:  # of one that is published again, whose forerunner's package is gone
            written["others"] = (read(settings.releases, name) or {}).get("others")
        write(settings.releases, written)
        if settings.store:
            publication.put(settings.store, file, name, written["published"]["sha256"])
        if settings.public_data:
            _leave_catalog(settings, lake, name)
        _published.clear()
        _published[name, str(tables.snapshot)] = {
            view: rows for view, rows in content.views.items() if view != REVISIONS
        }
    return written


def _since(before: Path, content: Content) -> effects.Effects | None:
    """What of the content differs from the package of a release; None if that is not there."""
    import pyarrow.parquet as pq

    from pipelines.publish.package import LEFT_OUT

    kept = {file.stem: file for file in (before / "data").glob("*.parquet")}
    there = {name: pq.read_schema(file).names for name, file in kept.items()}
    now = {name: rows for name, rows in content.views.items() if name not in LEFT_OUT}
    now |= {name: content.tables[name] for name in (*schemas.PUBLIC, "mission_registry", "mission_relations")}
    ours = {name: of.names for name, of in schemas.RELATIONS.items() if name in {**there, **now}}
    found = effects.compare(
        there, ours, lambda name, columns: pq.read_table(kept[name], columns=columns), now
    )
    return found if kept else None


@contextmanager
def connect(settings: Settings) -> Iterator[tuple[str, DuckDBPyConnection, Tables]]:
    """The published file, open, its release, and the views that this process evaluated for it.

    They are not evaluated again: bare names of them give those rows. LakeError if the file cannot be read.
    """
    with published.connect(settings.published) as connection:
        release, snapshot = published.identity(connection)
        evaluated = _published.get((release, snapshot), {})
        for view, rows in evaluated.items():
            connection.register(view, rows)
        yield release, connection, evaluated


def _leave_catalog(settings: Settings, lake: Lake, name: str) -> None:
    """A catalog of the lake in one file, to attach to: as of this release, and as the newest."""
    with tempfile.TemporaryDirectory(prefix="jvom-") as folder:
        file = Path(folder, CATALOG)
        lake.copy_catalog(file, settings.public_data)
        data = file.read_bytes()
    home = (settings.store or settings.warehouse) / publication.FOLDER
    with files.writable(str(home), "free some disk space or mend the folder, then run jvom build"):
        publication.leave(home, {f"{name}.ducklake": data, CATALOG: data})


def release_id(tables: Tables, views_version: str) -> str:
    """Identifier of the content that these base tables make, 12 hexadecimal digits.

    It depends on vintages, what rules found in them, registry, corrections, other public sources, views
    and contract alone: not on runs, times or snapshots.
    """
    contracts = published.base_contracts()
    digest = hashlib.sha256(f"{schemas.CONTRACT_VERSION}\n{views_version}\n".encode())
    for name in (*_CONTENT, *schemas.PUBLIC):
        rows = tables[name].select(list(contracts[name].values)).to_pylist()
        lines = sorted(json.dumps(row, sort_keys=True, ensure_ascii=False, default=str) for row in rows)
        digest.update("\n".join([name, *lines, ""]).encode())
    return digest.hexdigest()[:12]


def row_of(tables: Tables) -> dict[str, Any]:
    """The row of `releases` for base tables: the latest vintages that are not withdrawn.

    It is later than all before it, also where this machine's clock is behind another's: order is by time.
    """
    now, tick = datetime.datetime.now(datetime.UTC).replace(tzinfo=None), datetime.timedelta(microseconds=1)
    editions = sorted(tables["editions_vintages"].to_pylist(), key=lambda row: row["vintage"])
    newest = {row["edition_year"]: row for row in editions}
    return {
        "release_id": release_id(tables, views.version()),
        "published_at": max([now, *(each + tick for each in tables["releases"]["published_at"].to_pylist())]),
        "contract_version": schemas.CONTRACT_VERSION,
        "git_commit": versions.git_commit(),
        "snapshot_id": max(tables["vintages"]["snapshot_id"].to_pylist(), default=0),
        "vintages": [(year, row["vintage"]) for year, row in sorted(newest.items()) if not row["withdrawn"]],
        "tool_versions": sorted(versions.tools().items()),
    }


def with_release(tables: Tables, release: Row) -> pa.Table:
    """The table `releases` with a release in it."""
    rows = tables["releases"].to_pylist()
    if release["release_id"] not in [row["release_id"] for row in rows]:
        rows.append(dict(release))
    return schemas.RECORD["releases"].table(rows)


def manifest(
    release: Row,
    tables: Tables,
    *,
    file: Path,
    stored: Sequence[Mapping[str, object]],
    extensions: Sequence[Mapping[str, object]],
    compared: effects.Effects | None = None,
) -> dict[str, Any]:
    """The manifest of a release that is published as `file`.

    `tables` are the published base tables, `stored` the lake's Parquet files with size and SHA-256,
    `extensions` what the lake was written with and where that came from, `compared` what differs from the
    release before, if that could be told. Of vintages it has those that came after the release before: that
    one's manifest has the others.
    """
    before = previous(tables["releases"].to_pylist(), release["release_id"])
    recorded = _between(tables, first_snapshot(tables, release) - 1, release["snapshot_id"])
    editions = {
        (row["edition_year"], row["vintage"]): {name: row[name] for name in _EDITION}
        for row in tables["editions_vintages"].to_pylist()
    }
    came = changes(tables, release, before)
    anew = {entry["edition_year"] for entry in came}
    turned = {*dict(release["vintages"])} ^ {*dict(before["vintages"] if before else {})}
    return {
        "release_id": release["release_id"],
        "previous_release_id": before["release_id"] if before else None,
        "contract_version": release["contract_version"],
        "views": views.version(),
        "registry": versions.registry(),
        "snapshot_id": release["snapshot_id"],
        "git_commit": release["git_commit"],
        "editions": [
            {"edition_year": year, "vintage": vintage, **editions[year, vintage]}
            for year, vintage in sorted(dict(release["vintages"]).items())
        ],
        "vintages": [{**row, "row_counts": dict(row["row_counts"])} for row in recorded],
        "changes": came,
        "later_trends": effects.later_trends(tables, release, before),
        "others": effects.recorded(compared, turned, anew) if compared else None,
        "parquet": [dict(entry) for entry in stored],
        "published": {"path": file.name, "bytes": file.stat().st_size, "sha256": files.sha256(file)},
        "tools": dict(release["tool_versions"]),
        "extensions": [dict(extension) for extension in extensions],
    }


def previous(releases: Sequence[Row], release_id: str) -> Row | None:
    """The release first published before this one was; None if this is the first."""
    ordered = sorted(releases, key=lambda row: (row["published_at"], row["release_id"]))
    ids = [row["release_id"] for row in ordered]
    at = ids.index(release_id) if release_id in ids else len(ids)
    return ordered[at - 1] if at else None


def first_snapshot(tables: Tables, release: Row) -> int:
    """The first snapshot of the lake that the release before did not have; 0 for the first release."""
    before = previous(tables["releases"].to_pylist(), release["release_id"])
    return before["snapshot_id"] + 1 if before else 0


def changes(tables: Tables, release: Row, before: Row | None) -> list[dict[str, Any]]:
    """One entry for each vintage that the lake had, by snapshot, at `release` and not yet at `before`."""
    since = before["snapshot_id"] if before else -1
    rows = sorted(_between(tables, since, release["snapshot_id"]), key=lambda row: row["snapshot_id"])
    compared: dict[int, set[int]] = {}
    for row in rows:
        if row["vintage"] > 1:
            compared.setdefault(row["edition_year"], set()).update((row["vintage"] - 1, row["vintage"]))
    entries = []
    for year in sorted({row["edition_year"] for row in rows}):
        found = _rows(tables, year, compared.get(year, ()))
        entries += [(row["snapshot_id"], _entry(row, found)) for row in rows if row["edition_year"] == year]
    return [entry for _, entry in sorted(entries, key=itemgetter(0))]


def _between(tables: Tables, since: int, until: int) -> list[dict[str, Any]]:
    """Vintages after one snapshot and up to another, by key."""
    import pyarrow.compute as pc

    chosen_rows = (pc.field("snapshot_id") > since) & (pc.field("snapshot_id") <= until)
    return list(tables["vintages"].filter(chosen_rows).to_pylist())


def _entry(vintage: Row, of_edition: Mapping[int, Mapping[str, list[Row]]]) -> dict[str, Any]:
    year, number = vintage["edition_year"], vintage["vintage"]
    if number == 1:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(dict(vintage["row_counts"]).items()))
        sentences: tuple[str, ...] = (f"rows: {counts}",)
    else:
        found = differences.differences(of_edition[number - 1], of_edition[number])
        sentences = differences.sentences(found) or ("no value differs from the vintage before",)
    return {
        "edition_year": year,
        "vintage": number,
        "cause": vintage["cause"],
        "reason": vintage["reason"],
        "actor": vintage["actor"],
        "recorded_at": f"{vintage['recorded_at']:%Y-%m-%d %H:%M:%S}",
        "sentences": list(sentences),
    }


def _rows(tables: Tables, year: int, vintages: Iterable[int]) -> dict[int, dict[str, list[Row]]]:
    """The rows of vintages of an edition, by number and table."""
    found: dict[int, dict[str, list[Row]]] = {number: {} for number in vintages}
    names = [f"{name}_vintages" for name in schemas.TABLES] if found else []
    for name, rows in chosen(tables, names, [(year, number) for number in found]).items():
        for of in found.values():
            of[name.removesuffix("_vintages")] = []
        for row in rows.to_pylist():
            found[row["vintage"]][name.removesuffix("_vintages")].append(row)
    return found


def write(folder: Path, manifest: Row) -> Path:
    """Put the manifest and its page of changes where they belong under `folder`; returns the manifest's path.

    Each file is there whole or not at all. Raises LakeError if the folder cannot be written.
    """
    home = folder / str(manifest["release_id"])
    page = changes_page(manifest, read(folder, manifest["previous_release_id"])).encode()
    listed = {**manifest, "changes_sha256": hashlib.sha256(page).hexdigest()}
    whole = {**listed, "self_sha256": _hash_of(listed)}
    with files.writable(str(home), "free some disk space or mend the folder, then run jvom build"):
        files.put(home / CHANGES, page)
        text = json.dumps(whole, ensure_ascii=False, indent=1, default=str)
        files.put(home / MANIFEST, f"{text}\n".encode())
    return home / MANIFEST


def changes_page(manifest: Row, before: Row | None) -> str:
    """What a release changed as Markdown, from its manifest and that of the release before it."""
    shaped = []
    if manifest["previous_release_id"] and before is None:
        shaped = [NOT_COMPARED]
    elif before is not None:
        shaped = [
            f"{what}: {before.get(name) or 'unknown'} → {manifest.get(name)}"
            for name, what in _SHAPES.items()
            if before.get(name) != manifest.get(name)
        ]
    later = effects.sentences(manifest["later_trends"])
    found = manifest.get("others")
    if manifest["previous_release_id"] and found is None:
        shaped.append(NO_PACKAGE)
    others = effects.others(found, manifest["later_trends"]) if found else []
    return render("changes.md", release=manifest, later=later, others=others, shaped=shaped)


def read(folder: Path, release_id: str | None) -> dict[str, Any] | None:
    """The manifest of a release; None if it is missing or cannot be read."""
    try:
        found = json.loads((folder / str(release_id) / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def parts(folder: Path, release_id: str, sha256: str) -> list[str]:
    """What a release published with these bytes: its file for analysts, files of its package."""
    from pipelines.publish.package import HASHES

    published = (read(folder, release_id) or {}).get("published") or {}
    sums = folder / release_id / HASHES
    listed = sums.read_text(encoding="utf-8").splitlines() if sums.exists() else []
    lines = [*listed, f"{published.get('sha256')}  {published.get('path')}"]
    return [line.partition("  ")[2] for line in lines if line.startswith(sha256)]


def intact(manifest: Row) -> bool:
    """Whether a manifest is as it was written, by the hash of itself at its end."""
    rest = {name: value for name, value in manifest.items() if name != "self_sha256"}
    return manifest.get("self_sha256") == _hash_of(rest)


def _hash_of(manifest: Row) -> str:
    return hashlib.sha256(json.dumps(manifest, ensure_ascii=False, default=str).encode()).hexdigest()
