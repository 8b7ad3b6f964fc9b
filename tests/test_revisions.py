"""A chain of vintages in a real lake: what changed, why, and in words; what was known at each moment."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from pipelines.cli import vintages
from pipelines.lake import Authorship, Lake
from pipelines.lake.differences import differences, sentences
from pipelines.model import Recorded
from pipelines.publish import published, views
from pipelines.sql import rows
from tests.support import building, lakes
from tests.support.lakes import open_lake

BEFORE_ALL = datetime.datetime(2000, 1, 1)
UNIFIL = {"mission_id": "unifil", "deployed_military": 3}
BY = Authorship("auditor", "by hand")


def put(lake: Lake, text: str, code: str, unifil: dict[str, Any], **details: Any) -> Recorded:
    """Record 2024 as read from a file that says `text`, by some code."""
    source = building.source_file(2024, text)
    return lakes.put(lake, building.edition_tables(2024, [unifil], source=source, **details), text, code=code)


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
        lake.decide("withdraw", 2024, "wrong document", by=BY)
        lake.decide("restore", 2024, "it was right", vintage=3, by=BY)
        again = put(lake, "third", "c" * 12, {**named, "source_line": 7}, mandates=[mandate])
        assert not again.written
    return lake


def publish(lake: Lake, target: Path) -> Path:
    base = building.base_tables() | lake.read() | building.registry_tables(["unifil"])
    return building.publish(target, base, head=lake.head())


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


def test_every_cause_is_derived(chain: Lake, connection: duckdb.DuckDBPyConnection) -> None:
    vintages = chain.read()["vintages"]
    assert vintages["reason"].to_pylist()[4] == "vintage 4 withdrawn: wrong document"
    assert len(set(vintages["content_hash"].to_pylist())) == 4
    assert moments(connection) == sorted(set(moments(connection)))
    assert connection.execute("SELECT deployed_military FROM personnel").fetchall() == [(4,)]
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


def test_a_reason_for_people_has_what_changed_and_no_hashes(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    found = rows(connection, vintages.VINTAGES, year=2024)
    said = {row["vintage"]: (row["reason"], row["in_words"]) for row in found}
    assert said[4] == (
        f"reading code {'a' * 12} → {'b' * 12}",
        "reading code changed; 4 values: unifil deployed_military 4 → 5; unifil deployed_total 4 → 5; "
        "total deployed_military 4 → 5; … (record.revisions)",
    )
    assert said[5] == ("vintage 4 withdrawn: wrong document",) * 2


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
    sql = "SELECT table_name, column_name, as_printed FROM trace('unifil', 2024, 'international_mandate_end')"
    assert connection.execute(sql).fetchall() == [("mandates", "international_mandate", "31-08-2024")]


def test_a_withdrawn_edition_has_no_trace(tmp_path: Path) -> None:
    lake = open_lake(tmp_path)
    put(lake, "first", "a" * 12, UNIFIL)
    lake.decide("withdraw", 2024, "wrong document", by=BY)
    with published.connect(publish(lake, tmp_path / "jvom.duckdb")) as connection:
        assert connection.execute("FROM trace('unifil', 2024, 'deployed_military')").fetchall() == []


def test_every_macro_says_what_it_is_for(connection: duckdb.DuckDBPyConnection) -> None:
    comments = dict(
        connection.execute(
            "SELECT function_name, comment FROM duckdb_functions() WHERE function_type = 'table_macro' "
            "AND NOT internal"
        ).fetchall()
    )
    assert set(comments) == {
        "trace",
        "inferences_of",
        "findings_as_of",
        *(f"{table}_as_of" for table in views.HISTORIES),
    }
    assert all(comment and not comment.startswith("--") for comment in comments.values())


ROWS: list[dict[str, Any]] = [
    {"mission_id": "untso", "frame_military": 12, "deployed_military": 32},
    {"mission_id": "undof", "frame_military": 1},
]


def as_rows(read: building.Tables) -> dict[str, list[dict[str, Any]]]:
    return {name: table.to_pylist() for name, table in read.items()}


def described(before: building.Tables, after: building.Tables) -> tuple[str, ...]:
    return sentences(differences(as_rows(before), as_rows(after)))


def test_a_changed_figure_is_one_line_for_its_mission_and_places_and_order_are_none() -> None:
    before = building.edition_tables(2024, ROWS)
    moved = building.edition_tables(2024, ROWS[::-1], source=building.source_file(2024, "moved"))
    assert described(before, moved) == ()
    after = building.edition_tables(2024, [{**ROWS[0], "deployed_military": 33}, ROWS[1]])
    assert described(before, after) == tuple(
        f"{name}: deployed_military 32 → 33; deployed_total 32 → 33" for name in ("total", "untso")
    )


def test_rows_come_and_go_and_blanks_are_said() -> None:
    mandate = {"mission_id": "undof", "international_mandate_status": "continuous"}
    before = building.edition_tables(2024, ROWS, mandates=[mandate], footnotes=["one"])
    after = building.edition_tables(2024, [{"mission_id": "untso", "frame_military": 12}], footnotes=["two"])
    lines = dict(line.split(": ", 1) for line in described(before, after) if not line.startswith("footnote"))
    assert lines["untso"] == "deployed_military 32 → (none); deployed_total 32 → (none)"
    assert lines["undof"] == "gone in personnel; gone in mandates"
    assert "footnote:1: text one → two" in described(before, after)
    assert "undof: new in personnel; new in mandates" in described(after, before)


def test_a_long_text_is_cut_and_every_table_is_compared() -> None:
    before = as_rows(building.edition_tables(2024, ROWS, sections=["One"]))
    after = as_rows(building.edition_tables(2024, ROWS, sections=["One"]))
    after["sections"][0]["text"] = "x" * 200
    after["editions"][0]["title"] = "Another title"
    cell = next(c for c in after["cells"] if (c["row_key"], c["column_name"]) == ("untso", "frame_military"))
    cell["derivation"] = ["column inferred"]  # of cells only what no table says
    assert sentences(differences(before, after)) == (
        "edition: title Edition 2024 → Another title",
        f"section:1: text About One. → {'x' * 60}… (200 characters)",
        "untso: frame_military.derivation printed → column inferred",
    )
    assert schemas.TABLES["cells"].key[1:] == ("table_name", "row_key", "column_name")


def test_a_footnote_of_an_annex_is_named_once_and_as_in_cells_and_revisions() -> None:
    def edition(text: str) -> building.Tables:
        read = building.edition_tables(2024, ROWS, footnotes=["of the document"])
        note = {**read["footnotes"].to_pylist()[0], "scope": "personnel", "number": 12, "text": text}
        cells = read["cells"].to_pylist()
        last = {**cells[-1], "row_key": "footnote:12", "as_printed": text, "value": text}
        return read | {
            "footnotes": read["footnotes"].from_pylist(
                [*read["footnotes"].to_pylist(), note], schema=read["footnotes"].schema
            ),
            "cells": read["cells"].from_pylist([*cells, last], schema=read["cells"].schema),
        }

    before, after = edition("A"), edition("B")
    assert described(before, after) == ("footnote:12: text A → B",)
    revisions = views.evaluate(building.base_tables(before, after))["revisions"].to_pylist()
    assert [(row["row_key"], row["old_value"], row["new_value"]) for row in revisions] == [
        ("footnote:12", "A", "B")
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(["document", "mandates", "personnel"]), st.integers(1, 3)), unique=True
    )
)
def test_rows_are_named_alike_in_python_and_in_sql(notes: list[tuple[str, int]]) -> None:
    read = building.edition_tables(2024, ROWS, sections=["One"], mandates=[{"mission_id": "undof"}])
    pattern = building.edition_tables(2024, [], footnotes=["one"])["footnotes"].to_pylist()[0]
    rows = [
        {**pattern, "scope": scope, "number": number, "source_line": line}
        for line, (scope, number) in enumerate(notes, start=1)
    ]
    read["footnotes"] = schemas.TABLES["footnotes"].as_read().table(rows)
    for name, table in read.items():
        contract = schemas.TABLES[name]
        found = duckdb.sql(f'SELECT {contract.row_key_sql} FROM "table"').fetchall()
        assert sorted(key for (key,) in found) == sorted(contract.row_keys(table.to_pylist())), name


def test_every_check_of_a_vintage_is_there_with_its_outcome_and_run() -> None:
    """Contracts and rules as recorded; a reading again belongs to the vintage that was the newest then."""
    unifil = {"mission_id": "unifil", "deployed_military": 1}
    base = building.base_tables(
        *(building.edition_tables(2024, [unifil]) for _ in range(3)),
        causes={(2024, 3): "withdrawn"},
        found={"unread_sentences": [{"edition_year": 2024, "mission_id": "unifil"}]},
    )
    vintages = base["vintages"].to_pylist()
    for row in vintages:
        row["recorded_at"] += datetime.timedelta(days=row["vintage"])
    later = {"edition_year": 2024, "result": "the same rows as vintage 2", "actor": "tester"}
    seen = vintages[1]["recorded_at"] + datetime.timedelta(hours=1)
    again = {"checked_at": seen, "kind": "read again", **later}
    whole = {**again, "kind": "verification", "edition_year": None}
    base |= {
        "vintages": schemas.RECORD["vintages"].table(vintages),
        "verifications": schemas.RECORD["verifications"].table([again, whole]),
    }
    rows = views.evaluate(base)["checks"].to_pylist()
    assert [(row["vintage"], row["check_name"], row["outcome"]) for row in rows] == [
        (1, "contracts", "passed"),
        (1, "rules", "warned"),
        (2, "contracts", "passed"),
        (2, "read again", "passed"),
    ]
    assert [row["run_id"] for row in rows] == ["run-2024-1", "run", "run-2024-2", None]
