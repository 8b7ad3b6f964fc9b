"""Whole commands ended by signals, on a full disk, in little memory: done as undisturbed, or not at all.

One warehouse goes through a story of commands. Each is started, disturbed, and at last run to its end; what
is published and recorded after the story must be what it is where nobody disturbed it.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.lake import Lake
from pipelines.publish import published as published_file
from pipelines.settings import Settings, find
from schemas import RELATIONS, TABLES
from tests.support import OTHER_FIGURES, ROOT, changed, forked, options, run_jvom
from tests.support.parliament import Parliament, edition, send

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
FREE = (0, 16, 64, 256, *(1024 * many for many in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)))  # KB left on a disk
MEMORY = (150, 300, 500, 700, 1_000, 1_500, 2_500, 4_000, 7_000)  # MB, as `ulimit -v` bounds it
ENDS = 30.0  # seconds within which a command ends once it is asked to
# What rightly differs between two builds of the same content: who, when, which run, which snapshot.
STAMPS = {name: {c.name for c in RELATIONS[name].columns if c.role == "stamp"} for name in RELATIONS}


@dataclass
class Score:
    """What became of the commands; `faults` are sentences."""

    ended: Counter[tuple[str, str]] = field(default_factory=Counter)  # command, by what or what it said
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Command:
    """A command of the story, and whether it has been done already: then another is an error."""

    words: tuple[object, ...]
    done: Callable[[Settings], bool] = lambda _: False
    of: Callable[[Settings], Settings] = lambda where: where  # the installation that it is run on
    called: str = ""

    @property
    def name(self) -> str:
        return self.called or str(self.words[0])

    def line(self, where: Settings) -> list[str]:
        return [str(word) for word in (*self.words, *options(self.of(where)))]


def _last_cause(cause: str) -> Callable[[Settings], bool]:
    def done(where: Settings) -> bool:
        state = Lake.of(where).edition_state(2024)
        return state is not None and state.cause == cause

    return done


def _moved(where: Settings) -> Settings:
    """Another installation, which has nothing before a backup is restored there."""
    return find(where.warehouse.parent / "moved" / "raw", where.warehouse.parent / "moved" / "warehouse")


def _is_moved(where: Settings) -> bool:
    return bool(Lake.of(_moved(where)).edition_states())


def story(folder: Path, *, fetch: bool = True) -> list[Command]:
    copy = folder / "copy"
    (folder / "changed.txt").write_text(changed(OTHER_FIGURES), encoding="utf-8")
    commands = [
        Command(("build",)),
        Command(("ingest", folder / "changed.txt", "--year", 2024)),
        Command(("withdraw", 2024, "--reason", "a test"), _last_cause("withdrawn")),
        Command(("restore", 2024, "--reason", "a test"), _last_cause("restored")),
        Command(("backup", copy), lambda _: copy.exists()),
        Command(("backup", copy, "--restore"), _is_moved, _moved, "backup --restore"),
        Command(("build",), of=_moved, called="build of what was restored"),
        Command(("fetch", 2025, "--build")),
        Command(("verify",)),
        Command(("gc",)),
    ]
    return [command for command in commands if fetch or command.name != "fetch"]


def published(where: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Every relation of the published file, stamps aside.

    Without `verifications`, and `releases`: what a killed command recorded is published with what comes next.
    """

    def listed(names: Any) -> str:
        return ", ".join(f'"{name}"' for name in names)

    with published_file.connect(where.published) as connection:
        held = {
            name: connection.execute(
                f"SELECT {listed(c for c in contract.names if c not in STAMPS[name] - {'vintage'})} "
                f'FROM "{name}" ORDER BY {listed(contract.key)}'
            ).fetchall()
            for name, contract in RELATIONS.items()
            if name not in ("verifications", "releases")
        }
    # Which commit was last, of one vintage or of a release, is of the way and not of the content.
    held["build_info"] = [row for row in held["build_info"] if row[0] not in ("lake_snapshot", "lake_commit")]
    return held


