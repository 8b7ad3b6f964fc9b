"""What tests of the sandbox run inside it: each function goes over one limit, or tries a door."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

Answer = tuple[object, bytes]


def echo(question: object, data: bytes) -> Answer:
    """What it is given."""
    return question, data


def sleep(question: object, data: bytes) -> Answer:
    """Takes wall time, and no CPU time."""
    time.sleep(60)
    return question, data


def compute(question: object, _data: bytes) -> Answer:
    """Takes CPU time."""
    while True:
        hash(question)


def fill(_question: object, data: bytes) -> Answer:
    """Takes memory."""
    return len(bytearray(2**40)), data


def write(question: object, _data: bytes) -> Answer:
    """Answers more than it may."""
    return question, bytes(4 * 2**20)


def nest(question: object, data: bytes) -> Answer:
    """Calls itself for ever."""
    return nest(question, data)


def crash(question: object, data: bytes) -> Answer:
    """Breaks as a C++ library does."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return question, data


def leave(_question: object, _data: bytes) -> Answer:
    """Ends without an answer."""
    os._exit(0)


def knock(_question: object, _data: bytes) -> Answer:
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
    return opened, b""
