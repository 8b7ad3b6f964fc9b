"""What several test files need: the command line, small editions, renditions, servers, oracles.

A helper that one file needs stays in that file; a fixture that many need is in `conftest`.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis

from pipelines.settings import Settings, find
from tests.support import forked

ROOT = Path(__file__).resolve().parent.parent.parent
EDITION = ROOT / "raw" / "2024" / "jvom-2024.txt"
# Two figures of it with which its table adds up as well.
OTHER_FIGURES = {
    "UNTSO 12 32 32": "UNTSO 12 33 33",
    "Totaal 1510 22 3454 29 3473": "Totaal 1510 22 3455 29 3474",
}
EXAMPLES = 20  # of one property, in the default run
NOBODY = "http://127.0.0.1:9"  # an address where nothing answers

Jvom = Callable[..., "subprocess.CompletedProcess[str]"]


def examples(count: int) -> hypothesis.settings:
    """So many examples of a property in the default run, and as much more in a profile that has more."""
    return hypothesis.settings(max_examples=count * hypothesis.settings.default.max_examples // EXAMPLES)


def more_than_usual() -> bool:
    """Whether a profile was chosen that has more than the default run."""
    return hypothesis.settings.default.max_examples > EXAMPLES


def run_jvom(*arguments: object, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """One command line in a process of its own, as a user runs it."""
    return forked.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        environment={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        timeout=300,
    )


def output_of(*command: object, **variables: str) -> str:
    """What a program prints, in a process of its own that must go well; run at the root of the project."""
    done = subprocess.run(
        [*map(str, command)],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON document of a command line that must have gone well."""
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def copied(built: Path, folder: Path) -> Settings:
    """A warehouse and a raw/ in `folder` that may be written to, as a build left them."""
    shutil.copytree(built, folder / "warehouse")
    shutil.copytree(ROOT / "raw", folder / "raw")
    return find(folder / "raw", folder / "warehouse")


def copy_project(folder: Path) -> None:
    """Code and contracts in a folder, to run as a workspace of its own or to be changed."""
    for name in ("pipelines", "schemas"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "workspace.yaml", folder)


def options(settings: Settings) -> tuple[object, ...]:
    """What names them on a command line."""
    return "--raw", settings.raw, "--warehouse", settings.warehouse


def changed(changes: dict[str, str], file: Path = EDITION) -> str:
    """The text of a file with each of the changes made once."""
    text = file.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def hashes(settings: Settings) -> dict[str, str]:
    """Lake and published file, byte by byte; SQLite touches its `-shm`, and locks are not content."""
    files = [settings.published, *(settings.warehouse / "lake").rglob("*")]
    passing = ("-shm", "-wal", ".lock", ".holder.json")
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file() and not file.name.endswith(passing)
    }
