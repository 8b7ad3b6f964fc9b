"""The door of the store: one `Lake` records vintages and reads them back."""

from __future__ import annotations

import datetime
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from pipelines import settings
from pipelines.seams import Recorded, SourceFile, Versions
from pipelines.snapshot import connection, decision, history, tables, upkeep
from pipelines.snapshot.commits import newest_key
from pipelines.snapshot.connection import Address, Attached, attached
from pipelines.snapshot.lock import writer_lock

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

WAIT = 600.0  # seconds that a writer waits for another


class Lake:
    """The record of all vintages: rows that are only ever added to.

    `catalog` is `sqlite:<file>` or `postgres:<libpq connection string>`, `data` a folder or an
    `s3://` prefix (credentials from the usual `AWS_*` variables). Opening is left to the first use.
    Methods raise LakeError where lock, disk, network or database stand in the way.
    """

    def __init__(self, catalog: str, data: str) -> None:
        self.address = Address(catalog, data)
        self._lock = writer_lock(self.address)
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
    ) -> Recorded:
        """Record one reading of an edition as a vintage, all tables in one transaction.

        `read` holds the tables of `schemas.TABLES` as read. Nothing is written where these bytes
        were read by these versions before; a verification, where other versions give the same rows.
        """
        content = decision.content_hash(read)
        with self._writing(f"recording edition {edition_year}", actor) as lake:
            held = history.latest(lake, edition_year)
            decided = decision.decide(held, source, versions, content)
            now = _now(held.stamped if held else None)
            if held is not None and decided.write != "vintage":
                if decided.write == "verification":
                    history.verify(lake, held, versions, decided.reason, actor, now)
                return Recorded(
                    edition_year, held.vintage, decided.cause, decided.reason, held.snapshot_id, False
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
            return history.append(lake, vintage, read)

    def read(self) -> dict[str, pa.Table]:
        """Every `<table>_vintages`, `vintages`, `verifications` and `releases`, of one moment.

        Columns and types as in the contracts, rows by key (`releases` by time). Needs no lock;
        without a lake the tables are empty.
        """
        with attached(self.address, "reading the lake", write=False) as lake:
            return tables.read(lake)

    def sources(self, edition_year: int) -> list[SourceFile]:
        """The files that the edition's vintages were read from, oldest vintage first."""
        with attached(self.address, "reading the lake", write=False) as lake:
            return history.sources(lake, edition_year) if lake else []

    def row_counts(self, edition_year: int, vintage: int) -> dict[str, int] | None:
        """Rows per table of a vintage; None where there is no such vintage."""
        with attached(self.address, "reading the lake", write=False) as lake:
            return history.row_counts(lake, edition_year, vintage) if lake else None

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
        with (
            self.writer(),
            self._lock.transaction,
            attached(self.address, doing, write=True) as lake,
        ):
            assert lake is not None  # writing makes it
            tables.prepare(lake, actor)
            if self._recovered != self._lock.taken:
                for sentence in upkeep.recover(lake):
                    log.warning("%s", sentence)
                self._recovered = self._lock.taken
            yield lake


def _now(after: datetime.datetime | None) -> datetime.datetime:
    """The time, UTC, and later than `after` even if the clock was set back: order is by time."""
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    return max(now, after + datetime.timedelta(microseconds=1)) if after else now
