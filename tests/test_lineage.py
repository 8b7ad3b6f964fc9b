"""Column lineage, derived from the SQL: complete, exact, and true of what the views compute."""

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlglot.errors import OptimizeError

import schemas
from pipelines.publish import views
from tests.support.building import Tables, base_tables, edition_tables
from tests.support.cases import cases

VIEWS = tuple(view.name for view in views.ordered())
CONSTANTS = {
    ("checks", "check_name"),
    ("edition_totals", "column_name"),
    ("headline_totals", "basis"),
    ("headline_totals", "basis_nl"),
    ("headline_totals", "basis_en"),
    ("revisions", "table_name"),
    ("revisions", "column_name"),
}


def test_every_column_of_every_view_has_sources_that_exist():
    assert set(views.lineage()) == set(VIEWS)
    for name, columns in views.lineage().items():
        assert tuple(columns) == schemas.RELATIONS[name].names
        for relation, column in (source for origins in columns.values() for source in origins):
            assert column in schemas.RELATIONS[relation].names
    empty = {(view, column) for view in VIEWS for column, found in views.lineage()[view].items() if not found}
    assert empty == CONSTANTS


def test_what_is_kept_of_the_lineage_is_what_the_sql_gives():
    derive = f"python -m {views.__name__} writes {views.KEPT.name} anew"
    assert views.KEPT.read_text(encoding="utf-8") == views.derived(), derive


def test_the_latest_views_pass_on_their_vintages_column_by_column():
    for name, contract in schemas.TABLES.items():
        of = views.lineage()[name]
        assert {c: of[c] for c in contract.names} == {c: ((f"{name}_vintages", c),) for c in contract.names}


@cases("view", "column", "origins")
def test_sources_are_one_step_up_in_the_order_of_the_sql(view: str, column: str, origins: str):
    assert [".".join(source) for source in views.lineage()[view][column]] == origins.split()


def deep_lineage(view: str, column: str) -> tuple[views.Source, ...]:
    """The base tables' (relation, column) pairs that a view's column goes back to."""
    if view not in views.lineage():
        return ((view, column),)
    origins = views.lineage()[view][column]
    return tuple(dict.fromkeys(deep for relation, name in origins for deep in deep_lineage(relation, name)))


def test_deep_lineage_ends_in_base_tables():
    assert deep_lineage("region_trends", "change_pct") == (
        ("editions_vintages", "edition_year"),
        ("personnel_vintages", "deployed_military"),
        ("personnel_vintages", "deployed_civil_police"),
    )
    assert deep_lineage("personnel_vintages", "vintage") == (("personnel_vintages", "vintage"),)
    for view in VIEWS:
        for column in schemas.RELATIONS[view].names:
            assert not {relation for relation, _ in deep_lineage(view, column)} & set(VIEWS)


def test_a_column_that_there_is_not_is_refused():
    sql = "SELECT deployed AS spelling, mission_id, [1] AS editions FROM personnel"
    given = views.with_added(sql, schemas.RELATIONS["mission_spellings"])
    with pytest.raises(OptimizeError, match="deployed"):
        views.column_sources(views.View("mission_spellings", given, Path("mission_spellings.sql")))


@pytest.fixture(scope="module")
def base() -> Tables:
    """Every view has rows here, every figure a value, and no sum is a tie."""

    def listed(mission: str, size: int) -> dict[str, Any]:
        figures = ("frame_military", "frame_civil_police", "deployed_military", "deployed_civil_police")
        return {"mission_id": mission, **{name: size + at for at, name in enumerate(figures)}}

    return base_tables(
        *(
            edition_tables(
                year,
                [listed("unifil", 10 * at), {**listed("vpd", 7 + at), "separate_report": True}],
                mandates=[
                    {"mission_id": "unifil", "international_mandate_end": end, "national_frame_end": end}
                ],
                period=(end - datetime.timedelta(364), end),
            )
            for at, year in enumerate(range(2021, 2024), start=1)
            for end in [datetime.date(year, 4, 30)]
        ),
        missions=[{"mission_id": "vpd", "region": "Wereldwijd", "organisation": "national"}],
        observations=[
            {"mission_id": "vpd", "period_start": datetime.date(2022, 9, 1), "military": 3, "civil_police": 5}
        ],
        contributions=[{"mission_id": "unifil", "period_start": datetime.date(2022, 9, 1), "count": 8}],
    )


@pytest.fixture(scope="module")
def before(base: Tables) -> Tables:
    return views.evaluate(base)


def perturbed(table: pa.Table, column: str) -> pa.Table:
    """The same rows with other values in one column, no two made equal, in the same order."""
    values: list[Any] = []
    for value in table[column].to_pylist():
        if isinstance(value, bool):
            values.append(not value)
        elif isinstance(value, datetime.date):
            values.append(value + datetime.timedelta(1))
        elif isinstance(value, int):
            values.append(3 * value + 1)
        else:
            values.append(f"{value} anders")
    at = table.column_names.index(column)
    return table.set_column(at, table.schema.field(column), pa.array(values, table.schema.field(column).type))


ORIGINS = (
    "personnel_vintages.frame_military",
    "personnel_vintages.separate_report",
    "personnel_totals_vintages.frame_civil_police",
    "editions_vintages.period_end",
    "mandates_vintages.national_frame_end",
    "mission_registry.region",
    "observations.total",
    "un_contributions.count",
)


@pytest.mark.parametrize("origin", ORIGINS)
def test_only_the_columns_that_name_an_origin_change_with_it(base: Tables, before: Tables, origin: str):
    """The lineage against the facts: change one column of a base table, and look what moves."""
    relation, column = origin.split(".")
    after = views.evaluate({**base, relation: perturbed(base[relation], column)})

    changed = {
        (view, name)
        for view in VIEWS
        for name in schemas.RELATIONS[view].names
        if not before[view][name].equals(after[view][name])
    }
    named = {
        (view, name)
        for view in VIEWS
        for name in schemas.RELATIONS[view].names
        if (relation, column) in deep_lineage(view, name)
    }
    assert changed
    assert changed <= named
