"""A chain of vintages in a real lake: what changed, why, and what was known at each moment."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

import schemas
from pipelines.lake import Authorship, Lake
from pipelines.model import Recorded
from pipelines.publish import published, views
from pipelines.sql import rows
from tests.support import building
from tests.support.building import VERSIONS
from tests.support.lakes import open_lake

RELEASE = "0123456789ab"
BEFORE_ALL = datetime.datetime(2000, 1, 1)
UNIFIL = {"mission_id": "unifil", "deployed_military": 3}
BY = Authorship("auditor", "by hand")


def put(lake: Lake, text: str, code: str, unifil: dict[str, Any], **details: Any) -> Recorded:
    """Record 2024 as read from a file that says `text`, by some code."""
    source = building.source_file(2024, text)
    read = building.edition_tables(2024, [unifil], source=source, **details)
    versions = replace(VERSIONS, code=code)
    return lake.record(2024, read, source=source, versions=versions, by=Authorship("tester", f"run-{text}"))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Six vintages: first, a figure, a name and a row, other code, withdrawn, restored; and a re-run."""
    lake = open_lake(tmp_path_factory.mktemp("chain"))
    named = {**UNIFIL, "deployed_military": 4, "mission_as_printed": "UNIFIL (Libanon)"}
    mandate = {"mission_id": "unifil", "international_mandate_end": datetime.date(2024, 8, 31)}
    with lake.writer():
        put(lake, "first", "a" * 12, UNIFIL, footnotes=["one"])
        put(lake, "second", "a" * 12, {**UNIFIL, "deployed_military": 4}, footnotes=["one"])
        put(lake, "third", "a" * 12, named, mandates=[mandate])
        put(
            lake, "third", "b" * 12, {**named, "deployed_military": 5, "source_line": 900}, mandates=[mandate]
        )
        lake.withdraw(2024, "wrong document", by=BY)
        lake.restore(2024, 3, "it was right", by=BY)
        again = put(lake, "third", "c" * 12, {**named, "source_line": 7}, mandates=[mandate])
        assert not again.written
    return lake


def base(lake: Lake) -> building.Tables:
    """The lake's tables, the registry's and a release: what a published file is made of."""
    row = {
        "release_id": RELEASE,
        "published_at": building.RECORDED_AT,
        "contract_version": schemas.CONTRACT_VERSION,
        "snapshot_id": 1,
        "vintages": [(2024, 6)],
        "tool_versions": [],
    }
    releases = {"releases": schemas.RECORD["releases"].table([row])}
    return building.base_tables() | lake.read() | building.registry_tables(["unifil"]) | releases


def publish(lake: Lake, target: Path) -> Path:
    """The published file of a lake."""
    published.publish(target, base(lake), release_id=RELEASE, head=lake.head())
    return target


