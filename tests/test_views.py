"""The views as relations: each against its contract, in memory and in a DuckDB file alike."""

import datetime
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import sqlglot

import schemas
from pipelines.publish import views
from schemas.errors import ContractError
from tests.support.building import Tables, base_tables, edition_tables
from tests.support.cases import cases

VIEWS = tuple(view.name for view in views.ordered())


def tuples(table: pa.Table, columns: Iterable[str]) -> set[tuple[object, ...]]:
    return {tuple(row.values()) for row in table.select(list(columns)).to_pylist()}


@pytest.fixture(scope="module")
def base() -> Tables:
    """Four years, a second vintage of one and a withdrawal of another."""
    unifil = {"mission_id": "unifil", "frame_military": 1, "deployed_military": 1}
    minusma = {
        "mission_id": "minusma",
        "frame_civil_police": 5,
        "deployed_military": 10,
        "deployed_civil_police": 11,
        "footnotes": [13],
        "separate_report": True,
    }
    in_places = {**unifil, "inferred": True}
    vague = {**minusma, "qualified": {"frame_military": ("about", None, None)}}
    mandate = {"mission_id": "unifil", "international_mandate_end": datetime.date(2023, 8, 31)}
    named = [{**mandate, "mission_as_printed": "UNIFIL (Libanon)"}]
    about = {"edition_year": 2024, "mission_id": "unifil"}
    cell = {"table_name": "personnel", "row_key": "unifil", "column_name": "deployed_total"}
    return base_tables(
        edition_tables(2021, [unifil, vague], mandates=[mandate], footnotes=["a"], sections=["b"]),
        edition_tables(2022, [unifil], mandates=[mandate], footnotes=["a"]),
        edition_tables(2023, [unifil], mandates=[mandate]),
        edition_tables(2024, [in_places], mandates=named, footnotes=["a", "c"], sections=["b", "d"]),
        edition_tables(2022, [unifil, minusma], mandates=[mandate], sections=["b"]),
        edition_tables(2023, [unifil], mandates=[mandate]),
        missions=[{"mission_id": "gpoi", "name": "GPOI", "region": "Afrika", "organisation": "US"}],
        causes={(2023, 2): "withdrawn"},
        found={name: [about] for name in schemas.RECONCILED},
        corrections=[{"edition_year": 2024, **cell, "printed_value": "1", "corrected_value": "2"}],
        observations=[{"mission_id": "unifil", "period_start": datetime.date(2024, 2, 1), "military": 1}],
        relations=[
            {"mission_id": "unifil", "relation": "part of", "other_mission_id": "minusma", "source": "a test"}
        ],
    )


