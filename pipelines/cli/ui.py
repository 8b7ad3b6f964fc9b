"""`jvom ui`: Dagster's web interface on this warehouse, as a group of child processes."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Annotated

from typer import Option

from pipelines.cli.session import Session, command
from pipelines.settings import Settings
from schemas.errors import LakeError

ADDRESS = "127.0.0.1"
GRACE = 10.0  # seconds between asking the group to end and ending it
MARKS = "interface-{port}.json"  # address and process of an interface that runs on this machine
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Ended(Exception):
    """A signal asked this process to end."""


@command
def ui(
    session: Session,
    read_only: Annotated[
        bool, Option("--read-only", help="For auditors: nothing can be started or changed.")
    ] = False,
    port: Annotated[int, Option("--port", metavar="PORT", min=1, max=65535, help="TCP port.")] = 3000,
) -> None:
    """The Dagster UI on this warehouse's run history, on this machine only; Ctrl-C ends it.

    Where DAGSTER_HOME is set, a daemon runs elsewhere already: there may be only one.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            hint = "give another with --port PORT"
            raise LakeError(f"port {port} is not free: {error.strerror}", hint=hint) from error
    from pipelines.orchestration import run

    settings = session.settings
    run.prepare_home(settings)
    daemon = not (read_only or settings.home)
    with ExitStack() as opened:
        lock = opened.enter_context(_alone(settings)) if daemon else None
        _serve(session, port, read_only=read_only, lock=lock)


@contextmanager
def _alone(settings: Settings) -> Iterator[IO[bytes]]:
    """The one daemon of a warehouse: LakeError if another interface on it runs one.

    The lock is the open file: whatever has it as its input holds it too, also where this process is killed.
    """
    import fcntl

    with (settings.dagster_home / "interface.lock").open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            where, group = next(_marked(settings), ("it is just being started", 0))
            end = f" (kill -- -{group})" if group else ""
            hint = f"use that one, or end it first{end}; --read-only --port PORT runs beside it"
            message = f"another jvom ui is at work on this warehouse: {where}"
            raise LakeError(message, hint=hint) from error
        yield lock


def _serve(session: Session, port: int, *, read_only: bool, lock: IO[bytes] | None) -> None:
    settings, log = session.settings, session.settings.logs / "ui.log"
    with ExitStack() as opened:
        output: IO[str] = sys.stderr
        if not session.terminal.verbose:
            settings.logs.mkdir(parents=True, exist_ok=True)
            output = opened.enter_context(log.open("a", encoding="utf-8"))
        arguments = child_command(port, read_only=read_only, daemon=not settings.home)
        process = _start(arguments, settings, lock, output)
    address = f"http://{ADDRESS}:{port}"
    mark = _home(settings) / MARKS.format(port=port)
    mark.write_text(json.dumps({"address": address, "process": process.pid}), encoding="utf-8")
    session.terminal.answer(
        {"address": address, "process": process.pid, "read_only": read_only},
        f"{address} answers in some seconds; Ctrl-C ends it",
    )
    sys.stdout.flush()
    try:
        status = process.wait()
    except _Ended:
        return
    finally:
        mark.unlink(missing_ok=True)
        _end(process)
    raise LakeError(f"the interface ended by itself, with status {status}", hint=f"{log} says why")


def running(settings: Settings) -> str | None:
    """The address of an interface on this warehouse that answers, if one does."""
    for address, _ in _marked(settings):
        at = (ADDRESS, int(address.rpartition(":")[2]))
        with suppress(OSError), socket.create_connection(at, timeout=1):
            return address
    return None


def _marked(settings: Settings) -> Iterator[tuple[str, int]]:
    """Address and process group of each interface of which a process lives, whether or not it answers."""
    for mark in sorted(_home(settings).glob(MARKS.format(port="*"))):
        with suppress(OSError, ValueError, KeyError, TypeError):  # it ended without removing its mark
            marked = json.loads(mark.read_bytes())
            address, group = str(marked["address"]), int(marked["process"])
            with suppress(PermissionError):  # it lives, and is another user's
                os.killpg(group, 0)
            yield address, group


def _home(settings: Settings) -> Path:
    """Where marks are: a Dagster home that several machines share says nothing of this one."""
    return settings.warehouse if settings.home else settings.dagster_home


def child_command(port: int, *, read_only: bool, daemon: bool = True) -> list[str]:
    """The child's command line: webserver and daemon together, or a webserver alone, or one for readers."""
    from pipelines import versions

    start = ["pipelines.orchestration.web", *(["--read-only"] if read_only else ["dev"] if daemon else [])]
    workspace = str(versions.ROOT / "workspace.yaml")
    return [sys.executable, "-m", *start, "-w", workspace, "-h", ADDRESS, "-p", str(port)]


def _start(
    arguments: list[str], settings: Settings, lock: IO[bytes] | None, output: IO[str]
) -> subprocess.Popen[bytes]:
    """Start it in a new process session, so that it can be ended as a whole.

    The handlers are set first: a child started with SIGINT ignored would ignore SIGTERM as well.
    """

    from pipelines import versions

    def ask_to_end(_signal: int, _frame: FrameType | None) -> None:
        raise _Ended

    for ending in ENDINGS:
        signal.signal(ending, ask_to_end)
    return subprocess.Popen(
        arguments,
        cwd=versions.ROOT,
        env={**os.environ, **settings.environment()},
        start_new_session=True,
        stdin=lock or subprocess.DEVNULL,  # which its own children have from it
        stdout=output,
        stderr=output,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, then end what is left of it."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
