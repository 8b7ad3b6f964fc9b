"""Documentation that is wrong fails: commands exist, queries run, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from conftest import Jvom

from pipelines.cli import reference
from pipelines.cli.app import app
from pipelines.publish import published

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BESIDE = ("README.md", "CHANGELOG.md", "warehouse/README.md", "benchmarks/README.md", "examples/README.md")
PAGES = sorted([*(ROOT / name for name in BESIDE), *(ROOT / "docs").rglob("*.md")])
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language, wherever they are indented."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", page.read_text(encoding="utf-8"), re.M | re.S)
    return [text for _, text in found]


def spoken_commands(page: Path) -> list[str]:
    """Every `jvom …` in code: inline or a line of a shell block."""
    text = page.read_text(encoding="utf-8")
    inline = re.findall(r"(?<!`)`(?:\.venv/bin/)?(jvom [^`]+)`", text)
    lines = [line.strip() for block in blocks(page, "sh") for line in block.splitlines()]
    return inline + [match[1] for line in lines if (match := re.search(r"(?:^|[ /])(jvom .*)$", line))]


QUERIES = [(page, query) for page in PAGES for query in blocks(page, "sql")]
SPOKEN = [(page, command) for page in PAGES for command in spoken_commands(page)]


def named(value: object) -> str:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else str(value)[:40]


@pytest.mark.parametrize(("page", "command"), SPOKEN, ids=named)
def test_every_command_exists_with_its_options(page: Path, command: str) -> None:
    first, *words = shlex.split(command)[1:]
    if first.startswith("-"):
        assert first in {"--help", "--version"}
        return
    assert first in COMMANDS, f"{page}: there is no jvom {first}"
    options = {name for parameter in COMMANDS[first].params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options | {"--help"}


def test_commands_are_looked_for_in_the_right_places() -> None:
    assert {command.split()[1] for _, command in SPOKEN} >= {
        "build",
        "ingest",
        "sql",
        "trend",
        "status",
        "ui",
    }


@pytest.mark.parametrize(("page", "query"), QUERIES, ids=named)
def test_every_query_runs_and_finds_something(page: Path, query: str, built: Path) -> None:
    with published.connect(built / "jvom.duckdb") as connection:
        connection.execute(query)
        rows = connection.fetchall()
    if "comparable" not in query and "revisions" not in query:  # which take two editions, or two vintages
        assert rows, f"{page}: the query finds nothing"


def test_the_readme_shows_the_real_answer(built: Path, jvom: Jvom) -> None:
    (query,) = blocks(README, "sql")
    answer = jvom("sql", query, "--warehouse", built).stdout
    shown = blocks(README, "text")[0]
    assert [line.split() for line in shown.splitlines()] == [
        line.split() for line in answer.splitlines() if line.strip()
    ]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    assert [page for page in pages - {"index.md"} if f"({page})" not in index] == []


def test_the_command_line_page_is_current() -> None:
    page = ROOT / "docs/reference/command-line.md"
    assert page.read_text(encoding="utf-8") == reference.page(), (
        "run: python -m pipelines.cli.reference > docs/reference/command-line.md"
    )


def test_the_readme_is_one_screen() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 80


def test_set_up_is_two_lines_that_name_what_is_there() -> None:
    build, test = (line for block in blocks(README, "sh") for line in block.splitlines() if "venv " in line)
    assert "-r requirements.lock" in build
    assert build.endswith(".venv/bin/jvom build")
    assert "-r requirements-test.lock" in test
    for tool in ("ruff check", "ruff format --check", "mypy", "pytest --cov"):
        assert f".venv/bin/{tool}" in test
    for line in (build, test):
        subprocess.run(["bash", "-n", "-c", line], check=True, timeout=10)
    extracted = subprocess.run(
        ["grep", "-m1", "-F", "requirements-test.lock", README],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    assert extracted.stdout.strip() == test
    assert "grep -m1 -F 'requirements-test.lock' README.md" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def locked(name: str) -> dict[str, str]:
    """Versions in a lock file, by package."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)", text, re.M))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_locks_have_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert entries
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_both_locks_hold_the_same_versions() -> None:
    needed, tested = locked("requirements.lock"), locked("requirements-test.lock")
    assert needed.items() <= tested.items()
    assert needed["duckdb"] == "1.5.5"
    extensions = {name: version for name, version in needed.items() if name.startswith("duckdb-extension-")}
    assert set(extensions.values()) == {needed["duckdb"]}


def test_dependencies_are_explained_with_the_versions_locked() -> None:
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([a-z0-9-]+) \| .* \| ([0-9][^,]*), \d{4}-\d\d(?:-\d\d)? \|$", page, re.M))
    project = PROJECT["project"]
    extra = [name for names in project["optional-dependencies"].values() for name in names]
    direct = {re.split(r"[\[=<>]", name)[0] for name in [*project["dependencies"], *extra]}
    assert set(told) == direct
    assert told == {name: locked("requirements-test.lock")[name] for name in direct}


def test_the_changelog_knows_the_version() -> None:
    version = PROJECT["project"]["version"]
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
