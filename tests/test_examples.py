"""The examples give the answers that they show, and the documentation builds as a site without a warning."""

import ast
import csv
import importlib.util
import io
import re
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_docs import blocks

from pipelines.cli.terminal import as_text
from pipelines.publish import published
from tests.support import ROOT, Jvom, output_of

QUESTIONS = ROOT / "examples/README.md"
TOOLS = ROOT / "docs/how-to/use-your-tools.md"
NOTEBOOK = ROOT / "examples/notebook.py"
ANSWERS = list(zip(blocks(QUESTIONS, "sql"), blocks(QUESTIONS, "text"), strict=True))
PYTHON = blocks(TOOLS, "python")


def require(*packages: str) -> None:
    """Skip, saying so, where an optional package is not installed."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: pip install -e '.[docs,examples]'")


def trend(built: Path) -> list[tuple[Any, ...]]:
    """The rows that every tool must give."""
    query, *_ = blocks(TOOLS, "sql")
    with published.connect(built / "jvom.duckdb") as connection:
        rows = connection.execute(query).fetchall()
    assert rows
    return rows


def test_there_are_ten_questions() -> None:
    headings = re.findall(r"^## (\d+)\. .+\?$", QUESTIONS.read_text(encoding="utf-8"), re.M)
    assert headings == [str(number) for number in range(1, 11)]
    assert len(ANSWERS) == 10


@pytest.mark.parametrize(("query", "answer"), ANSWERS, ids=[str(at) for at in range(1, 11)])
def test_an_answer_is_the_one_shown(query: str, answer: str, built: Path) -> None:
    with duckdb.connect(str(built / "jvom.duckdb"), read_only=True) as connection:
        names = published.ask(connection, query)
        rows = connection.fetchall()
    header, _, *shown = [line.split() for line in answer.splitlines()]
    assert header == names
    assert shown == [" ".join(map(as_text, row)).split() for row in rows]


@pytest.mark.parametrize(
    ("code", "package"), list(zip(PYTHON, ("polars", "pandas"), strict=True)), ids=["polars", "pandas"]
)
def test_python_gives_the_same_trend(
    code: str, package: str, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(package, "pyarrow")
    monkeypatch.chdir(built.parent)  # where the page's relative path leads
    assert built.name == "warehouse"
    found: dict[str, Any] = {}
    exec(compile(code, str(TOOLS), "exec"), found)
    table = found["trend"]
    assert type(table).__module__.startswith(package)
    records = table.to_dicts() if package == "polars" else table.to_dict("records")
    assert [tuple(record.values()) for record in records] == trend(built)


def test_r_asks_the_same(built: Path) -> None:
    """R itself is not run here: its query is."""
    (code,) = blocks(TOOLS, "r")
    (query,) = re.findall(r'"(SELECT .*?)"', code, re.S)
    with published.connect(built / "jvom.duckdb") as connection:
        assert connection.execute(query).fetchall() == trend(built)
    assert "read_only = TRUE" in code


def test_a_spreadsheet_gets_the_same(built: Path, jvom: Jvom) -> None:
    (line,) = (block.strip() for block in blocks(TOOLS, "sh") if "--csv" in block)
    query = line.split('"')[1]
    given = jvom("sql", query, "--csv", "--warehouse", built)
    rows = list(csv.reader(io.StringIO(given.stdout)))
    assert rows == [["edition_year", "deployed"], *([str(value) for value in row] for row in trend(built))]


def test_the_queries_of_the_notebook_run(built: Path) -> None:
    """Also where marimo is not installed."""
    tree = ast.parse(NOTEBOOK.read_text(encoding="utf-8"))
    queries = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and str(node.value).startswith("SELECT ")
    ]
    assert len(queries) == 3
    with published.connect(built / "jvom.duckdb") as connection:
        for query in queries:
            assert connection.execute(query, ["untso"] if "?" in query else []).fetchall()


def test_the_notebook_runs_through(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("altair", "marimo", "polars")
    monkeypatch.setenv("JVOM_WAREHOUSE", str(built))
    spec = importlib.util.spec_from_file_location("notebook", NOTEBOOK)
    assert spec
    assert spec.loader
    notebook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(notebook)
    _, made = notebook.app.run()
    made["connection"].close()
    assert made["mission"].value == "untso"
    years = made["trend"].select("edition_year", "deployed_total_computed").rows()
    assert years == trend(built)
    values = made["chart"].to_dict()["data"]["values"]
    assert [row["total"] for row in values] == made["timeline"]["total"].to_list()
    assert {"annex frame", "annex deployed", "observed headcount"} <= {row["basis"] for row in values}


@pytest.mark.commands
def test_the_documentation_builds_as_a_site(tmp_path: Path) -> None:
    require("myst_parser", "sphinx")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", tmp_path / "cache"]
    output_of(*command, "docs", tmp_path / "site")
    index = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert re.findall(r'caption-text">([^<]*)', index) == ["Tutorial", "How-to", "Reference", "Explanation"]
    for page in (ROOT / "docs").rglob("*.md"):
        built = (tmp_path / "site" / page.relative_to(ROOT / "docs")).with_suffix(".html")
        assert built.exists()
        assert f'href="{built.relative_to(tmp_path / "site")}' in index or page.name == "index.md"
