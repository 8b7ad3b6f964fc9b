"""Parses a PDF in a process of its own, whose time, memory and files are bounded.

A PDF is a program for a large C++ library: what goes wrong there must not go wrong here. The child
opens no file and no socket, and whatever ends it becomes one SourceError with a next step.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipelines.pdf import wire
from pipelines.pdf.child import OUT_OF_MEMORY
from pipelines.pdf.model import PdfDocument
from schemas.errors import SourceError

_ROOT = Path(__file__).parents[2]
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "LANG")
_TRY_AGAIN = "open it in a viewer and print it to a new PDF, or give its text"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one PDF may take: seconds of wall and of CPU time, and bytes."""

    seconds: float = 60.0
    cpu_seconds: int = 45
    memory: int = 1024 * 2**20
    input: int = 50 * 2**20
    output: int = 64 * 2**20


def read(data: bytes, path: str, limits: Limits | None = None) -> PdfDocument:
    """The document that the child read from `data`.

    Raises SourceError, with `path` as its file, for anything that is no sound PDF of a report or
    that goes over a limit.
    """
    limits = limits or Limits()
    if len(data) > limits.input:
        raise SourceError(
            f"{len(data) / 2**20:.0f} MB is too large for a report (at most {limits.input // 2**20} MB)",
            file=path,
            hint="check that this is the report",
        )
    if not data:
        raise SourceError("the file is empty", file=path, hint="put the report there")
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as answer,
        tempfile.TemporaryFile() as said,
    ):
        given.write(data)
        given.seek(0)
        code = _run(given, answer, said, limits, path)
        answer.seek(0)
        said.seek(0)
        content, complaint = answer.read(), said.read()
    if code:
        raise SourceError(_ending(code, complaint, limits), file=path, hint=_TRY_AGAIN)
    return _document(content, path)


def _run(given: IO[bytes], answer: IO[bytes], said: IO[bytes], limits: Limits, path: str) -> int:
    command = [sys.executable, "-m", "pipelines.pdf.child"]
    bounds = [str(limits.cpu_seconds), str(limits.memory), str(limits.output)]
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(
            [*command, *bounds],
            stdin=given,
            stdout=answer,
            stderr=said,
            cwd=_ROOT,
            env=kept,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SourceError(
            f"reading this PDF takes longer than {limits.seconds:.0f} seconds", file=path, hint=_TRY_AGAIN
        ) from None
    return done.returncode


def _document(content: bytes, path: str) -> PdfDocument:
    try:
        answer: dict[str, Any] = json.loads(content)
        if "refused" not in answer:
            return wire.load(answer["document"], path)
        said = answer["refused"]
        refusal = SourceError(said["message"], file=path, page=said["page"], hint=said["hint"])
    except (ValueError, TypeError, KeyError):
        refusal = SourceError("this PDF breaks its reader: it is damaged", file=path, hint=_TRY_AGAIN)
    raise refusal


def _ending(code: int, complaint: bytes, limits: Limits) -> str:
    """Why a child ended without an answer, by its exit code (a signal is negative)."""
    memory = f"{limits.memory // 2**20} MB of memory"
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"reading this PDF takes more than {limits.cpu_seconds} seconds of computing"
    if code == -signal.SIGXFSZ:
        return "this PDF holds far more text than a report"
    if code == OUT_OF_MEMORY:
        return f"reading this PDF takes more than {memory}"
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
        return f"this PDF breaks its reader ({name}): it is damaged, or asks for more than {memory}"
    lines = complaint.decode("utf-8", "replace").strip().splitlines()
    return f"this PDF breaks its reader: {lines[-1][:300] if lines else f'exit code {code}'}"
