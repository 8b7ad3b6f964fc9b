"""Documentation that is wrong fails: commands exist, queries run, links lead somewhere."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import duckdb
import pytest
import typer

import schemas
from pipelines.cli import reference
from pipelines.cli.app import program
from pipelines.publish import catalogue, dictionary, published
from tests.support import ROOT, Jvom, building

README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
BESIDE = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("warehouse/README.md", "benchmarks/README.md", "examples/README.md"),
)
PAGES = sorted([*(ROOT / name for name in BESIDE), *(ROOT / "docs").rglob("*.md")])
COMMANDS: dict[str, Any] = typer.main.get_command(program()).commands  # type: ignore[attr-defined]
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

assert {"build", "ingest", "sql", "trend"} <= {command.split()[1] for _, command in SPOKEN}


def named(value: object) -> str:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else str(value)[:40]


@pytest.mark.parametrize(("page", "command"), SPOKEN, ids=named)
def test_every_command_exists_with_its_options(page: Path, command: str) -> None:
    first, *words = shlex.split(command)[1:]
    if first.startswith("-"):
        assert first in {"--help", "--version", "--install-completion"}
        return
    assert first in COMMANDS, f"{page}: there is no jvom {first}"
    options = {name for parameter in COMMANDS[first].params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options | {"--help"}


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two editions that compare, the newer one in two vintages of which each had its release."""
    unifil = {"mission_id": "unifil", "deployed_military": 5, "deployed_women": 2}
    unifil["country_as_printed"] = "Libanon"
    unifil["qualified"] = {"deployed_women": ("of which", 2, 2), "frame_military": ("about", None, None)}
    untso = {"mission_id": "untso", "mission_as_printed": "UNTSO", "deployed_military": 7}
    renamed = {**untso, "mission_as_printed": "UNTSO (Golan)"}
    editions = [
        building.edition_tables(2023, [unifil, untso]),
        *(building.edition_tables(2024, [unifil, {**renamed, "deployed_military": n}]) for n in (8, 9)),
    ]
    base = building.base_tables(*editions) | {"releases": building.releases(("old", 2), ("new", 3))}
    file = tmp_path_factory.mktemp("several") / "jvom.duckdb"
    published.publish(file, base, release_id="new", head=None)
    return file


@pytest.fixture(scope="module")
def opened(built: Path, several: Path) -> Iterator[dict[str, duckdb.DuckDBPyConnection]]:
    """A file is opened once for all queries, which takes longer than most of them."""
    files = (str(built / "jvom.duckdb"), str(several))
    with duckdb.connect(files[0], read_only=True) as one, duckdb.connect(files[1], read_only=True) as other:
        yield dict(zip(files, (one, other), strict=True))


@pytest.mark.parametrize(("page", "query"), QUERIES, ids=named)
def test_every_query_runs_and_finds_something(
    page: Path, query: str, opened: dict[str, duckdb.DuckDBPyConnection]
) -> None:
    """In a file of one edition and of several; what takes two editions or vintages is found in the latter."""
    compares = re.search(r"comparable|revisions|AS printed|AS since, now|figures_left_out|women", query)
    rows = []
    for file, there in opened.items():
        with duckdb.connect() if "ATTACH" in query else there.cursor() as connection:
            connection.execute(query.replace("warehouse/jvom.duckdb", file))
            rows.append(connection.fetchall())
    assert any(rows) if compares else rows[0], f"{page}: the query finds nothing"


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


@pytest.mark.parametrize("page", ["command-line", "data-dictionary", "rules"])
def test_generated_pages_are_current(page: str) -> None:
    written = (ROOT / "docs/reference" / f"{page}.md").read_text(encoding="utf-8")
    assert written == f"{reference.page(page)}\n", "run: just docs"


def test_the_readme_is_one_screen() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 80


def test_set_up_is_two_lines_that_name_what_is_there() -> None:
    build, test = (line for block in blocks(README, "sh") for line in block.splitlines() if "./setup" in line)
    assert build == "./setup && .venv/bin/jvom build"
    assert test.startswith("./setup test && ")
    for tool in ("ruff check", "ruff format --check", "mypy", "pytest"):
        assert f".venv/bin/{tool}" in test
    run = ROOT / ".ci/run"
    assert "grep -m1 -F './setup test' README.md" in run.read_text(encoding="utf-8")
    for script in (run, ROOT / "setup"):
        assert os.access(script, os.X_OK)
        subprocess.run(["bash", "-n", script], check=True, timeout=10)
    refused = subprocess.run([ROOT / "setup", "nonsense"], capture_output=True, timeout=10, check=False)
    assert (refused.returncode, refused.stdout) == (2, b"")


