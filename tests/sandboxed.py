"""What `test_sandbox` runs in the child: functions that go over one limit each, or try a door."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pipelines.extract.sandbox import Message
from schemas.errors import ContractError, JvomError, LayoutError, Problems, UndecidedError


def echo(header: object, data: bytes) -> Iterator[Message]:
    yield header, data
    yield [header], data[:3]


def sleep() -> Iterator[Message]:
    time.sleep(60)
    yield 1, b""


def compute() -> Iterator[Message]:
    yield "first", b"whole"
    while True:
        hash("")


def fill() -> Iterator[Message]:
    yield len(bytearray(2**40)), b""


def write() -> Iterator[Message]:
    yield 1, bytes(4 * 2**20)


def nest() -> Iterator[Message]:
    yield from nest()


def crash() -> Iterator[Message]:
    os.kill(os.getpid(), signal.SIGSEGV)  # as a C++ library does
    yield 1, b""


def killed() -> Iterator[Message]:
    os.kill(os.getpid(), signal.SIGKILL)  # as a system does that is out of memory
    yield 1, b""


def full() -> Iterator[Message]:
    yield 1, b""
    raise OSError(errno.ENOSPC, "No space left on device")  # as where the answer is written


def leave() -> Iterator[Message]:
    os._exit(0)
    yield 1, b""


def forge() -> Iterator[Message]:
    os.write(1, b"\0" * 7 + b"\x02" + b"\0" * 8 + b"[]")  # not a message
    yield 1, b""


def refuse() -> Iterator[Message]:
    """Gives something, and then raises every kind of error at once."""
    yield "first", b"whole"
    undecided = UndecidedError("two ways", mission_id="untso", alternatives=[{"a": 1, "b": None}], line=7)
    broken = ContractError("1 row", failures=[{"table": "personnel"}], hint="look")
    raise Problems([LayoutError("no", file="x.pdf", page=3, hint="do"), undecided, broken, JvomError("?")])


def knock() -> Iterator[Message]:
    """Tries every door; which of them opened."""
    opened = []
    for door in (
        lambda: Path(__file__).read_bytes(),
        socket.socket,
        os.pipe,
        lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    ):
        try:
            opened.append(repr(door()))
        except OSError:
            continue
    yield opened, b""
