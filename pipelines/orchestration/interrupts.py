"""SIGINT and SIGTERM end the work at once, after the commit in hand or before it.

Dagster takes both over while a run is on, ends the run as cancelled, and does not say which came: so the
number of each is also kept where Python itself leaves it. Standard library only.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM)
_reader: list[int] = []


class Interrupted(BaseException):
    """Somebody asked this process to end; no error of what it was doing."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number


@contextmanager
def watched() -> Iterator[None]:
    """Both signals raise Interrupted in here, or once `raise_if_received` is called."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    before = {number: signal.signal(number, _raise) for number in _ENDING}
    _reader.append(reader)
    try:
        yield
    finally:
        _reader.remove(reader)
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(reader)
        os.close(writer)


def raise_if_received() -> None:
    """Raises Interrupted where one of the two came since, whoever took it."""
    for reader in _reader:
        try:
            came = [number for number in os.read(reader, 4096) if number in _ENDING]
        except BlockingIOError:
            continue
        if came:
            raise Interrupted(came[0])


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)