def home(folder: Path) -> Settings:
    """An empty warehouse, and a raw/ with one edition."""
    where = find(folder / "raw", folder / "warehouse")
    shutil.copytree(ROOT / "raw", where.raw)
    return where


def to_the_end(where: Settings, command: Command, score: Score) -> None:
    """Run a command that nobody disturbs."""
    if not command.done(where):
        done = run_jvom(*command.line(where))
        if done.returncode:
            score.faults.append(
                f"{command.name} ended with {done.returncode} when run again: {done.stderr[-500:]}"
            )


def killed(
    folder: Path, kills: int, seed: int, say: Callable[[Score], None], first: int | None = None
) -> Score:
    """So many commands ended by a signal at any moment, then each run to its end; compared at the end.

    `first` takes only so many of the story. A build ends it: it publishes what a command that was killed had
    recorded, and is not run again for.
    """
    score, chosen = Score(), random.Random(seed)
    with Parliament() as served, _environment(served.environment):
        send(served, edition(), day="2025-05-21")
        whole, where = home(folder / "whole"), home(folder / "killed")
        seconds = {}
        for command in (*story(folder / "whole")[:first], Command(("build",))):
            started = os.times().elapsed
            to_the_end(whole, command, score)
            seconds[command.name] = os.times().elapsed - started
        commands = [*story(folder / "killed")[:first], Command(("build",))]
        for number, command in enumerate(commands):
            for _ in range(kills // len(commands) + (number < kills % len(commands))):
                _kill(where, command, chosen.choice(SIGNALS), chosen.uniform(0, seconds[command.name]), score)
                say(score)
            to_the_end(where, command, score)
        score.faults += [f"{what} is not as undisturbed" for what in _differing(whole, where)]
        left = run_jvom("gc", "--dry-run", *options(where)).stdout
        if not left.startswith("nothing is left over"):
            score.faults.append(f"after gc there is left over: {left[:200]}")
    return score


def _kill(where: Settings, command: Command, number: signal.Signals, after: float, score: Score) -> None:
    if command.done(where):
        return
    with tempfile.TemporaryDirectory() as said:
        files = [Path(said, name) for name in ("output", "errors")]
        words = command.line(where)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = forked.start(words, cwd=ROOT, environment=environment, said=files)
        process.join(after)
        if process.exitcode is not None:
            score.ended[command.name, "done before"] += 1
            return
        if number == signal.SIGKILL:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)  # with what it has started
        else:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)
        process.join(ENDS)
        if process.exitcode is None:
            score.faults.append(f"{command.name} is not ended by {number.name} within {ENDS:.0f} s")
            process.kill()
            process.join()
        score.ended[command.name, number.name] += 1
        # A signal before the program takes it ends a process as the system does.
        if process.exitcode not in (0, -number, 128 + number):
            words = f"{command.name} ended with {process.exitcode} by {number.name}"
            score.faults.append(f"{words}: {files[1].read_text(errors='replace')[-300:]}")
    Lake.of(where).head()  # readable at any time
    refused = list(where.quarantine.glob("*"))
    if refused:
        score.faults.append(f"{command.name} ended by {number.name} put something in quarantine")


