"""The rules of the house, as docs/stages.md and the modules' first paragraphs state them."""

import ast
import graphlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support import ROOT, output_of
from tests.support.cases import tables

LAYERS = (
    ("harmless", "model", "sql", "store"),
    ("files",),
    ("publication",),
    ("settings",),
    ("versions",),
    ("validate", "quarantine", "reconcile", "site", "trace"),
    ("extract", "lake", "other_sources", "raw"),
    ("publish", "acquire"),
    ("verify",),
    ("orchestration",),
    ("definitions",),
    ("cli",),
)
FLOOR = {part: floor for floor, parts in enumerate(LAYERS) for part in parts}
DAGSTER = {"orchestration"}
# The last three for a type only: they are given a connection.
DUCKDB = {"lake", "publish", "site", "sql", "trace"}

MODULES = sorted([*(ROOT / "pipelines").rglob("*.py"), *(ROOT / "schemas").rglob("*.py")])
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]


def name_of(path: Path) -> str:
    """The module's dotted name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def part_of(path: Path) -> str:
    """The part of `pipelines` that a module belongs to, such as `lake`."""
    parts = name_of(path).split(".")
    return parts[1] if len(parts) > 1 else ""


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All of a module's syntax; the module itself comes first."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imports(path: Path) -> Iterator[str]:
    """Everything that a module imports, wherever in it, as dotted names."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def in_pipelines(path: Path) -> bool:
    return path.is_relative_to(ROOT / "pipelines")


def test_every_part_has_its_floor() -> None:
    assert {part_of(path) for path in MODULES if in_pipelines(path)} - {""} == set(FLOOR)


def test_imports_go_down() -> None:
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in MODULES
        if in_pipelines(path)
        for name in imports(path)
        if name.startswith("pipelines.")
        and (part := name.split(".")[1]) != part_of(path)
        and FLOOR[part] >= FLOOR[part_of(path)]
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions aside, and those for types alone."""
    names = {name_of(path): path for path in MODULES}
    graph: dict[str, set[str]] = {}
    for name, path in names.items():
        found = [node for node in nodes(path)[0].body if isinstance(node, ast.ImportFrom)]
        given = [(f"{node.module}", f"{node.module}.{alias.name}") for node in found for alias in node.names]
        graph[name] = {inner if inner in names else outer for outer, inner in given} & set(names) - {name}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names them


def test_schemas_import_nothing_of_pipelines() -> None:
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in MODULES
        if not in_pipelines(path)
        for name in imports(path)
        if name.startswith("pipelines")
    ]
    assert wrong == []


@pytest.mark.parametrize(("library", "allowed"), [("dagster", DAGSTER), ("duckdb", DUCKDB)])
def test_only_some_parts_import(library: str, allowed: set[str]) -> None:
    users = {part_of(path) for path in MODULES for name in imports(path) if name.split(".")[0] == library}
    assert users <= allowed
    assert users, f"nothing imports {library}: this test looks in the wrong place"


LIGHT = ("acquire", "cli.app", "files", "orchestration.plan", "raw", "settings", "versions")
AT_ONCE = (
    *(f"import pipelines.{module}" for module in LIGHT),
    "from schemas import registry; registry.load()",
    "from pipelines.publish import views; views.version()",
    "from pipelines import lake, publish; lake.Lake('sqlite:/nowhere/catalog', '/nowhere/').head()",
)


@pytest.mark.parametrize("statement", AT_ONCE)
def test_what_must_be_light_stays_light(statement: str) -> None:
    code = (
        f"import sys; {statement}; "
        "print(*sorted({'dagster', 'pandera', 'pyarrow', 'duckdb', 'sqlglot', 'httpx'} & set(sys.modules)))"
    )
    assert output_of(sys.executable, "-c", code).strip() == ""


def test_names_say_what_a_module_is() -> None:
    vague = [path for path in SOURCES if re.search(r"utils?|manager|helpers?|misc|common_", path.stem)]
    assert vague == []


def test_no_year_is_special() -> None:
    """What differs between editions is data (layouts, registry), not code."""
    wrong = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Compare)
        for value in node.comparators
        if isinstance(value, ast.Constant) and isinstance(value.value, int) and 2001 <= value.value <= 2099
    ]
    assert wrong == []


def tracked() -> list[Path]:
    """Files in version control, and those that would be added."""
    listed = output_of("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_package_index() -> None:
    # In pieces, so that this file does not name them either.
    hosts = [
        "py" + "pi.org",
        "python" + "hosted.org",
        "npm" + "js.org",
        "npm" + "js.com",
        "deb." + "debian.org",
    ]
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked()
        for host in hosts
        if host.encode() in path.read_bytes()
    ]
    assert found == []


def test_nothing_is_left_to_do_later() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert [path for path in SOURCES if marks.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("file", sorted((ROOT / "tests" / "cases").iterdir()), ids=lambda file: file.stem)
def test_every_table_of_cases_is_gone_through(file: Path) -> None:
    tests = [
        node for node in nodes(ROOT / "tests" / f"test_{file.stem}.py") if isinstance(node, ast.FunctionDef)
    ]
    taken = {test.name for test in tests if any("cases(" in ast.unparse(one) for one in test.decorator_list)}
    assert {name.rpartition(".")[2] for name in tables(file.stem) if not name.isupper()} == taken
