"""Runs one function in a process of its own, whose time, memory, output and open files are bounded.

A document from elsewhere is read there: whatever it does to its reader (a PDF is a program for a
large C++ library), the process that records goes on, and has one paragraph to show. What goes in is
pickled, since it is ours; what comes out is JSON and plain bytes, nothing that could be run here.

It is a fence around accidents. The child can open no file and no socket, nor start a program, since
no descriptor is left to it; the kernel ends it at its limits of CPU time, memory and written bytes,
its parent at that of wall time, and (on Linux) it ends with a parent that is killed. It is not a
jail: whoever manages to run machine code in the child has the rights of the user who started the
build, and may free a descriptor. On macOS the kernel does not enforce the bound on memory.

Run as `python -m pipelines.extract.sandbox CPU_SECONDS MEMORY_BYTES OUTPUT_BYTES MODULE:FUNCTION` it
is the child of `call`; with `--`, a program and its arguments instead it becomes that program. With nothing
but a socket as standard input it is what `warm` starts: it loads, and forks a child for each call.
"""

from __future__ import annotations

import codecs
import ctypes
import errno
import importlib
import json
import os
import pickle
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any, NoReturn

from pipelines import files
from schemas import errors
from schemas.errors import JvomError, MachineError, SourceError
from schemas.proposals import Proposal

Message = tuple[Any, bytes]
"""Something that JSON can hold, and bytes that go with it."""

OUT_OF_MEMORY, TOO_DEEP, BROKEN, NO_SPACE = 71, 72, 73, 74
"""Exit codes of the child. After `BROKEN`, standard error ends with a line that names what went wrong."""

ROOT = Path(__file__).parents[2]
_ASKED = struct.Struct("!qqq100s")  # CPU seconds, bytes of memory, bytes of output, function
_ENDED = struct.Struct("!qd")  # exit code as `subprocess` gives it, seconds of CPU time
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "LANG")
_UNICODE = "utf-8", "utf-8-sig", "utf-16-be", "utf-16-le", "utf-32-be", "utf-32-le"
_CODECS = ("ascii", "cp1252", "cp437", "latin-1", *_UNICODE)  # each is a file of its own
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
_LENGTH = 8  # bytes, big-endian, of each of the two lengths before a message
_ANSWER, _ERROR, _LAST = "answer", "error", "last"  # kinds of messages
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "message": str,
    "file": (str, type(None)),
    "page": (int, type(None)),
    "line": (int, type(None)),
    "hint": (str, type(None)),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take: seconds of wall and of CPU time, and bytes; `hint` is for what goes over."""

    seconds: float = 90.0
    cpu_seconds: int = 45
    memory: int = 1024 * 2**20
    output: int = 128 * 2**20
    hint: str = "open it in a viewer and print it to a new PDF, or give its text"

    def command(self, *program: str) -> list[str]:
        """The command line that becomes `program` within these limits, wall time aside. Run it in `ROOT`."""
        return self._command("--", *program)

    def _command(self, *run: str) -> list[str]:
        bounds = (str(bound) for bound in (self.cpu_seconds, self.memory, self.output))
        return [sys.executable, "-m", "pipelines.extract.sandbox", *bounds, *run]


def call(function: str, *arguments: object, file: str, limits: Limits | None = None) -> Iterator[Message]:
    """The messages that `function` (`module:name`, a generator function) yields in a new process.

    Its module may have a `prepare`, which is given the same arguments while files can still be
    opened. Once the process has ended, the messages that it finished come first, then what ended it:
    an error of `schemas.errors` as it was raised, or SourceError, with `file` as its file, for
    whatever else kept it from finishing. Raises MachineError where that is not a fault of the document.
    """
    limits = limits or Limits()
    with (
        files.writable(tempfile.gettempdir(), "free some disk space there, or name another folder in TMPDIR"),
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as answer,
        tempfile.TemporaryFile() as complaint,
    ):
        pickle.dump(arguments, given, protocol=pickle.HIGHEST_PROTOCOL)
        given.seek(0)
        try:
            code, computed = _run(function, limits, given, answer, complaint)
            complaint.seek(0)
            _require_surroundings(code, computed, limits)
            ending = _ending(code, complaint.read(100_000), limits) if code else ""
        except subprocess.TimeoutExpired:
            ending = f"reading it takes longer than {limits.seconds:.0f} seconds"
        answer.seek(0)
        content = answer.read()
    broken = ending or "it breaks its reader: it is damaged"
    return _messages(content, SourceError(broken, file=file, hint=limits.hint))


def _messages(content: bytes, ending: SourceError) -> Iterator[Message]:
    """What was written; without the last message, `ending` is raised where it ends."""
    end = 0
    with suppress(ValueError, TypeError, KeyError, RecursionError):  # as where the last message is missing
        while end < len(content):
            start = end + 2 * _LENGTH
            size = int.from_bytes(content[end : end + _LENGTH], "big")
            end = start + size + int.from_bytes(content[end + _LENGTH : start], "big")
            if end > len(content):
                break
            kind, header = json.loads(content[start : start + size])
            if kind == _LAST:
                return
            if kind == _ERROR:
                raise _load_error(header)
            yield header, content[start + size : end]
    raise ending


def _run(
    function: str, limits: Limits, given: IO[bytes], answer: IO[bytes], complaint: IO[bytes]
) -> tuple[int, float]:
    """Exit code and seconds of CPU time of the child; subprocess.TimeoutExpired."""
    if _warm and _free.acquire(blocking=False):
        try:
            if ended := _warm[-1].run(function, limits, given, answer, complaint):
                return ended
        finally:
            _free.release()
        for file in (answer, complaint):  # it is gone: what it left is not of this reading
            file.seek(0)
            file.truncate()
        given.seek(0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = subprocess.run(
        limits._command(function),
        stdin=given,
        stdout=answer,
        stderr=complaint,
        cwd=ROOT,
        env=_environment(),
        timeout=limits.seconds,
        check=False,
    ).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return code, used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return {**kept, "ARROW_DEFAULT_MEMORY_POOL": "system"}  # others reserve all at once


class _Warm:
    """A process that has loaded what reads, and reads nothing itself; its forks are the children of calls."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-m", "pipelines.extract.sandbox"]
        with theirs:
            self._process = subprocess.Popen(command, stdin=theirs.fileno(), cwd=ROOT, env=_environment())

    def run(self, function: str, limits: Limits, *files: IO[bytes]) -> tuple[int, float] | None:
        """As `_run`; None if the process is gone, as it is after a child that took too long."""
        asked = _ASKED.pack(limits.cpu_seconds, limits.memory, limits.output, function.encode())
        try:
            self._socket.settimeout(limits.seconds)
            socket.send_fds(self._socket, [asked], [file.fileno() for file in files])
            ended = self._socket.recv(_ENDED.size, socket.MSG_WAITALL)
            return _ENDED.unpack(ended) if len(ended) == _ENDED.size else None
        except TimeoutError:
            self.end()
            raise subprocess.TimeoutExpired(function, limits.seconds) from None
        except OSError:
            return None
        except BaseException:  # a signal: what is still to be answered would be taken for the next one's
            self.end()
            raise

    def end(self) -> None:
        self._socket.close()
        self._process.kill()  # a child that is still there ends with it
        self._process.wait()


