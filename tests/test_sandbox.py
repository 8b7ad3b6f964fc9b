"""The limits of the sandbox: going over one is reported in one paragraph, and nothing is left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pipelines.extract import sandbox
from pipelines.extract.sandbox import Limits
from schemas.errors import JvomError, LakeError, Problems, SourceError
from tests import sandboxed
from tests.support import ROOT

SMALL = Limits(seconds=30, cpu_seconds=1, memory=512 * 2**20, output=2**20, hint="give another file")
LONGEST = 400  # characters of one refusal
PATIENCE = 20.0  # seconds that a process is waited for

OVER = {
    "sleep": (Limits(seconds=1, hint=SMALL.hint), "takes longer than 1 seconds"),
    "compute": (SMALL, "more than 1 seconds of computing"),
    "fill": (SMALL, "more than 512 MB of memory"),
    "write": (SMALL, "far more than a report"),
    "nest": (SMALL, "nested far deeper"),
    "crash": (SMALL, "breaks its reader (SIGSEGV)"),
    "leave": (SMALL, "it is damaged"),
    "forge": (SMALL, "it is damaged"),
    "not_there": (SMALL, "breaks its reader: AttributeError"),
}
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks in /proc, and needs Linux's kernel")


def children(process: int) -> set[int]:
    """The children of a process, dead ones that nobody asked about included."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


@on_linux
@pytest.mark.parametrize("name", OVER)
def test_going_over_a_limit_is_one_paragraph_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits, words = OVER[name]
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before, opened = children(os.getpid()), os.listdir("/proc/self/fd")
    with pytest.raises(SourceError) as caught:
        list(sandbox.call(f"tests.sandboxed:{name}", file="raw/2023/report.pdf", limits=limits))
    message = str(caught.value)
    assert words in message
    assert message.startswith("raw/2023/report.pdf: ")
    assert (caught.value.hint, caught.value.exit_code) == (SMALL.hint, 1)
    assert "\n\n" not in message
    assert "Traceback" not in message
    assert len(message) < LONGEST
    assert children(os.getpid()) == before
    assert os.listdir("/proc/self/fd") == opened
    assert list(tmp_path.iterdir()) == []


def test_no_file_socket_pipe_or_program_opens_inside() -> None:
    assert list(sandbox.call("tests.sandboxed:knock", file="x")) == [([], b"")]


def test_what_is_within_the_limits_comes_back_as_it_went() -> None:
    header = {"naïef": [1, None, "\0\n"]}
    data = bytes(range(256)) * 1000
    messages = list(sandbox.call("tests.sandboxed:echo", header, data, file="x", limits=SMALL))
    assert messages == [(header, data), ([header], data[:3])]


@pytest.mark.parametrize("name", ["compute", "refuse"])
def test_what_was_finished_comes_before_the_error_that_ended_it(name: str) -> None:
    messages = sandbox.call(f"tests.sandboxed:{name}", file="x", limits=SMALL)
    assert next(messages) == ("first", b"whole")
    with pytest.raises(JvomError):
        next(messages)


def test_errors_come_back_as_they_were_raised() -> None:
    with pytest.raises(Problems) as here:
        list(sandboxed.refuse())
    with pytest.raises(Problems) as caught:
        list(sandbox.call("tests.sandboxed:refuse", file="x"))
    assert str(caught.value) == str(here.value)
    for error, raised in zip(caught.value.problems, here.value.problems, strict=True):
        assert type(error) is type(raised)
        assert json.dumps(vars(error)) == json.dumps(vars(raised))


@on_linux
@pytest.mark.parametrize("name", ["compute", "crash", "sleep"])
def test_a_child_that_is_forked_is_bounded_as_any_other(name: str) -> None:
    limits, words = OVER[name]
    before, opened = children(os.getpid()), os.listdir("/proc/self/fd")
    with sandbox.warm():
        with pytest.raises(SourceError, match=re.escape(words)):
            list(sandbox.call(f"tests.sandboxed:{name}", file="x", limits=limits))
        # Also after one that took too long, with which went the process that it was forked from.
        assert list(sandbox.call("tests.sandboxed:knock", file="x")) == [([], b"")]
    assert children(os.getpid()) == before
    assert os.listdir("/proc/self/fd") == opened


def test_the_answer_to_a_call_that_a_signal_ended_is_not_taken_for_that_to_the_next() -> None:
    with sandbox.warm():
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            with pytest.raises(KeyboardInterrupt):
                sandbox.call("tests.sandboxed:compute", file="x", limits=SMALL)
        finally:
            signal.signal(signal.SIGALRM, before)
        assert list(sandbox.call("tests.sandboxed:knock", file="x")) == [([], b"")]


@on_linux
@pytest.mark.parametrize("code", ["", "with sandbox.warm(): "])
def test_a_killed_parent_leaves_no_child_and_no_file(code: str, tmp_path: Path) -> None:
    code = f"from pipelines.extract import sandbox\n{code}sandbox.call('tests.sandboxed:sleep', file='x')"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment) as parent:
        wait_until(lambda: any(map(reads, below(parent.pid))))
        left = below(parent.pid)
        parent.kill()
    wait_until(lambda: not any(map(runs, left)))
    assert list(tmp_path.iterdir()) == []


def below(process: int) -> set[int]:
    """The children of a process and theirs."""
    return {each for child in children(process) for each in (child, *children(child))}


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.01)


def of_process(process: int, name: str) -> str:
    """A file of /proc about it; empty where there is no such process."""
    with suppress(OSError):
        return Path(f"/proc/{process}/{name}").read_text(encoding="utf-8")
    return ""


def reads(process: int) -> bool:
    """Whether a child has closed its door."""
    limits = of_process(process, "limits").splitlines()
    return any(line.split()[3:5] == ["3", "3"] for line in limits if "open files" in line)


def runs(process: int) -> bool:
    """Whether a process lives; one that is dead, and not yet buried by its new parent, does not."""
    state = of_process(process, "stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in ("Z", "X")


@on_linux
@pytest.mark.parametrize(
    ("name", "words"), [("killed", "SIGKILL|memory ran out"), ("full", "no space is left")]
)
def test_what_is_no_fault_of_the_document_is_the_surroundings(name: str, words: str) -> None:
    with pytest.raises(LakeError, match=words) as caught:
        list(sandbox.call(f"tests.sandboxed:{name}", file="raw/2023/report.pdf", limits=SMALL))
    assert caught.value.exit_code == 3
    assert caught.value.hint