def just(*arguments: str) -> str:
    """What `just` prints, on standard output or error."""
    program = which("just", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("needs just: ./setup test")
    # A recipe that runs pytest is a run of its own: it neither measures coverage nor is a worker of this one.
    environment = {name: value for name, value in os.environ.items() if not re.match("PYTEST_|COV", name)}
    done = subprocess.run(
        [program, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_each_recipe_is_listed_explained_and_runs_what_is_there() -> None:
    recipes = json.loads(just("--dump", "--dump-format", "json"))["recipes"]
    listed = just("--list")
    explained = CONTRIBUTING.read_text(encoding="utf-8")
    for name, recipe in recipes.items():
        if name.startswith("_"):
            continue
        assert name in listed
        assert not name.startswith("add-") or f"\n### Add a {name[4:]}\n" in explained
        assert re.search(rf"`(just )?{name}\b", explained), name
        shown = just(
            "--dry-run", name, *("2024" for given in recipe["parameters"] if given["kind"] == "singular")
        )
        named = re.findall(r"(?:tests|docs)/[\w/-]+\.(?:py|md)", shown)
        assert [path for path in named if not (ROOT / path).exists()] == []
        modules = re.findall(r"-m(?:odule-name)? (pipelines[\w.]*)", shown)
        assert [module for module in modules if importlib.util.find_spec(module) is None] == []


@pytest.mark.commands
def test_recipes_that_are_quick_do_what_they_say(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JVOM_WAREHOUSE", str(built))
    steps = just("add-mission")
    assert steps.startswith("### Add a mission\n\n1. ")
    assert "passed" in steps or "[100%]" in steps
    assert "### Add a rule" not in steps
    assert "no figure would change" in just("edition", "2024")


def locked(name: str) -> dict[str, str]:
    """Versions in a lock file, by package."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)", text, re.M))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock", "requirements-team.lock"])
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
    rows = dict(re.findall(r"^\| ([a-z0-9_-]+) \| .* \| ([0-9][^,]*), \d{4}-\d\d(?:-\d\d)? \|$", page, re.M))
    project = PROJECT["project"]
    extra = [name for names in project["optional-dependencies"].values() for name in names]
    direct = {re.split(r"[\[=<>]", name)[0] for name in [*project["dependencies"], *extra]}
    scan, team = locked("requirements-scan.lock"), locked("requirements-team.lock")
    versions = scan | team | locked("requirements-test.lock")
    assert set(rows) - direct <= set(scan)  # what the engines bring is explained too
    assert {name: rows.get(name) for name in direct} == {
        name: versions[name.replace("_", "-")] for name in direct
    }


def test_the_changelog_knows_the_version() -> None:
    version = PROJECT["project"]["version"]
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# The data dictionary: complete, linked, and the page in docs/ up to date.


@pytest.fixture(scope="module")
def page() -> str:
    return dictionary.markdown()


def section(page: str, relation: str) -> str:
    """The part of the page about one relation."""
    return re.split(r"\n##+ ", page.split(f"### `{relation}`\n")[1], maxsplit=1)[0]


def row(page: str, relation: str, column: str) -> dict[str, str]:
    """One column's line, by heading."""
    lines = [line[2:-2].split(" | ") for line in section(page, relation).splitlines() if line[:1] == "|"]
    named = next(line for line in lines if f'id="{relation}.{column}"' in line[0])
    return dict(zip(lines[0], named, strict=True))


def test_every_column_of_main_says_what_it_is_called_in_dutch() -> None:
    for relation in catalogue.relations().values():
        for column in relation.columns if relation.schema == "main" else ():
            of_code = column.name.endswith(("_nl", "_en")) or column.name[:2] in ("a_", "b_")
            assert of_code or " Dutch: " in column.comment, (relation.name, column.name)


def test_every_relation_and_column_stands_in_it_once(page: str):
    described = [name for name in schemas.RELATIONS if name not in schemas.VINTAGE_TABLES]
    anchors = re.findall(r'<a id="([\w.]+)"></a>', page)

    assert sorted(re.findall(r"^### `(\w+)`$", page, re.MULTILINE)) == sorted(described)
    assert sorted(anchors) == sorted(
        [f"{name}.{column}" for name in described for column in schemas.RELATIONS[name].names]
        + list(schemas.VINTAGE_TABLES)
    )
    for name in described:
        assert schemas.RELATIONS[name].description in section(page, name)
        for column in schemas.RELATIONS[name].columns:
            assert row(page, name, column.name)["description"] == column.description


def test_every_link_has_a_target(page: str):
    headings = {
        re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))
        for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    }
    targets = headings | set(re.findall(r'<a id="([\w.]+)"></a>', page))

    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= targets


def test_every_table_is_rectangular(page: str):
    for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        lines = block.splitlines()
        assert len({line.count("|") for line in lines}) == 1, lines[0]


def test_a_column_shows_type_unit_heading_and_origin(page: str):
    shown = row(page, "mission_trends", "deployed_military")

    assert shown == {
        "column": '<a id="mission_trends.deployed_military"></a>`deployed_military`',
        "type": "`INTEGER`",
        "unit": "persons",
        "printed heading": "Ingezet personeel, Militair",
        "description": "Military personnel sent over the whole period, every rotation counted.",
        "comes from": "personnel: [`deployed_military`](#personnel.deployed_military)",
    }
    key = row(page, "mission_trends", "mission_id")
    assert (key["column"], key["type"]) == (
        '<a id="mission_trends.mission_id"></a>**`mission_id`**',
        "`VARCHAR` not null",
    )


def test_a_relation_shows_what_holds_for_it(page: str):
    text = section(page, "personnel")

    assert "One row per mission in an edition; key: `edition_year`, `mission_id`." in text
    assert "- Comes from [`personnel_vintages`](#personnel_vintages), column by column." in text
    assert "- `mission_id` points at [`missions`](#missions)." in text
    assert "- In every row, deployed_total is given where one of its parts is, in exact rows of " in text
    assert "comes from" not in row(page, "personnel", "mission_id")  # said once, above the table
    assert (
        "- `edition_year`, `parent_id` point at [`sections`](#sections) (`edition_year`, `section_id`)."
        in (section(page, "sections"))
    )