@pytest.fixture(scope="module")
def evaluated(base: Tables) -> Tables:
    return views.evaluate(base)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the SQL files, in force for one test."""
    copy = Path(shutil.copytree(views.SQL, tmp_path / "sql"))
    monkeypatch.setattr(views, "SQL", copy)
    views.ordered.cache_clear()
    yield copy
    views.ordered.cache_clear()


def test_every_relation_is_a_view_or_a_base_table(base: Tables):
    assert not set(VIEWS) & set(base)
    assert set(VIEWS) | set(base) | set(schemas.BUILT) == set(schemas.RELATIONS)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_keeps_its_contract(evaluated: Tables, name: str):
    table, contract = evaluated[name], schemas.RELATIONS[name]

    assert table.schema.equals(contract.arrow, check_metadata=True)
    assert table.num_rows
    contract.pandera.validate(table)  # types, nulls, checks, unique key
    for rule in contract.rules:
        assert all(rule.holds(table).to_pylist()), rule.description
    for reference in contract.references:
        known = tuples(evaluated[reference.target], reference.target_columns)
        assert {row for row in tuples(table, reference.columns) if None not in row} <= known


def test_the_latest_vintage_that_is_not_withdrawn_shows(evaluated: Tables):
    editions = evaluated["editions"].select(["edition_year", "vintage", "withdrawn"]).to_pylist()

    assert [tuple(row.values()) for row in editions] == [(2021, 1, False), (2022, 2, False), (2024, 1, False)]
    for name in schemas.TABLES:
        assert 2023 not in evaluated[name]["edition_year"].to_pylist()
    listed = evaluated["personnel"].select(["edition_year", "mission_id"]).to_pylist()
    assert [tuple(row.values()) for row in listed] == [
        (2021, "minusma"),
        (2021, "unifil"),
        (2022, "minusma"),
        (2022, "unifil"),
        (2024, "unifil"),
    ]
    assert evaluated["footnotes"]["edition_year"].to_pylist() == [2021, 2024, 2024]  # 2022 has none now


def test_missions_and_spellings_know_their_editions_of_both_annexes(evaluated: Tables):
    years = ["mission_id", "first_edition_year", "last_edition_year"]

    assert tuples(evaluated["missions"], years) == {
        *(("gpoi", None, None), ("minusma", 2021, 2022), ("unifil", 2021, 2024))
    }
    assert [tuple(row.values()) for row in evaluated["mission_spellings"].to_pylist()] == [
        ("MINUSMA", "minusma", "MINUSMA", [2021, 2022]),
        ("UNIFIL", "unifil", "UNIFIL", [2021, 2022, 2024]),
        ("UNIFIL (Libanon)", "unifil", "UNIFIL", [2024]),
    ]


def test_an_empty_lake_gives_empty_views():
    evaluated = views.evaluate(base_tables())

    assert {name: table.num_rows for name, table in evaluated.items()} == dict.fromkeys(VIEWS, 0)
    assert all(table.schema.equals(schemas.RELATIONS[name].arrow) for name, table in evaluated.items())


@pytest.mark.parametrize("view", views.ordered(), ids=VIEWS)
def test_a_view_is_one_documented_select_over_qualified_names(view: views.View):
    assert view.sql == views.text(view.name)
    assert re.match(r"-- .*\?", view.sql), "starts with the question that the view answers"
    assert "{" not in view.sql
    (tree,) = sqlglot.parse(view.sql, read="duckdb")
    inner = {each.alias for each in tree.find_all(sqlglot.exp.CTE)}
    for table in tree.find_all(sqlglot.exp.Table):
        of = schemas.RELATIONS.get(table.name)
        assert (table.db, table.catalog) == (("", "") if table.name in inner else (of and of.schema, ""))
    assert view.path.suffix == ".sql"


def test_columns_without_contract_missing_or_out_of_order_are_reported(base: Tables):
    known = {view.name: view for view in views.ordered()}
    extended = f"SELECT *, 1 AS rank FROM ({known['missions'].sql}) AS known"
    for name, sql, words in (
        ("missions", extended, "view missions: rank has no contract"),
        (
            "mission_spellings",
            "SELECT name AS spelling FROM mission_registry",
            "mission_id is missing; name is missing; editions is missing",
        ),
        (
            "mission_spellings",
            "SELECT mission_id, name AS spelling, [2024] AS editions, name FROM mission_registry",
            "in another order than the contract",
        ),
    ):
        wrong = views.View(name, sql, Path(f"{name}.sql"))
        with pytest.raises(ContractError, match=words) as caught:
            views.evaluate(base, [*views.needed(("personnel",)), wrong])
        assert "schemas/" in str(caught.value.hint)
    rank = views.View("missions", extended, Path("missions.sql"))
    with pytest.raises(ContractError, match="view missions: rank has no contract") as caught:
        views.column_sources(rank)
    assert caught.value.failures == [{"relation": "missions", "column": "rank"}]


@cases("file", "sql", "words")
def test_a_file_holds_the_select_of_a_known_view(folder: Path, file: str, sql: str, words: str):
    (folder / file).write_text(sql)
    with pytest.raises((ContractError, TypeError), match=words):
        views.ordered()


def test_the_version_follows_the_sql(folder: Path):
    before = views.version()
    assert re.fullmatch(r"[0-9a-f]{12}", before)

    (folder / "missions.sql").write_text("SELECT 1 AS mission_id\n")
    changed = views.version()
    (folder / "missions.sql").rename(folder / "mission.sql")

    assert len({before, changed, views.version()}) == 3


def test_a_python_variable_is_no_relation(base: Tables):
    personnel = next(view for view in views.ordered() if view.name == "personnel")
    sql = "SELECT mission_as_printed AS spelling, mission_id, [edition_year] AS editions FROM rows"
    spellings = views.View("mission_spellings", sql, personnel.path)

    with pytest.raises(duckdb.CatalogException, match="rows"):  # a local name where the views run
        views.evaluate(base, [*views.needed(("personnel",)), spellings])
