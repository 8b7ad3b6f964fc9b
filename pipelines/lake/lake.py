"""The door of the store: one `Lake` records vintages and reads them back."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import schemas
from pipelines import settings
from pipelines.lake import commits, connection, copying, decision, history, seal, tables
from pipelines.lake.backup import before_migration
from pipelines.lake.connection import ADDRESS_SPACE, Address, Attached, attached
from pipelines.lake.decision import Action, Copy
from pipelines.lake.history import Authorship, Reading, RuleResults
from pipelines.lake.lock import writer_lock
from pipelines.model import EditionState, Recorded, SourceFile, Versions
from schemas.errors import LakeError, UsageError, require_address_space

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

# What only a commit brings about, and what is kept only once there is a catalog: folder, and which of it.
_OF_COMMITS = (("", "jvom.duckdb"), ("releases", "*/manifest.json"), ("site", ".built"))
_OF_A_CATALOG = (("sources", "[!.]*"), ("quarantine", "[!.]*"))


class Lake:
    """The record of all vintages: rows that are only ever added to.

    `catalog` is `sqlite:<file>` or `postgres:<libpq connection string>`, `data` a folder or an
    `s3://` prefix (credentials from the usual `AWS_*` variables). Opening is left to the first use.
    `warehouse` is what is copied before tables change; if a catalog is at its usual place in one, it need
    not be named. `store` is where what belongs to the lake is kept, if not in `warehouse`. Methods raise
    LakeError if lock, disk, network or database fail.
    """

    @classmethod
    def of(cls, where: settings.Settings) -> Lake:
        return cls(where.catalog, where.data, where.warehouse, where.store)

    def __init__(
        self, catalog: str, data: str, warehouse: Path | None = None, store: Path | None = None
    ) -> None:
        self.address = Address(catalog, data)
        self._warehouse, self._house = warehouse, store or warehouse
        self._lock = writer_lock(catalog)
        self._complete = 0  # the hold of the lock under which the tables were last seen to be complete

    def writer(
        self, timeout: float | None = None, waiting: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """The one-writer lock; entering it again in this process only counts.

        `waiting` is called once with the holder if it is not free; LakeError after `timeout` seconds.
        """
        return self._lock.acquire(timeout, waiting)

    def wait(self, timeout: float, waiting: Callable[[str], None] | None) -> None:
        """How long each commit of this process waits for another writer, and who is told of it."""
        require_address_space(ADDRESS_SPACE)  # before anything is begun
        self._lock.patience = (timeout, waiting)

    def holder(self) -> str | None:
        """Who writes to the lake now, in words; None while nobody does."""
        return self._lock.holder()

    def record(
        self,
        edition_year: int,
        read: Mapping[str, pa.Table],
        *,
        source: SourceFile,
        versions: Versions,
        by: Authorship,
        recheck: bool = False,
        note: str = "",
        results: RuleResults | None = None,
    ) -> Recorded:
        """Record one reading of an edition as a vintage, all tables in one transaction.

        `read` are the tables of `schemas.TABLES` as read, `results` what rules found in the rows of
        `rows_after_recording`. Nothing is written if these bytes were read by these versions before,
        unless `recheck` asks for it; a verification, if the rows are the same (also where another service
        rendered the document anew). What new rules found is
        added to the newest vintage. `note` joins the reason that is kept.
        """
        content = decision.content_hash(read)
        with self._writing(f"recording edition {edition_year}", by.actor) as lake:
            state = history.state_for(lake, source, content)
            plan = decision.plan_write(state, source, versions, content, recheck=recheck)
            plan = replace(plan, reason=f"{plan.reason}: {note}") if note else plan
            now = _now(state)
            if state is not None and plan.write != "vintage":
                if plan.write == "verification":
                    again = (source.sha256, versions, plan.reason, by.actor, now)
                    history.append_reading_again(lake, state, *again)
                renewed = results is not None and history.append_results(lake, state, results, by, now)
                number = state.vintage
                snapshot = commits.snapshot_of(lake, f"vintage:{edition_year}:{number}:")
                assert snapshot is not None  # each vintage is a commit
                return Recorded(edition_year, number, plan.cause, plan.reason, snapshot, False, renewed)
            vintage = history.new_vintage(state, plan, read, source, versions, by, results, now, content)
            (recorded,) = history.append_vintages(lake, [vintage])
            return recorded

    def record_earlier(
        self, edition_year: int, readings: Sequence[Reading], *, versions: Versions, by: Authorship
    ) -> list[Recorded | None]:
        """Record documents of an edition, oldest first, a vintage each, all of them in one transaction.

        None for one that was read before. The first that would not be a new vintage ends it: what becomes of
        that one is for `record`.
        """
        with self._writing(f"recording edition {edition_year}", by.actor) as lake:
            state = history.edition_states(lake, edition_year).get(edition_year)
            new: list[history.NewVintage | None] = []
            for each in readings:
                if state and each.source.sha256 in state.seen:
                    new.append(None)
                    continue
                content, now = each.results.content, _now(state)
                plan = decision.plan_write(state, each.source, versions, content)
                if plan.write != "vintage":
                    break
                read = (each.tables, each.source, versions, by, each.results, now, content)
                vintage = history.new_vintage(state, plan, *read)
                new.append(vintage)
                state = history.state_after(state, vintage, each.source, versions)
            added = [vintage for vintage in new if vintage]
            recorded = iter(history.append_vintages(lake, added) if added else ())
            return [next(recorded) if vintage else None for vintage in new]

    def would_add(
        self, read: Mapping[str, pa.Table], *, source: SourceFile, versions: Versions, results: RuleResults
    ) -> dict[str, pa.Table]:
        """The rows that `record` would add to the lake's tables: of a vintage, of newer rules, or none."""
        content = decision.content_hash(read)
        state = self._ask(lambda lake: history.state_for(lake, source, content))
        plan = decision.plan_write(state, source, versions, content)
        by, now = Authorship(settings.actor(), "dry run"), _now(state)
        if plan.write == "vintage":
            return history.new_vintage(state, plan, read, source, versions, by, results, now, content).rows
        if state is not None and history.are_new(results, state):
            return history.result_rows(source.edition_year, state.vintage, results, by, now)
        return {}

    def rows_after_recording(
        self, edition_year: int, read: Mapping[str, pa.Table], *, source: SourceFile, versions: Versions
    ) -> tuple[Mapping[str, pa.Table], str]:
        """The rows, and their hash, that the newest vintage will have once this reading is recorded.

        They are the reading's, unless the newest vintage was withdrawn, or restored, and stays.
        """
        content = decision.content_hash(read)
        state = self._ask(lambda lake: history.state_for(lake, source, content))
        if state is None or state.content_hash == content:
            return read, content
        if decision.plan_write(state, source, versions, content).write == "vintage":
            return read, content
        return self.vintage(edition_year, state.vintage), state.content_hash

    def target_vintage(self, edition_year: int, action: Action, vintage: int | None = None) -> int:
        """The vintage that withdrawing or restoring would copy; UsageError if it cannot be done."""
        query = "SELECT vintage, withdrawn FROM {} WHERE edition_year = ?"
        recorded = self._ask(
            lambda lake: lake.rows(query.format(lake.table("editions_vintages")), edition_year)
        )
        return decision.target_vintage(edition_year, dict(recorded or ()), action, vintage)

    def decide(
        self, action: Action, edition_year: int, reason: str, *, vintage: int | None = None, by: Authorship
    ) -> Recorded:
        """Withdraw an edition from the latest views, or restore a vintage, as a new vintage.

        What is withdrawn comes back by a restoration or by new bytes. Without `vintage` the last before the
        withdrawal is restored; it stays until bytes or versions come that the edition was never read from or
        by. Raises UsageError if there is nothing to withdraw, or to bring back.
        """
        with self.writer():
            target = self.target_vintage(edition_year, action, vintage)  # before a lake is made for nothing
            (recorded,) = self._copy([Copy(action, edition_year, target)], reason, by)
            return recorded

    def copies_back(self, release_id: str) -> list[Copy]:
        """What would make the vintages of a release all that readers see; none if they are.

        Raises UsageError if no release has that id.
        """
        released, contents = self._ask(history.released) or {}, self._ask(history.contents) or {}
        if release_id not in released:
            hint = f"the newest are {', '.join(list(released)[-3:])}" if released else "run jvom build"
            raise UsageError(f"there is no release {release_id}", hint=f"{hint}; jvom status names the last")
        return decision.copies_back(released[release_id], contents)

    def roll_back(self, release_id: str, reason: str, by: Authorship) -> list[Recorded]:
        """Make the vintages of a release what readers see, as new vintages in one commit, or do nothing."""
        with self.writer():
            copies = self.copies_back(release_id)
            return self._copy(copies, f"back to release {release_id}, {reason}", by) if copies else []

    def would_copy(self, copies: Sequence[Copy]) -> list[dict[str, pa.Table]]:
        """The rows that these copies would add to the lake's tables."""
        by = Authorship(settings.actor(), "dry run")
        return [each.rows for each in self._ask(lambda lake: _copied(lake, copies, "", by)) or ()]

    def _copy(self, copies: Sequence[Copy], reason: str, by: Authorship) -> list[Recorded]:
        named = ", ".join(f"edition {copy.edition_year}" for copy in copies)
        with self._writing(f"recording {named}", by.actor) as lake:
            return history.append_vintages(lake, _copied(lake, copies, reason, by))

    def read(self) -> dict[str, pa.Table]:
        """Every table of the record by its contract, of one moment, rows by key; empty without a lake."""
        with self._reading() as lake:
            return tables.read(lake, {**schemas.VINTAGE_TABLES, **schemas.RECORD})

    def since(self, snapshot: int | None) -> tuple[dict[str, pa.Table], int, str | None]:
        """Of the tables of `schemas.RECORD` all rows, or those that came after a snapshot; the newest
        snapshot, and its key."""
        with self._reading() as lake:
            if lake is None or not tables.columns(lake):
                return tables.read(None, schemas.RECORD), 0, None
            while True:
                newest = tables.newest_snapshot(lake)
                read = tables.read(lake, schemas.RECORD, snapshot)
                if tables.newest_snapshot(lake) == newest:  # else somebody wrote meanwhile
                    return read, newest, commits.key_of(lake, newest)

    def vintages_since(self, snapshot: int | None, last: int, where: str) -> dict[str, pa.Table]:
        """The new rows of tables of vintages after a snapshot, up to another, that are as `where` says."""
        with self._reading() as lake:
            read = tables.between(lake, schemas.VINTAGE_TABLES, snapshot, last, where) if lake else {}
        return {name: rows.cast(schemas.VINTAGE_TABLES[name].arrow) for name, rows in read.items()}

    def commit_at(self, snapshot: int) -> str | None:
        """The key of the commit that made a snapshot; None if there is no such commit."""
        with connection.catalog(self.address, "reading a commit of the lake") as lake:
            return commits.key_of(lake, snapshot) if lake else None

    def vintage(self, edition_year: int, vintage: int, *, stamps: bool = False) -> dict[str, pa.Table]:
        """The tables of one vintage as they were read, with `stamps` also what the lake added to them."""
        with self._reading() as lake:
            place, snapshot = {"edition_year": edition_year, "vintage": vintage}, None
            if lake is not None:
                lake.connection.execute("BEGIN")  # else DuckLake looks up what there is for each table
                snapshot = commits.snapshot_of(lake, f"vintage:{edition_year}:{vintage}:")
            return tables.of_vintage(lake, schemas.TABLES, stamps=stamps, snapshot=snapshot, **place)

    def edition_states(self) -> dict[int, EditionState]:
        """The newest vintage of each edition, and what it is known by, by year."""
        return self._ask(history.edition_states) or {}

    def edition_state(self, edition_year: int) -> EditionState | None:
        """The newest vintage of an edition; None if it was never recorded."""
        states = self._ask(lambda lake: history.edition_states(lake, edition_year)) or {}
        return states.get(edition_year)

    def stored_files(self, first: int = 0) -> list[dict[str, Any]]:
        """Data files since snapshot `first`: path in the data folder, snapshot, size, SHA-256 as written."""
        return self._ask(lambda lake: commits.stored_files(lake, first)) or []

    def broken_seal(self) -> str | None:
        """What says that the catalog is not as its last writer left it; None if it is."""
        return seal.broken(self.address)

    def altered_manifests(self) -> list[int]:
        """Snapshots whose manifest is there, and is not written as this project writes one."""
        return self._ask(commits.altered_manifests) or []

    def manifests(self) -> dict[str, object] | None:
        """How many manifests of commits there are, the newest, and the SHA-256 of all; None without any."""
        return commits.all_manifests(self.address)

    def extensions(self) -> list[dict[str, object]]:
        """DuckDB's extensions at work: name, version, and where each came from."""
        return self._ask(lambda lake: connection.origins(lake.connection)) or []

    def verifications(self) -> list[tuple[datetime.datetime, str]]:
        """When each verification of the whole record was made (UTC), oldest first, and its result."""
        query = "SELECT checked_at, result FROM {} WHERE kind = ? ORDER BY checked_at"
        table = "verifications"
        return self._ask(lambda lake: lake.rows(query.format(lake.table(table)), history.VERIFICATION)) or []

    def head(self) -> str | None:
        """Key of the newest commit, in a millisecond for a SQLite catalog; None while there is none."""
        key = commits.newest_key(self.address)
        return None if key == commits.EMPTY else key

    def add_verification(self, result: str, actor: str) -> None:
        """Append the result of a verification; `head` does not count it, since no vintage came."""
        with self._writing("recording the verification", actor) as lake:
            history.append_verification(lake, result, actor, _now(None))

    def add_release(self, release: Mapping[str, object]) -> bool:
        """Append a row of `releases`, published now, unless its id is there; whether it was appended."""
        with self._writing("recording the release", settings.actor()) as lake:
            return history.append_release(lake, {"published_at": _now(None), **release}, settings.actor())

    def recover(self) -> list[str]:
        """Mend what a dead writer left: late manifests, files of no snapshot; sentences for the log."""
        if self.head() is None:
            return []
        with self.writer(), self._lock.transaction:
            self._begin()
            with self._ending(), attached(self.address, "recovering", write=True) as lake:
                assert lake is not None  # writing makes it
                # A writer that died before it made tables left nothing that is known to be ours.
                return commits.recover(lake) if tables.columns(lake) else []

    def copy_catalog(self, file: Path, data: str) -> None:
        """Leave a copy of the catalog in one file, by which others read the lake; `data` is its address."""
        with self.writer(), connection.surroundings("copying the lake's catalog", self.address):
            copying.copy_catalog(self.address, str(file), data)

    def close(self) -> None:
        """End this process's DuckDB instance; using the lake again starts another."""
        connection.close()

    def _reading(self) -> AbstractContextManager[Attached | None]:
        return attached(self.address, "reading the lake", write=False)

    def _ask(self, question: Callable[[Attached], _Answer]) -> _Answer | None:
        """The answer of the lake; None without one, or before its tables are made."""
        with self._reading() as lake:
            return question(lake) if lake and tables.columns(lake) else None

    @contextmanager
    def _writing(self, doing: str, actor: str) -> Iterator[Attached]:
        """The lake for one write: locked, recovered if the last writer did not end well, all tables there."""
        with self.writer(), self._lock.transaction:
            self._back_up_if_lacking()
            well = self._begin()
            with self._ending(), attached(self.address, doing, write=True) as lake:
                assert lake is not None  # writing makes it
                tables.prepare(lake, actor)
                if not well:
                    for sentence in commits.recover(lake):
                        log.warning("%s", sentence)
                yield lake

    def _begin(self) -> bool:
        """Whether the last writer ended well, asked once in a hold of the lock, which then has an end."""
        if self._lock.ending is not None:
            return True
        well = seal.begin(self.address)
        self._lock.ending = partial(seal.end, self.address, well=True)
        return well

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Around a write: after one that failed, the next hold of the lock looks for what it left."""
        try:
            yield
        except BaseException:
            self._lock.ending = partial(seal.end, self.address, well=False)
            raise

    def begin(self) -> None:
        """Make the catalog, if there is none and never was: before the first thing is kept beside it."""
        if commits.newest_key(self.address) is None:
            with self.writer():
                self.require_present()
                with attached(self.address, "beginning the record", write=True):
                    pass

    def lacking(self) -> list[str]:
        """Tables and columns that the next write makes or changes, as `table` or `table.column`."""
        return self._ask(tables.lacking) or []

    def require_present(self) -> None:
        """Raises LakeError where the catalog, or all that was in it, is gone: what is beside it says so."""
        key = commits.newest_key(self.address)
        if key not in (None, commits.EMPTY):
            return
        evidence, house = next(self.address.manifests.glob("*.json"), None), self._house
        for folder, which in (*_OF_COMMITS, *(_OF_A_CATALOG if key is None else ())) if house else ():
            evidence = evidence or next((house / folder).glob(which), None)
        if evidence:
            message = f"the lake is gone: nothing is recorded, but {evidence} is from when something was"
            begin = "to begin a new record, move away what is left of it"
            if house and evidence == house / "jvom.duckdb" and not (house / "releases").exists():
                message = f"only {evidence} is here, and no record: it can be asked, and not built on"
                begin = "to begin a new record, move it away"
            hint = f"restore the warehouse from a backup; or, {begin}"
            raise LakeError(message, file=self.address.name, hint=hint)

    def _back_up_if_lacking(self) -> None:
        """Copy the warehouse before tables or columns of a lake in use are added or changed."""
        if self._complete == self._lock.hold:
            return
        self.require_present()
        if lacking := self._ask(tables.lacking):
            file = self.address.file
            usual = file.parent.parent if file and file.parent.name == "lake" else None
            warehouse = self._warehouse or usual
            if warehouse is None:
                message = "its tables must change, and nothing says where to put a backup"
                raise LakeError(message, file=self.address.name, hint="run jvom build --warehouse DIR")
            raw, where = warehouse.parent / "raw", self.address
            copied = settings.Settings(raw, warehouse, where.catalog, where.data)
            before_migration(copied, f"The lake gains or changes {', '.join(lacking)}")
        self._complete = self._lock.hold


def _copied(lake: Attached, copies: Sequence[Copy], reason: str, by: Authorship) -> list[history.NewVintage]:
    states = [history.edition_states(lake, copy.edition_year)[copy.edition_year] for copy in copies]
    now = max(map(_now, states))
    return [
        history.copied(lake, state, copy, reason, by, now) for state, copy in zip(states, copies, strict=True)
    ]


def _now(state: EditionState | None) -> datetime.datetime:
    """The time, UTC, and later than all of `state` even if the clock was set back: order is by time."""
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    return max(now, state.confirmed_at + datetime.timedelta(microseconds=1)) if state else now
