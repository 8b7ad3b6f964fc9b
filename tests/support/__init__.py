"""What several test files need: the command line, small editions, renditions, servers, oracles.

A helper that one file needs stays in that file; a fixture that many need is in `conftest`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support import forked

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = "http://127.0.0.1:9"  # an address where nothing answers

Jvom = Callable[..., "subprocess.CompletedProcess[str]"]
refused_examples: defaultdict[str, Counter[bool]] = defaultdict(Counter)


def count_refused(kind: str, *, refused: bool) -> None:
    """Count one example of the property tests, for the summary at the end of the run."""
    refused_examples[kind][refused] += 1


def run_jvom(*arguments: object, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """One command line in a process of its own, as a user runs it."""
    return forked.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        environment={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        timeout=300,
    )


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON document of a command line that must have gone well."""
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