_warm: list[_Warm] = []
_free = Lock()  # one call at a time is forked there; others start their own process


@contextmanager
def warm() -> Iterator[None]:
    """In here a call forks its child from a process in which everything is loaded: for many documents."""
    _warm.append(_Warm())
    try:
        yield
    finally:
        _warm.pop().end()


def _require_surroundings(code: int, computed: float, limits: Limits) -> None:
    """Raises MachineError where a child was ended by something else than what it read."""
    if code == NO_SPACE:
        hint = "free some disk space there, or name another folder with TMPDIR, and run it again"
        raise MachineError("no space is left for temporary files", file=tempfile.gettempdir(), hint=hint)
    if code in (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP):
        name = signal.Signals(-code).name
        raise MachineError(f"the process that reads documents was ended by {name}", hint="run it again")
    if code == -signal.SIGKILL and computed < limits.cpu_seconds:
        hint = "free some memory, or give the machine more, and run it again"
        message = f"the system ended the process that reads documents after {computed:.1f} s of computing"
        raise MachineError(f"{message}, most likely because memory ran out", hint=hint)


def _ending(code: int, complaint: bytes, limits: Limits) -> str:
    """Why a child ended before it had finished, by its exit code (a signal is negative)."""
    memory = f"{limits.memory // 2**20} MB of memory"
    too_long = f"reading it takes more than {limits.cpu_seconds} seconds of computing"
    known = {
        **dict.fromkeys((-signal.SIGXCPU, -signal.SIGKILL), too_long),
        -signal.SIGXFSZ: "it holds far more than a report",
        OUT_OF_MEMORY: f"reading it takes more than {memory}",
        TOO_DEEP: "it is nested far deeper than a report",
    }
    if code in known:
        return known[code]
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
        return f"it breaks its reader ({name}): it is damaged, or asks for more than {memory}"
    lines = complaint.decode("utf-8", "replace").strip().splitlines()
    return f"it breaks its reader: {lines[-1][:300] if lines else f'exit code {code}'}"


def _dump_error(error: JvomError) -> dict[str, Any]:
    """The type and the fields of an error, those of every problem in it included."""
    fields = {**vars(error), "proposals": [proposal.as_json() for proposal in error.proposals]}
    if isinstance(error, errors.Problems):
        fields["problems"] = [_dump_error(problem) for problem in error.problems]
    return {"type": type(error).__name__, "fields": fields}


