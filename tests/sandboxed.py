"""What `test_sandbox` runs in the child: functions that go over one limit each, or try a door."""

from __future__ import annotations

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
    """Takes wall time, and no CPU time."""
    time.sleep(60)
    yield 1, b""


def compute() -> Iterator[Message]:
    """Takes CPU time, after it has given something."""
    yield "first", b"whole"
    while True:
        hash("")


def fill() -> Iterator[Message]:
    """Takes memory."""
    yield len(bytearray(2**40)), b""


def write() -> Iterator[Message]:
    """Answers more than it may."""
    yield 1, bytes(4 * 2**20)


def nest() -> Iterator[Message]:
    """Calls itself for ever."""
    yield from nest()


def crash() -> Iterator[Message]:
    """Breaks as a C++ library does."""
    os.kill(os.getpid(), signal.SIGSEGV)
    yield 1, b""


def leave() -> Iterator[Message]:
    """Ends without an answer."""
    os._exit(0)
    yield 1, b""


def forge() -> Iterator[Message]:
    """Writes what is not a message."""
    os.write(1, b"\0" * 7 + b"\x02" + b"\0" * 8 + b"[]")
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
    for name, door in {
        "file": lambda: Path(__file__).read_bytes(),
        "socket": socket.socket,
        "pipe": os.pipe,
        "program": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    }.items():
        try:
            door()
        except OSError:
            continue
        opened.append(name)
    yield opened, b""
