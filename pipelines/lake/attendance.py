"""Which runs are alive, for every machine to see: an advisory lock per run in the catalog's database.

A process that works on a run shares the lock of that run; the server frees it when the process or its machine
is gone, whatever name a next one has. A server that is started again forgets all locks, so that they are
taken anew every few seconds. With a SQLite catalog there is nothing of it: all processes are on one machine.
"""

from __future__ import annotations

import os
import threading
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pipelines.lake.connection import Address
from pipelines.lake.lock import answering, connect
from schemas.errors import ServerError

if TYPE_CHECKING:
    import psycopg

_RUNS = 0x6A766F72  # the first half of the key; the other is the run's
EVERY = 5.0  # seconds between two looks at one's own lock


class _Keeper(threading.Thread):
    """Holds the lock of one run until it is told to end, or the process ends."""

    def __init__(self, target: str, run_id: str) -> None:
        super().__init__(daemon=True, name=f"attends to {run_id}")
        self.of = (os.getpid(), target, run_id)
        self.ended = threading.Event()
        self._connection: psycopg.Connection[Any] | None = None
        with suppress(ServerError), answering(target):  # what the run does says that it does not answer
            self._connection = _shared(target, run_id)

    def run(self) -> None:
        _, target, run_id = self.of
        while not self.ended.wait(EVERY):
            with suppress(Exception):  # the server went away: its locks with it
                if self._connection is not None:
                    self._connection.execute("SELECT 1")
                    continue
            with suppress(Exception):
                if self._connection is not None:
                    self._connection.close()
                self._connection = _shared(target, run_id)
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()


_keepers: list[_Keeper] = []  # one at most: a process works on one run at a time


def attend(catalog: str, run_id: str) -> None:
    """Show that this process works on a run, until it ends or works on another; once the server answers.

    Raises LakeError without the package for it.
    """
    address = Address(catalog, "")
    if address.file is not None or any(k.of == (os.getpid(), address.target, run_id) for k in _keepers):
        return
    leave()
    keeper = _Keeper(address.target, run_id)
    keeper.start()
    _keepers.append(keeper)


def leave() -> None:
    """Show no more that this process works on a run."""
    while _keepers:
        _keepers.pop().ended.set()


def attended(catalog: str, run_ids: list[str]) -> set[str] | None:
    """Those of the runs that some process works on; None with a SQLite catalog, which cannot say.

    Raises LakeError if the server does not answer.
    """
    address = Address(catalog, "")
    if address.file is not None:
        return None
    query = "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
    with answering(address.target), connect(address.target) as connection:
        held = {int(key) for (key,) in connection.execute(query, (_RUNS,)).fetchall()}
    return {run_id for run_id in run_ids if _key(run_id) in held}


def _key(run_id: str) -> int:
    """31 bits: the lock takes signed integers, and pg_locks shows unsigned ones."""
    return zlib.crc32(run_id.encode()) & 0x7FFFFFFF


def _shared(target: str, run_id: str) -> psycopg.Connection[Any]:
    connection = connect(target)
    connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", (_RUNS, _key(run_id)))
    return connection