def _load_error(content: dict[str, Any]) -> JvomError:
    """The error that `_dump_error` wrote. Raises ValueError, TypeError or KeyError on anything else."""
    kind, fields = getattr(errors, content["type"], None), dict(content["fields"])
    if not (isinstance(kind, type) and issubclass(kind, JvomError)):
        raise ValueError("not an error of the family")
    if not all(isinstance(fields[name], form) for name, form in _FIELDS.items()):
        raise TypeError("a field of another type")
    fields["proposals"] = tuple(map(Proposal.from_json, fields["proposals"]))
    if issubclass(kind, errors.Problems):
        fields["problems"] = [_load_error(problem) for problem in fields["problems"]]
    error = kind.__new__(kind, fields["message"])
    vars(error).update(fields)
    return error


def _limit(cpu_seconds: int, memory: int, output: int) -> None:
    """Bounds CPU time, address space and written bytes; no core is dumped; ends with the parent, on Linux.

    Elsewhere the bound on CPU time ends a child whose parent was killed.
    """
    _end_with_parent()
    _bound(resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1)
    if sys.platform != "darwin":  # whose kernel neither takes nor keeps this one
        _bound(resource.RLIMIT_AS, memory, memory)
    _bound(resource.RLIMIT_FSIZE, output, output)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # which Python ignores, and what it becomes would too
    _bound(resource.RLIMIT_CORE, 0, 0)


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _bound(kind: int, soft: int, hard: int) -> None:
    """Sets a limit, unless a lower one is set already."""
    before = resource.getrlimit(kind)[1]
    top = hard if before == resource.RLIM_INFINITY else min(hard, before)
    resource.setrlimit(kind, (min(soft, top), top))


def _main(cpu_seconds: str, memory: str, output: str, function: str, *program: str) -> None:
    _limit(int(cpu_seconds), int(memory), int(output))
    if function == "--":
        os.execvp(program[0], program)
    try:
        arguments = pickle.load(sys.stdin.buffer)
        name, _, attribute = function.partition(":")
        module = importlib.import_module(name)
        messages = getattr(module, attribute)(*arguments)
        getattr(module, "prepare", lambda *_: None)(*arguments)
        for codec in _CODECS:
            codecs.lookup(codec)
        # From here on no file and no socket can be opened, so no font of the machine is used either.
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
        _write(messages)
    except MemoryError:
        _end(OUT_OF_MEMORY)
    except RecursionError:
        _end(TOO_DEEP)
    except Exception as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            _end(NO_SPACE)
        place = traceback.extract_tb(error.__traceback__)[-1]
        words = " ".join(str(error).split())[:200]
        where = f"{os.path.basename(place.filename)}:{place.lineno}"
        sys.stderr.write(f"\n{type(error).__name__}: {words} ({where})\n")
        _end(BROKEN)


def _fork_for_each_call() -> None:
    """In the process that `warm` starts: a child for each call until its parent is gone."""
    _end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the parent says that it was ended
    door = socket.socket(fileno=os.dup(0))
    while True:
        asked, files, *_ = socket.recv_fds(door, _ASKED.size, 3)
        if len(asked) < _ASKED.size:
            return
        *bounds, named = _ASKED.unpack(asked)
        function = named.rstrip(b"\0").decode()
        with suppress(Exception):  # which the child meets, and says
            with open(files[0], "rb", closefd=False) as given:
                arguments = pickle.load(given)
            importlib.import_module(function.partition(":")[0]).prepare(*arguments)
        os.lseek(files[0], 0, os.SEEK_SET)
        child = os.fork()
        if not child:
            door.close()
            for place, file in enumerate(files):
                os.dup2(file, place)
                os.close(file)
            _main(*map(str, bounds), function)
            _end(0)
        for file in files:
            os.close(file)
        _, status, used = os.wait4(child, 0)
        door.sendall(_ENDED.pack(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime))


def _write(messages: Iterable[Message]) -> None:
    """Each message as it comes, so that the finished ones are there whatever happens to the next."""
    try:
        for header, data in messages:
            _put(sys.stdout.buffer, _ANSWER, header, data)
        _put(sys.stdout.buffer, _LAST, None)
    except JvomError as error:
        _put(sys.stdout.buffer, _ERROR, _dump_error(error))


def _put(stream: IO[bytes], kind: str, header: object, data: bytes = b"") -> None:
    """Two lengths, JSON of kind and header, and the plain bytes."""
    text = json.dumps([kind, header], separators=(",", ":"), allow_nan=False).encode("ascii")
    stream.write(len(text).to_bytes(_LENGTH, "big") + len(data).to_bytes(_LENGTH, "big") + text)
    stream.write(data)
    stream.flush()


def _end(code: int) -> NoReturn:
    """At once: whatever could still be tidied up may itself be broken, or out of memory."""
    with suppress(OSError, MemoryError):
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _main(*sys.argv[1:]) if sys.argv[1:] else _fork_for_each_call()
