"""Who may write: one writer at a time over all processes, taken before BEGIN.

Without it two first loads of one year both commit, silently, since neither deletes what the other
inserts. With a SQLite catalog it is a lock on a file beside it, which the system frees when its
holder dies; with PostgreSQL an advisory lock, which the server frees.
"""

from __future__ import annotations

import datetime
import errno
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import files, settings
from pipelines.lake.connection import Address
from schemas.errors import LakeError, ServerError

if TYPE_CHECKING:
    import psycopg

POLL = 0.2  # seconds between two tries
WAIT = 600.0  # seconds that a writer waits for another
# A server, or a machine that holds a lock, may vanish without a word: both sides notice within half a minute.
_KEEPALIVE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
_ADVISORY = (0x6A766F6D, 1)  # any two fixed integers; these spell jvom


class WriterLock:
    """The lock of one lake in this process; entering it again only counts."""

    def __init__(self, lock: _FileLock | _PostgresLock, name: str) -> None:
        self._lock = lock
        self._name = name
        self._guard = threading.Lock()
        self._entered = 0
        self.hold = 0  # number of this hold, from 1
        self.patience: tuple[float, Callable[[str], None] | None] = (WAIT, None)
        self.ending: Callable[[], None] | None = None  # what is to be done once before it is let go
        self.transaction = threading.RLock()  # threads of this process write one after the other

    @contextmanager
    def acquire(self, timeout: float | None, waiting: Callable[[str], None] | None) -> Iterator[None]:
        """Hold the lock; `waiting` is called once with who has it. LakeError after `timeout` seconds.

        Without them this process's `patience` counts.
        """
        with self._guard:
            if self._entered == 0:
                usual, say = self.patience
                self._wait(usual if timeout is None else timeout, waiting or say)
                self.hold += 1
            self._entered += 1
        try:
            yield
        finally:
            with self._guard:
                self._entered -= 1
                if self._entered == 0:
                    ending, self.ending = self.ending, None
                    try:
                        if ending is not None:
                            ending()
                    finally:
                        self._lock.release()

    def holder(self) -> str | None:
        """Who has it, as far as is known: `process 12 (an on host) since …: jvom build`."""
        return self._lock.holder()

    def check(self) -> None:
        """LakeError if the lock was lost meanwhile, as when its server went away."""
        if not self._lock.is_held():
            hint = "run it again when the database server is back; this commit was not made"
            raise ServerError("the writer lock was lost before the commit", file=self._name, hint=hint)

    def _wait(self, timeout: float, waiting: Callable[[str], None] | None) -> None:
        started, holder = time.monotonic(), ""
        while True:
            try:
                if self._lock.acquire():
                    return
                holder = self._lock.holder() or "another process, which left no name"
            except ServerError:
                # A server that has answered is being started again; one that never has is another fault.
                if not holder or time.monotonic() - started >= timeout:
                    raise
                time.sleep(min(POLL, timeout))
                continue
            if waiting is not None:
                waiting(f"waiting for the lake's writer lock, held by {holder}")
                waiting = None
            if time.monotonic() - started >= timeout:
                message = f"the lake was not free within {timeout:g} s: it is written by {holder}"
                hint = "wait until that has ended, or give it longer with --timeout SECONDS"
                raise LakeError(message, file=self._name, hint=hint)
            time.sleep(min(POLL, timeout))


@cache
def writer_lock(catalog: str) -> WriterLock:
    """The lock of a lake: one object per process and catalog, whichever part of it asks."""
    address = Address(catalog, "")
    if address.file is None:
        return WriterLock(_PostgresLock(address.target), address.name)
    return WriterLock(_FileLock(address.file.with_name(f"{address.file.name}.lock")), address.name)


