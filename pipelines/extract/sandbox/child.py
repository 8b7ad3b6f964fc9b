"""The process that reads: limits first, then the question from standard input, the answer to standard output.

Run as `python -m pipelines.extract.sandbox.child MODULE:FUNCTION CPU_SECONDS MEMORY_BYTES OUTPUT_BYTES` by
`sandbox.call`.
"""

from __future__ import annotations

import codecs
import ctypes
import importlib
import os
import resource
import signal
import sys
import traceback
from contextlib import suppress

from pipelines.extract.sandbox import wire
from schemas.errors import JvomError

OUT_OF_MEMORY = 71
TOO_DEEP = 72
BROKEN = 73
"""Exit codes; other ends are signals. The last line on standard error names what went wrong."""

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>

CODECS = ("ascii", "cp1252", "latin-1", "utf-16-le", "utf-8", "utf-8-sig")
"""Loaded beforehand: each is a file of its own."""


def limit(cpu_seconds: int, memory: int, output: int) -> None:
    """Bounds CPU time, address space and written bytes; no core is dumped."""
    _bound(resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1)
    if sys.platform != "darwin":  # whose kernel neither takes nor keeps this one
        _bound(resource.RLIMIT_AS, memory, memory)
    _bound(resource.RLIMIT_FSIZE, output, output)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # which Python ignores, and what it becomes would too
    _bound(resource.RLIMIT_CORE, 0, 0)


def end_with_parent() -> None:
    """A parent that is killed takes this process, and what it becomes, along; on Linux only.

    Elsewhere the bound on CPU time ends a child that nobody waits for.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _bound(kind: int, soft: int, hard: int) -> None:
    """A limit, or the lower one that holds already."""
    held = resource.getrlimit(kind)[1]
    top = hard if held == resource.RLIM_INFINITY else min(hard, held)
    resource.setrlimit(kind, (min(soft, top), top))


def close_the_door() -> None:
    """From here on no file and no socket can be opened, so no font of the machine is used either."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def main(arguments: list[str]) -> None:
    """Writes what the function answers, or the error that it raises, to standard output."""
    name, *bounds = arguments
    end_with_parent()
    limit(*(int(bound) for bound in bounds))
    module_name, _, function_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
        function = getattr(module, function_name)
        getattr(module, "prepare", lambda: None)()
        for codec in CODECS:
            codecs.lookup(codec)
        close_the_door()
        question, data = wire.read(sys.stdin.buffer.read())
        _answer(function, question, data)
    except MemoryError:
        _end(OUT_OF_MEMORY)
    except RecursionError:
        _end(TOO_DEEP)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(place.filename)}:{place.lineno}"
        told = " ".join(str(error).split())[:200]
        sys.stderr.write(f"\n{type(error).__name__}: {told} ({where})\n")
        _end(BROKEN)


def _answer(function: object, question: object, data: bytes) -> None:
    assert callable(function)
    try:
        answer, payload = function(question, data)
        wire.write(sys.stdout.buffer, {"answer": answer}, payload)
    except JvomError as error:
        wire.write(sys.stdout.buffer, {"error": wire.dump_error(error)}, b"")
    sys.stdout.buffer.flush()


def _end(code: int) -> None:
    """At once: whatever could still be tidied up may itself be broken, or out of memory."""
    with suppress(OSError, MemoryError):
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
