"""What differs between two vintages, in words."""

from __future__ import annotations

from typing import Any

import duckdb
from hypothesis import given
from hypothesis import strategies as st

import schemas
from pipelines.lake.differences import differences, sentences
from pipelines.publish import views
from tests.support import building

ROWS: list[dict[str, Any]] = [
    {"mission_id": "untso", "frame_military": 12, "deployed_military": 32},
    {"mission_id": "undof", "frame_military": 1},
]


def rows(read: building.Tables) -> dict[str, list[dict[str, Any]]]:
    return {name: table.to_pylist() for name, table in read.items()}


def told(before: building.Tables, after: building.Tables) -> tuple[str, ...]:
    return sentences(differences(rows(before), rows(after)))


def test_a_changed_figure_is_one_line_for_its_mission() -> None:
    before = building.edition_tables(2024, ROWS)
    after = building.edition_tables(2024, [{**ROWS[0], "deployed_military": 33}, ROWS[1]])
    assert told(before, after) == (
        "total: deployed_military 32 → 33; deployed_total 32 → 33",
        "untso: deployed_military 32 → 33; deployed_total 32 → 33",
    )


def test_places_and_order_are_no_difference() -> None:
    before = building.edition_tables(2024, ROWS)
    moved = building.edition_tables(2024, ROWS[::-1], source=building.source_file(2024, "moved"))
    assert told(before, moved) == ()


def test_rows_come_and_go_and_blanks_are_said() -> None:
    mandate = {"mission_id": "undof", "international_mandate_status": "continuous"}
    before = building.edition_tables(2024, ROWS, mandates=[mandate], footnotes=["one"])
    after = building.edition_tables(2024, [{"mission_id": "untso", "frame_military": 12}], footnotes=["two"])
    lines = dict(line.split(": ", 1) for line in told(before, after) if not line.startswith("footnote"))
    assert lines["untso"] == "deployed_military 32 → (none); deployed_total 32 → (none)"
    assert lines["undof"] == "gone in personnel; gone in mandates"
    assert "footnote:1: text one → two" in told(before, after)
    assert "undof: new in personnel; new in mandates" in told(after, before)


def test_a_long_text_is_cut_and_every_table_is_compared() -> None:
    before = rows(building.edition_tables(2024, ROWS, sections=["One"]))
    after = rows(building.edition_tables(2024, ROWS, sections=["One"]))
    after["sections"][0]["text"] = "x" * 200
    after["editions"][0]["title"] = "Another title"
    assert sentences(differences(before, after)) == (
        "edition: title Edition 2024 → Another title",
        f"section:1: text About One. → {'x' * 60}… (200 characters)",
    )


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
    assert told(before, after) == ("footnote:12: text A → B",)
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


def test_of_cells_only_what_no_table_says() -> None:
    before = rows(building.edition_tables(2024, ROWS))
    after = rows(building.edition_tables(2024, ROWS))
    cell = next(c for c in after["cells"] if (c["row_key"], c["column_name"]) == ("untso", "frame_military"))
    cell["derivation"] = ["column inferred"]
    assert sentences(differences(before, after)) == (
        "untso: frame_military.derivation printed → column inferred",
    )
    assert schemas.TABLES["cells"].key[1:] == ("table_name", "row_key", "column_name")