def _differing(whole: Settings, where: Settings) -> list[str]:
    """What is not in one installation as it is in the other, and in where a backup of them was restored."""
    differing = []
    for one, other in ((whole, where), (_moved(whole), _moved(where))):
        if one.published.exists() or other.published.exists():
            expected, found = published(one), published(other)
            differing += [name for name in expected if found[name] != expected[name]]
    counted = [len(list(at.raw.rglob("*.*"))) for at in (whole, where)]
    return differing + (["raw/"] if counted[0] != counted[1] else [])


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def why_no_disk() -> str | None:
    """Why there can be no disk of a chosen size here; None if there can."""
    if sys.platform != "linux":
        return "a disk of a chosen size is a tmpfs, which is Linux's"
    if os.geteuid() != 0:
        return "mounting a tmpfs needs root"
    return None


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own at `folder`; RuntimeError where none can be mounted."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "jvom", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def full(folder: Path, commands: Sequence[str], free: Sequence[int], say: Callable[[Score], None]) -> Score:
    """Each command on a disk with so much left, more and more: it does it, or says 3 and what to do.

    What it recorded before the disk was full is published by a build, on as full a disk.
    """
    score = Score()
    with disk(folder / "disk", 300) as small, disk(folder / "temporary", 1) as temporary:
        where, whole = home(small), home(folder / "whole")
        filler, other = small / "filler", temporary / "filler"
        for command in (each for each in story(small, fetch=False) if each.name in commands):
            for left in free:
                tried = Command(("build",), called="build that publishes") if command.done(where) else command
                room = shutil.disk_usage(small).free - left * 1024
                with filler.open("wb") as stream:
                    os.posix_fallocate(stream.fileno(), 0, max(room, 1))
                done = _tried(where, tried, f"{left} KB left", score)
                filler.unlink()
                say(score)
                if done:
                    break
            if not command.done(where):
                other.write_bytes(b"x" * shutil.disk_usage(temporary).free)
                _tried(where, command, "no room in TMPDIR", score, TMPDIR=str(temporary))
                other.unlink()
            to_the_end(where, command, score)
            to_the_end(where, Command(("build",)), score)  # which publishes what is not yet
        undisturbed = [each for each in story(folder / "whole", fetch=False) if each.name in commands]
        for command in undisturbed:
            to_the_end(whole, command, score)
        score.faults += [f"{what} is not as undisturbed" for what in _differing(whole, where)]
    return score


def memory(folder: Path, sizes: Sequence[int], say: Callable[[Score], None]) -> Score:
    """Commands that record, verify and ask, each in so much address space: done, or 3 and what to do."""
    score, where = Score(), home(folder)
    build = Command(("build",))
    asked = [("build", "--recheck"), ("verify",), ("trace", "minusma", "2024", "deployed_total")]
    asked += [("sql", "FROM editions"), ("status",)]
    for size in sizes:
        _tried(where, build, f"{size} MB", score, limit=size)
        say(score)
    to_the_end(where, build, score)
    before = published(where)
    for words in asked:
        for size in sizes:
            _tried(where, Command(words), f"{size} MB", score, limit=size)
            say(score)
    to_the_end(where, Command(("verify",)), score)
    to_the_end(where, build, score)
    after = published(where)
    score.faults += [
        f"{name} is not as undisturbed" for name in (*TABLES, "vintages") if after[name] != before[name]
    ]
    return score


def _limited(words: Sequence[str], megabytes: int) -> subprocess.CompletedProcess[str]:
    """One command line in a process that has loaded nothing yet, under `ulimit -v`."""
    shell = f'ulimit -v {megabytes * 10**6 // 1024} && exec "$@"'
    command = ["sh", "-c", shell, "sh", sys.executable, "-m", "pipelines.cli", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def _tried(
    where: Settings, command: Command, how: str, score: Score, limit: int = 0, **variables: str
) -> bool:
    """Whether a command was done; a fault is whatever it says that is not 3 with the next step."""
    words = command.line(where)
    done = _limited(words, limit) if limit else run_jvom(*words, **variables)
    score.ended[command.name, f"{how}: status {done.returncode}"] += 1
    said = done.stderr.strip()
    if done.returncode not in (0, 3):
        score.faults.append(f"{command.name}, {how}: status {done.returncode}: {said[-400:]}")
    elif done.returncode == 3 and "next:" not in said:
        score.faults.append(f"{command.name}, {how}: no next step: {said[-400:]}")
    for bad in ("Traceback", "sqlalchemy", "unexpected", "terminate called"):
        if bad in said:
            at = said.index(bad)
            score.faults.append(f"{command.name}, {how}: says “{said[max(at - 100, 0) : at + 200]}”")
    if list(where.quarantine.glob("[!.]*")):
        score.faults.append(f"{command.name}, {how}: a document went to quarantine")
        shutil.rmtree(where.quarantine)
    return done.returncode == 0
