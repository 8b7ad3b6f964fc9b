"""The door of the store: one `Lake` records vintages and reads them back."""

from __future__ import annotations

import datetime
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import settings
from pipelines.lake import (
    connection,
    decision,
    history,
    manifests,
    reconciliation,
    tables,
    upkeep,
    withdrawal,
)
from pipelines.lake.backup import before_migration
from pipelines.lake.commits import newest_key
from pipelines.lake.connection import Address, Attached, attached
from pipelines.lake.lock import writer_lock
from pipelines.model import EditionState, Recorded, SourceFile, Versions
from schemas.errors import LakeError

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

WAIT = 600.0  # seconds that a writer waits for another


class Lake:
    """The record of all vintages: rows that are only ever added to.

    `catalog` is `sqlite:<file>` or `postgres:<libpq connection string>`, `data` a folder or an
    `s3://` prefix (credentials from the usual `AWS_*` variables). Opening is left to the first use.
    `warehouse` is what is copied before tables change; where a catalog has its usual place in one,
    it need not be named. Methods raise LakeError where lock, disk, network or database stand in the
    way.
    """

    def __init__(self, catalog: str, data: str, warehouse: Path | None = None) -> None:
        self.address = Address(catalog, data)
        self._warehouse = warehouse
        self._lock = writer_lock(self.address)
        self._complete = 0  # the hold of the lock under which the tables were last found complete
        self._recovered = 0  # the hold of the lock under which leftovers were last looked for

    def writer(
        self, timeout: float = WAIT, waiting: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """The one-writer lock. Entering it again in this process only counts.

        `waiting` is called once, with who holds it, if it is not free; LakeError names the holder
        after `timeout` seconds.
        """
        return self._lock.held(timeout, waiting)

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
        actor: str,
        run_id: str,
        git_commit: str | None,
        recheck: bool = False,
        found: reconciliation.Found | None = None,
    ) -> Recorded:
        """Record one reading of an edition as a vintage, all tables in one transaction.

        `read` holds the tables of `schemas.TABLES` as read, `found` what rules found in the rows of
        `standing`. Nothing is written where these bytes were read by these versions before, unless
        `recheck` asks for it; a verification, where the rows are the same. What new rules found is
        added to the vintage that stands.
        """
        content = decision.content_hash(read)
        with self._writing(f"recording edition {edition_year}", actor) as lake:
            held = history.latest(lake, edition_year)
            decided = decision.decide(held, source, versions, content, recheck=recheck)
            now = _now(held.confirmed_at if held else None)
            if held is not None and decided.write != "vintage":
                if decided.write == "verification":
                    history.verify(lake, held, versions, decided.reason, actor, now)
                run = reconciliation.Run(actor, run_id, now)
                anew = found is not None and reconciliation.renew(lake, held, found, run)
                snapshot = tables.vintage_snapshots(lake)[edition_year, held.vintage]
                return Recorded(
                    edition_year, held.vintage, decided.cause, decided.reason, snapshot, False, anew
                )
            vintage = {
                "edition_year": edition_year,
                "vintage": held.vintage + 1 if held else 1,
                "recorded_at": now,
                "cause": decided.cause,
                "reason": decided.reason,
                "actor": actor,
                "run_id": run_id,
                "code_version": versions.code,
                "registry_version": versions.registry,
                "declarations_version": versions.declarations,
                "git_commit": git_commit,
                "source_sha256": source.sha256,
                "content_hash": content,
                "row_counts": [(name, table.num_rows) for name, table in read.items()],
            }
            own = found if found is not None and found.content == content else None
            return history.append(lake, vintage, read, found=own)

    def standing(
        self, edition_year: int, read: Mapping[str, pa.Table], *, source: SourceFile, versions: Versions
    ) -> tuple[Mapping[str, pa.Table], str]:
        """The rows that the latest vintage will have once this reading is recorded, and their hash.

        They are the reading's own, unless a vintage stands against it that was withdrawn, or restored.
        """
        with attached(self.address, "reading the lake", write=False) as lake:
            held = history.latest(lake, edition_year) if lake and tables.columns(lake) else None
            content = decision.content_hash(read)
            if held is None or held.content_hash == content:
                return read, content
            if decision.decide(held, source, versions, content).write == "vintage":
                return read, content
            return tables.of_vintage(lake, edition_year, held.vintage), held.content_hash

    def concerned(self, edition_year: int, wish: withdrawal.Wish, vintage: int | None = None) -> int:
        """The vintage that withdrawing or restoring would take over; UsageError where it cannot be done."""
        with attached(self.address, "reading the lake", write=False) as lake:
            return withdrawal.concerned(lake, edition_year, wish, vintage)

    def withdraw(
        self, edition_year: int, reason: str, *, actor: str, run_id: str, git_commit: str | None
    ) -> Recorded:
        """Take an edition out of the latest views, by a new vintage with the rows of the latest.

        It comes back by `restore`, or by a document with other bytes. Raises UsageError where it is
        not held, or withdrawn already.
        """
        signed = withdrawal.Signature(reason, actor, run_id, git_commit)
        return self._decided(edition_year, "withdraw", None, signed)

    def restore(
        self,
        edition_year: int,
        vintage: int | None,
        reason: str,
        *,
        actor: str,
        run_id: str,
        git_commit: str | None,
    ) -> Recorded:
        """Bring a vintage back as the newest one; without `vintage` the last before the withdrawal.

        It stands until bytes or versions come that the edition was never read from or by. Raises
        UsageError where there is nothing to bring back.
        """
        signed = withdrawal.Signature(reason, actor, run_id, git_commit)
        return self._decided(edition_year, "restore", vintage, signed)

    def _decided(
        self, edition_year: int, wish: withdrawal.Wish, vintage: int | None, signed: withdrawal.Signature
    ) -> Recorded:
        with self.writer():
            chosen = self.concerned(edition_year, wish, vintage)  # before a lake is made for nothing
            with self._writing(f"recording edition {edition_year}", signed.actor) as lake:
                held = history.latest(lake, edition_year)
                now = _now(held.confirmed_at if held else None)
                return withdrawal.append(lake, edition_year, wish, chosen, signed, now)

    def read(self) -> dict[str, pa.Table]:
        """Every `<table>_vintages`, `vintages`, `verifications` and `releases`, of one moment.

        Columns and types as in the contracts, rows by key (`releases` by time). Needs no lock;
        without a lake the tables are empty.
        """
        with attached(self.address, "reading the lake", write=False) as lake:
            return tables.read(lake)

    def vintage(self, edition_year: int, vintage: int, *, stamps: bool = False) -> dict[str, pa.Table]:
        """The tables of one vintage as they were read; empty ones where there is no such vintage.

        With `stamps` also the columns that the lake added.
        """
        with attached(self.address, "reading the lake", write=False) as lake:
            return tables.of_vintage(lake, edition_year, vintage, stamps=stamps)

    def held(self, edition_year: int) -> EditionState | None:
        """The latest vintage of an edition, and what gave its rows; None where there is none."""
        with attached(self.address, "reading the lake", write=False) as lake:
            return history.latest(lake, edition_year) if lake and tables.columns(lake) else None

    def settled(self, edition_year: int) -> bool:
        """Whether somebody withdrew or restored the edition and nothing else has come since."""
        held = self.held(edition_year)
        return held is not None and held.decided_by_hand

    def sources(self, edition_year: int) -> list[SourceFile]:
        """The files that the edition's vintages were read from, oldest vintage first."""
        with attached(self.address, "reading the lake", write=False) as lake:
            return history.sources(lake, edition_year) if lake else []

    def row_counts(self, edition_year: int, vintage: int) -> dict[str, int] | None:
        """Rows per table of a vintage; None where there is no such vintage."""
        with attached(self.address, "reading the lake", write=False) as lake:
            return history.row_counts(lake, edition_year, vintage) if lake else None

    def stored(self) -> list[dict[str, object]]:
        """Every data file: path in the data folder, snapshot, size, SHA-256 as it was written."""
        with attached(self.address, "reading the lake", write=False) as lake:
            return manifests.stored(lake) if lake else []

    def extensions(self) -> list[dict[str, object]]:
        """DuckDB's extensions at work: name, version, and where each came from."""
        with attached(self.address, "reading the lake", write=False) as lake:
            return connection.origins(lake.connection) if lake else []

    def verified(self, result: str, actor: str) -> None:
        """Append the result of a verification; `head` does not count it, since no vintage came."""
        with self._writing("recording the verification", actor) as lake:
            history.verified(lake, result, actor, _now(None))

    def verifications(self) -> list[tuple[datetime.datetime, str]]:
        """When each verification of the whole record was made (UTC), oldest first, and its result."""
        with attached(self.address, "reading the lake", write=False) as lake:
            return history.verifications(lake) if lake else []

    def head(self) -> str | None:
        """Key of the newest commit, in a millisecond for a SQLite catalog; None without a lake."""
        return newest_key(self.address)

    def content_version(self) -> str:
        """Hash of every vintage's content, 64 hexadecimal digits: what the views depend on."""
        with attached(self.address, "reading the lake", write=False) as lake:
            contents = history.contents(lake) if lake else []
        return hashlib.sha256(repr(contents).encode()).hexdigest()

    def release(self, release: Mapping[str, object]) -> bool:
        """Append a row of `releases` unless its id is there; whether it was appended.

        `published_at` is now if left out.
        """
        with self._writing("recording the release", settings.actor()) as lake:
            return history.release(lake, {"published_at": _now(None), **release}, settings.actor())

    def recover(self) -> list[str]:
        """Mend what a dead writer left: late manifests, files of no snapshot; sentences for the log."""
        if self.head() is None:
            return []
        with (
            self.writer(),
            self._lock.transaction,
            attached(self.address, "looking for leftovers", write=True) as lake,
        ):
            assert lake is not None  # writing makes it
            self._recovered = self._lock.taken
            return upkeep.recover(lake)

    def close(self) -> None:
        """End this process's DuckDB instance; using the lake again starts another."""
        connection.close()

    @contextmanager
    def _writing(self, doing: str, actor: str) -> Iterator[Attached]:
        """The lake for one write: locked, recovered once per hold of the lock, all tables there."""
        with self.writer(), self._lock.transaction:
            self._back_up_if_lacking()
            with attached(self.address, doing, write=True) as lake:
                assert lake is not None  # writing makes it
                tables.prepare(lake, actor)
                self._recover(lake)
                yield lake

    def _back_up_if_lacking(self) -> None:
        """Copy the warehouse before tables or columns are added to a lake in use."""
        if self._complete == self._lock.taken:
            return
        with attached(self.address, "reading the lake", write=False) as lake:
            lacking = tables.lacking(lake) if lake else []
        if lacking:
            before_migration(self._settings(), f"The lake gains {', '.join(lacking)}")
        self._complete = self._lock.taken

    def _settings(self) -> settings.Settings:
        """The warehouse that a copy is made of; LakeError where nothing says which it is."""
        file = self.address.file
        usual = file.parent.parent if file and file.parent.name == "lake" else None
        warehouse = self._warehouse or usual
        if warehouse is None:
            raise LakeError(
                "its tables must change, and nothing says where to put a backup",
                file=self.address.shown,
                hint="run jvom build --warehouse DIR",
            )
        return settings.Settings(
            raw=warehouse.parent / "raw",
            warehouse=warehouse,
            catalog=self.address.catalog,
            data=self.address.data,
        )

    def _recover(self, lake: Attached) -> None:
        if self._recovered != self._lock.taken:
            for sentence in upkeep.recover(lake):
                log.warning("%s", sentence)
            self._recovered = self._lock.taken


def _now(after: datetime.datetime | None) -> datetime.datetime:
    """The time, UTC, and later than `after` even if the clock was set back: order is by time."""
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    return max(now, after + datetime.timedelta(microseconds=1)) if after else now
