"""Runs one function in a process of its own, whose time, memory, output and open files are bounded.

A document from elsewhere is read there: whatever it does to its reader (a PDF is a program for a
large C++ library), the process that records goes on, and is told in one paragraph. Only JSON and
plain bytes pass, either way: nothing that the other side could have run.

What this is: a fence around accidents. The child can open no file and no socket, nor start a
program, since no descriptor is left to it; the kernel ends it at its limits of CPU time, memory
and written bytes, its parent at that of wall time, and (on Linux) it ends with a parent that is
killed. What it is not: a jail. Who manages to run
machine code in the child has the rights of the user who started the build, and may free a
descriptor. On macOS the kernel does not enforce the bound on memory.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipelines.extract.sandbox import wire
from pipelines.extract.sandbox.child import OUT_OF_MEMORY, TOO_DEEP
from schemas.errors import SourceError

_ROOT = Path(__file__).parents[3]
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "LANG")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take: seconds of wall and of CPU time, and bytes; `hint` is for what goes over."""

    seconds: float = 90.0
    cpu_seconds: int = 45
    memory: int = 1024 * 2**20
    output: int = 128 * 2**20
    hint: str = "open it in a viewer and print it to a new PDF, or give its text"


def call(
    function: str, question: object, data: bytes = b"", *, file: str, limits: Limits | None = None
) -> tuple[Any, bytes]:
    """What `function` (`module:name`) answers to `question` about `data`, from a new process.

    The function takes (question, data) and returns (answer, bytes); question and answer are JSON.
    Its module may have a `prepare()`, which runs while files can still be opened. Errors of
    `schemas.errors` come back as they were raised. Raises SourceError, with `file` as its file,
    for whatever else ends the child before it has answered.
    """
    limits = limits or Limits()
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as answer,
        tempfile.TemporaryFile() as said,
    ):
        wire.write(given, question, data)
        given.seek(0)
        code = _run(function, given, answer, said, limits, file)
        answer.seek(0)
        said.seek(0)
        content, complaint = answer.read(), said.read(100_000)
    if code:
        raise SourceError(_ending(code, complaint, limits), file=file, hint=limits.hint)
    return _answer(content, file, limits.hint)


def _run(
    function: str, given: IO[bytes], answer: IO[bytes], said: IO[bytes], limits: Limits, file: str
) -> int:
    bounds = [str(bound) for bound in (limits.cpu_seconds, limits.memory, limits.output)]
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.extract.sandbox.child", function, *bounds],
            stdin=given,
            stdout=answer,
            stderr=said,
            cwd=_ROOT,
            env={**kept, "ARROW_DEFAULT_MEMORY_POOL": "system"},  # others reserve all at once
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SourceError(
            f"reading it takes longer than {limits.seconds:.0f} seconds", file=file, hint=limits.hint
        ) from None
    return done.returncode


def _answer(content: bytes, file: str, hint: str) -> tuple[Any, bytes]:
    try:
        answer, data = wire.read(content)
        if "error" not in answer:
            return answer["answer"], data
        refusal = wire.load_error(answer["error"])
    except (ValueError, TypeError, KeyError, RecursionError):
        refusal = SourceError("it breaks its reader: it is damaged", file=file, hint=hint)
    raise refusal


def _ending(code: int, complaint: bytes, limits: Limits) -> str:
    """Why a child ended without an answer, by its exit code (a signal is negative)."""
    memory = f"{limits.memory // 2**20} MB of memory"
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"reading it takes more than {limits.cpu_seconds} seconds of computing"
    if code == -signal.SIGXFSZ:
        return "it holds far more than a report"
    if code == OUT_OF_MEMORY:
        return f"reading it takes more than {memory}"
    if code == TOO_DEEP:
        return "it is nested far deeper than a report"
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
        return f"it breaks its reader ({name}): it is damaged, or asks for more than {memory}"
    lines = complaint.decode("utf-8", "replace").strip().splitlines()
    return f"it breaks its reader: {lines[-1][:300] if lines else f'exit code {code}'}"
