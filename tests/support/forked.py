"""Command lines in processes that are forked from one that has loaded the libraries.

Loading Dagster and its like takes longer than most commands, and the suite runs hundreds of them.
A fork is a process of its own as well: with its own environment, folder, output, status and death.
What `python -m pipelines.cli.app` loads, and when, is for tests that start just that, as in `test_cli`.

Coverage is not measured in a fork, which would take a third longer: it is measured in the build that
all tests share, and where `test_safety` tries every command and every job.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

LIBRARIES = (
    "dagster",
    "duckdb",
    "filelock",
    "httpx",
    "jinja2",
    "pandera.pyarrow",
    "pyarrow.parquet",
    "sqlalchemy.dialects.sqlite",
    "sqlglot",
    "typer",
)
# Those of ours that take long, except the one that looks at the environment: `pipelines.definitions`.
OURS = (
    "pipelines.orchestration.automation",
    "pipelines.orchestration.release",
    "pipelines.cli.app",
    "pipelines.orchestration.run",
    "pipelines.site",
    "tests.support.lakes",
)
ROOT = Path(__file__).resolve().parent.parent.parent
MEASURED = "COVERAGE_PROCESS_CONFIG"  # set by pytest-cov, for coverage to start in a new process
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([*LIBRARIES, *OURS])


def run(
    arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """One command line of `jvom`, as `subprocess.run` would have it.

    Raises subprocess.TimeoutExpired once `timeout` seconds are over.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("output", "errors")]
        process = start(arguments, cwd=cwd, environment=environment, said=said)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        output, errors = (file.read_text(encoding="utf-8") for file in said)
    return subprocess.CompletedProcess(list(arguments), process.exitcode, output, errors)


def start(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    said: Sequence[Path] = (Path(os.devnull), Path(os.devnull)),
) -> Any:
    """The process of one command line, which leads a group of its own; `said` takes output and errors."""
    return fork(_jvom, list(arguments), cwd, unmeasured(environment), *said)


def unmeasured(environment: Mapping[str, str]) -> dict[str, str]:
    """The same, but for coverage: nor is it worth its time in an interface of several processes."""
    return {name: value for name, value in environment.items() if name != MEASURED}


def fork(work: Callable[..., None], *arguments: object) -> Any:
    """The process in which a function is at work, in this one's environment; it ends with this one."""
    process = PROCESSES.Process(target=_work, args=(unmeasured(os.environ), work, *arguments), daemon=True)
    with mock.patch.dict(os.environ):
        os.environ.pop(MEASURED, None)  # for whoever comes first starts what is forked
        process.start()
    return process


def _work(environment: Mapping[str, str], work: Callable[..., None], *arguments: object) -> None:
    """In the fork, which has the environment of whoever came first."""
    os.environ.clear()
    os.environ.update(environment)
    work(*arguments)


def _jvom(arguments: list[str], cwd: Path, environment: dict[str, str], output: Path, errors: Path) -> None:
    """In the fork: all that `python -m pipelines.cli.app` does."""
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for stream, file in ((sys.stdout, output), (sys.stderr, errors)):
        with file.open("w") as opened:
            os.dup2(opened.fileno(), stream.fileno())
    sys.argv = ["jvom", *arguments]
    if environment["PYTHONPATH"] != str(ROOT):  # of a copy of the project
        sys.path.insert(0, environment["PYTHONPATH"])
        for name in [name for name in sys.modules if name.partition(".")[0] in ("pipelines", "schemas")]:
            del sys.modules[name]
    from pipelines.cli import app as cli

    sys.exit(cli.main())