class _FileLock:
    """A lock on a file. A note beside it names the holder; ignored if that process is dead."""

    def __init__(self, file: Path) -> None:
        from filelock import FileLock

        self._file = file
        self._note = file.with_name(file.name + ".holder.json")
        # Without flock: an error at once, not a lock that outlives its holder.
        self._lock = FileLock(file, thread_local=False, fallback_to_soft=False)

    def acquire(self) -> bool:
        """Try once; whether it is ours now."""
        from filelock import Timeout

        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            hint = "the warehouse must be writable for whoever builds; see --warehouse"
            if isinstance(error, FileExistsError | NotADirectoryError):
                hint = f"{self._file.parent} must be a folder: restore it from a backup"
            if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP):
                hint = "this file system knows no locks (flock): put the warehouse on a local disk"
            raise LakeError(
                f"the writer lock cannot be made: {error}", file=str(self._file), hint=hint
            ) from error
        with suppress(OSError):  # the note is a courtesy: without it the lock holds as well
            files.put(self._note, json.dumps(_this_process()).encode())
        return True

    def release(self) -> None:
        with suppress(OSError):
            self._note.unlink()
        self._lock.release()

    def is_held(self) -> bool:
        return self._lock.is_locked

    def holder(self) -> str | None:
        if not self._lock.is_locked and self._is_free():
            return None  # whatever the note says: its writer died
        try:
            note = json.loads(files.get(self._note) or b"")
            if note["host"] == platform.node():
                with suppress(PermissionError):  # the process lives, and is another user's
                    os.kill(int(note["pid"]), 0)
            return "process {pid} ({user} on {host}) since {since}: {command}".format(**note)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _is_free(self) -> bool:
        if not self._file.exists():
            return True
        with suppress(OSError), self._lock.acquire(timeout=0):  # filelock.Timeout is an OSError
            return True
        return False


class _PostgresLock:
    """An advisory lock of the catalog's database, on a connection of its own.

    Not through DuckDB: its pool may unlock on another connection than it locked on.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._connection: psycopg.Connection[Any] | None = None

    def acquire(self) -> bool:
        """Try once; whether it is ours now."""
        with answering(self._target):
            connection = connect(self._target)
            if connection.execute("SELECT pg_try_advisory_lock(%s, %s)", _ADVISORY).fetchone() == (True,):
                self._connection = connection
                return True
            connection.close()
            return False

    def release(self) -> None:
        if self._connection is not None:
            with suppress(Exception):  # a lost connection has lost its lock too
                self._connection.close()
            self._connection = None

    def is_held(self) -> bool:
        import psycopg

        try:
            return self._connection is not None and bool(self._connection.execute("SELECT 1").fetchone())
        except psycopg.Error:
            return False

    def holder(self) -> str | None:
        with answering(self._target), connect(self._target) as connection:
            row = connection.execute(
                "SELECT application_name, date_trunc('second', backend_start AT TIME ZONE 'UTC')::text "
                "FROM pg_locks JOIN pg_stat_activity USING (pid) "
                "WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND granted",
                _ADVISORY,
            ).fetchone()
        return f"{row[0]}, connected since {row[1]} UTC" if row else None


def connect(target: str) -> psycopg.Connection[Any]:
    """A connection of this process, by its name, to the catalog's server."""
    import psycopg

    name = "process {pid} ({user} on {host})".format(**_this_process())[:63]  # as long as one may be
    return psycopg.connect(target, autocommit=True, application_name=name, **_KEEPALIVE)


@contextmanager
def answering(target: str) -> Iterator[None]:
    """LakeError if the package is missing, ServerError if the server does not answer."""
    file = "the PostgreSQL catalog"
    try:
        import psycopg
    except ImportError as error:
        hint = "install requirements-team.lock (./setup team)"
        raise LakeError("a PostgreSQL catalog needs the package psycopg", file=file, hint=hint) from error
    try:
        yield
    except psycopg.Error as error:
        message = f"its server does not answer, or refuses: {str(error).replace(target or chr(0), '…')}"
        hint = "check JVOM_CATALOG, and that the server runs and lets this user in"
        raise ServerError(message, file=file, hint=hint) from error


def _this_process() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "host": platform.node(),
        "user": settings.actor(),
        "since": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:120],
    }