@pytest.fixture(scope="module")
def file(chain: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(chain, tmp_path_factory.mktemp("published") / "jvom.duckdb")


@pytest.fixture
def connection(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with published.connect(file) as connection:
        yield connection


def moments(connection: duckdb.DuckDBPyConnection) -> list[datetime.datetime]:
    """When each vintage was recorded."""
    rows = connection.execute("SELECT recorded_at FROM vintages ORDER BY vintage").fetchall()
    return [moment for (moment,) in rows]


def test_every_cause_is_derived(connection: duckdb.DuckDBPyConnection) -> None:
    causes = connection.execute("SELECT vintage, cause, actor FROM vintages ORDER BY vintage").fetchall()
    assert causes == [
        (1, "first reading", "tester"),
        (2, "source changed", "tester"),
        (3, "source changed", "tester"),
        (4, "code changed", "tester"),
        (5, "withdrawn", "auditor"),
        (6, "restored", "auditor"),
    ]


def test_revisions_are_the_known_answers(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        "SELECT vintage, table_name, row_key, column_name, old_value, new_value, cause FROM revisions "
        "WHERE table_name <> 'mandates' ORDER BY ALL"
    ).fetchall()
    source, code, back = "source changed", "code changed", "restored"
    assert [row for row in found if row[1] == "editions"] == [
        (5, "editions", "edition", "withdrawn", "false", "true", "withdrawn"),
        (6, "editions", "edition", "withdrawn", "true", "false", back),
    ]
    assert [row for row in found if row[1] != "editions"] == [
        (2, "personnel", "unifil", "deployed_military", "3", "4", source),
        (2, "personnel", "unifil", "deployed_total", "3", "4", source),
        (2, "personnel_totals", "total", "deployed_military", "3", "4", source),
        (2, "personnel_totals", "total", "deployed_total", "3", "4", source),
        (3, "footnotes", "footnote:1", "text", "one", None, source),
        (3, "personnel", "unifil", "mission_as_printed", "UNIFIL", "UNIFIL (Libanon)", source),
        *(
            (vintage, table, key, column, *values, cause)
            for vintage, values, cause in ((4, ("4", "5"), code), (6, ("5", "4"), back))
            for table, key in (("personnel", "unifil"), ("personnel_totals", "total"))
            for column in ("deployed_military", "deployed_total")
        ),
    ]


def test_an_added_row_shows_its_values_and_not_its_blanks(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        "SELECT vintage, column_name, old_value, new_value FROM revisions WHERE table_name = 'mandates'"
    ).fetchall()
    assert {vintage for vintage, *_ in found} == {3}
    assert {old for _, _, old, _ in found} == {None}
    new = {column: value for _, column, _, value in found}
    assert new["international_mandate_end"] == "2024-08-31"
    assert "national_frame_end" not in new
    assert None not in new.values()


def test_edition_and_section_rows_have_keys() -> None:
    first = building.edition_tables(2024, [UNIFIL], sections=["One"], period_months=12)
    second = building.edition_tables(2024, [UNIFIL], sections=["Two"], period_months=11)
    found = views.evaluate(building.base_tables(first, second))["revisions"].to_pylist()
    assert [(row["table_name"], row["row_key"], row["column_name"]) for row in found] == [
        ("editions", "edition", "period_months"),
        ("sections", "1", "heading"),
        ("sections", "1", "text"),
    ]


def test_notes_of_one_number_are_told_apart_as_in_cells() -> None:
    def notes(own: str) -> building.Tables:
        read = building.edition_tables(2024, [UNIFIL], footnotes=["of the document"])
        note = {**read["footnotes"].to_pylist()[0], "scope": "personnel", "text": own, "source_page": 17}
        contract = schemas.TABLES["footnotes"].as_read()
        return read | {"footnotes": contract.table([*read["footnotes"].to_pylist(), note])}

    found = views.evaluate(building.base_tables(notes("old"), notes("new")))["revisions"].to_pylist()
    assert [(row["row_key"], row["old_value"], row["new_value"]) for row in found] == [
        ("footnote:personnel:1", "old", "new")
    ]


def test_what_was_known_at_each_moment(connection: duckdb.DuckDBPyConnection) -> None:
    figures, mandates = [], []
    for moment in [BEFORE_ALL, *moments(connection)]:
        rows = connection.execute("SELECT vintage, deployed_military FROM personnel_as_of(?)", [moment])
        figures.append(rows.fetchall())
        rows = connection.execute("SELECT vintage, mission_id FROM mandates_as_of(?)", [moment])
        mandates.append(rows.fetchall())
    assert figures == [[], [(1, 3)], [(2, 4)], [(3, 4)], [(4, 5)], [], [(6, 4)]]
    assert mandates == [[], [], [], [(3, "unifil")], [(4, "unifil")], [], [(6, "unifil")]]


def test_a_moment_may_be_a_text_and_lies_between_vintages(connection: duckdb.DuckDBPyConnection) -> None:
    second = moments(connection)[1]
    just_before = (second - datetime.timedelta(microseconds=1)).isoformat(sep=" ")
    sql = f"SELECT deployed_military FROM personnel_as_of('{just_before}')"
    assert connection.execute(sql).fetchall() == [(3,)]


def test_the_trace_macro_follows_the_latest_vintage(connection: duckdb.DuckDBPyConnection) -> None:
    (found,) = rows(connection, "SELECT * FROM trace('unifil', 2024, 'deployed_military')")
    assert {name: found[name] for name in ("value", "as_printed", "vintage", "cause", "actor")} == {
        "value": "4",
        "as_printed": "4",
        "vintage": 6,
        "cause": "restored",
        "actor": "auditor",
    }
    sha256 = building.source_file(2024, "third").sha256
    assert (found["sha256"], found["char_start"], found["char_end"], found["line"]) == (sha256, 0, 1, 100)
    assert found["derivation"] == ["printed"]


def test_the_trace_macro_finds_the_cell_of_a_mandates_date(connection: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT table_name, column_name, as_printed FROM trace('unifil', 2024, 'international_mandate_end')"
    assert connection.execute(sql).fetchall() == [("mandates", "international_mandate", "31-08-2024")]


def test_a_withdrawn_edition_has_no_trace(tmp_path: Path) -> None:
    lake = open_lake(tmp_path)
    put(lake, "first", "a" * 12, UNIFIL)
    lake.withdraw(2024, "wrong document", by=BY)
    with published.connect(publish(lake, tmp_path / "jvom.duckdb")) as connection:
        assert connection.execute("FROM trace('unifil', 2024, 'deployed_military')").fetchall() == []


def test_every_macro_says_what_it_is_for(connection: duckdb.DuckDBPyConnection) -> None:
    told = dict(
        connection.execute(
            "SELECT function_name, comment FROM duckdb_functions() WHERE function_type = 'table_macro' "
            "AND NOT internal"
        ).fetchall()
    )
    assert set(told) == {path.stem for path in views.MACROS.glob("*.sql")}
    assert all(comment and not comment.startswith("--") for comment in told.values())
