"""From a document to every table: shapes, places, the period, and all problems at once."""

import datetime
import re
from collections.abc import Callable

import pyarrow as pa
import pytest

import schemas
from pipelines import validate as validated
from pipelines.model import Edition
from schemas.errors import JvomError, Problems
from schemas.registry import load
from tests.support.cases import cases
from tests.support.reports import (
    ABRIDGED,
    ANNEX_1,
    ANNEX_2,
    FULL,
    HEADER_1,
    abridged,
    needs_full,
    read_document,
    read_tables,
    refused,
    report,
)

ROWS = {
    "editions": 1,
    "personnel": 18,
    "personnel_totals": 1,
    "mandates": 13,
    "footnotes": 14,
    "sections": 69,
    "cells": 210,
}
PLACES = ("source_page", "page_label", "source_line", "source_line_end", "spans", "marker_lines")
IDENTITY = ("source_path", "source_sha256", "source_bytes")


def edition(heading: str, known: Edition | None = None) -> dict[str, object]:
    text = report(annex_2=[f" Bijlage 2 Totale inzet {heading}", *ANNEX_2[1:]])
    [row] = read_tables(text, known)["editions"].to_pylist()
    return row


def problems(text: str, known: Edition | None = None) -> list[JvomError]:
    found = refused(read_tables, text, known)
    assert all(problem.file == "raw/2024/report.txt" and problem.hint for problem in found)
    return found


def content(tables: dict[str, pa.Table]) -> dict[str, list[dict[str, object]]]:
    """Rows without their places."""
    return {
        name: [{k: v for k, v in row.items() if k not in PLACES + IDENTITY} for row in table.to_pylist()]
        for name, table in tables.items()
    }


@needs_full
def test_the_full_text_gives_every_table_as_contracted() -> None:
    tables = read_tables(
        FULL.read_bytes(), Edition(2024, title="Een titel", date_sent=datetime.date(2024, 5, 15))
    )
    assert {name: table.num_rows for name, table in tables.items()} == ROWS
    for name, table in tables.items():
        assert table.schema == schemas.TABLES[name].as_read().arrow
    assert not validated.failures(tables, [mission.id for mission in load().missions])
    [row] = tables["editions"].to_pylist()
    assert (row["title"], row["date_sent"]) == ("Een titel", datetime.date(2024, 5, 15))
    assert row["scope"] == "mei 2023 t/m april 2024"
    assert (row["period_start"], row["period_end"]) == (datetime.date(2023, 5, 1), datetime.date(2024, 4, 30))
    assert (row["period_months"], row["layout"], row["source_fidelity"]) == (12, "2024", "full text")


def _one_page(text: str) -> str:
    return re.sub(r"(?m)^ (?=\S)", "", text)


def _form_feeds(text: str) -> str:
    return re.sub(r"(?m)^ (?=\S\S)", "\f", text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("cp1252"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: "\n".join(line.rstrip() for line in text.split("\n")).encode(),
        lambda text: "\n".join(line for line in text.split("\n") if line).encode(),
        lambda text: "\n".join(line for line in text.split("\n") if line.strip()).encode(),
        lambda text: _one_page(text).encode(),
        lambda text: _form_feeds(text).encode(),
    ],
    ids=["crlf", "cp1252", "bom", "stripped", "no empty lines", "no blank lines", "one page", "form feeds"],
)
def test_the_form_of_the_text_does_not_matter(change: Callable[[str], bytes]) -> None:
    assert content(read_tables(change(ABRIDGED.read_text(encoding="utf-8")))) == content(abridged())


@cases("heading", "scope", "start", "end", "months", nested=tuple)
def test_the_period_is_printed_in_the_heading(
    heading: str, scope: str, start: tuple[int, int, int], end: tuple[int, int, int], months: int | None
) -> None:
    row = edition(heading)
    assert row["scope"] == scope
    assert (row["period_start"], row["period_end"]) == (datetime.date(*start), datetime.date(*end))
    assert row["period_months"] == months


def test_the_catalogue_gives_the_period_where_the_heading_does_not() -> None:
    known = Edition(2024, period_start=datetime.date(2023, 5, 1), period_end=datetime.date(2024, 4, 30))
    row = edition("per missie", known)
    assert (row["scope"], row["period_start"], row["period_months"]) == ("per missie", known.period_start, 12)
    assert edition("per missie")["period_start"] is None


def test_a_period_that_ends_after_the_report_was_sent_is_refused() -> None:
    [problem] = problems(report(), Edition(2024, date_sent=datetime.date(2024, 3, 20)))
    assert "which had not ended" in str(problem)


def test_a_period_that_differs_from_the_catalogue_is_refused() -> None:
    [problem] = problems(report(), Edition(2024, period_start=datetime.date(2019, 1, 1)))
    assert "2023-05-01 to 2024-04-30" in problem.message
    assert "2019-01-01" in problem.message
    assert problem.line == 14


def test_all_problems_of_both_annexes_are_raised_together() -> None:
    text = report(
        annex_1=[*ANNEX_1[:-1], "CMF Toezegging Onbepaald Onbepaald"],
        annex_2=[
            " Bijlage 2 Totale inzet mei 2024 t/m april 2023",
            *ANNEX_2[1:-2],
            "UNIFOL 1 2 4 8 12",
            ANNEX_2[-1],
        ],
    )
    found = problems(text)
    assert [problem.line for problem in found] == [13, 14, 18]
    assert str(Problems(found)).startswith("3 problems")


def test_an_annex_may_repeat_heading_and_header_on_its_next_page() -> None:
    once = read_tables(report())
    again = [ANNEX_1[0], *HEADER_1]
    for heading in (again, [" Bijlage 1 (vervolg)"], [" Bijlage 1 Vervolg", *HEADER_1]):
        twice = read_tables(report(annex_1=[*ANNEX_1[:-1], *heading, ANNEX_1[-1]]))
        assert content(twice)["mandates"] == content(once)["mandates"]


def test_a_report_that_stands_twice_is_refused() -> None:
    [problem] = problems(report() + report())
    assert "annex 1 is here twice" in problem.message
    assert "annex 2 is here twice" in problem.message


def test_cells_lie_where_they_say() -> None:
    data = ABRIDGED.read_bytes()
    document = read_document(data)
    tables = read_tables(data)
    for cell in tables["cells"].to_pylist():
        first = cell["spans"][0]
        assert (cell["source_page"], cell["source_line"]) == (first["page"], first["line"])
        assert cell["page_label"] == document.label(first["page"])
        if cell["table_name"] != "mandates" or cell["column_name"] != "region":
            pieces = [
                document.lines[s["line"] - 1].text[s["char_start"] : s["char_end"]] for s in cell["spans"]
            ]
            assert " ".join(pieces) == (cell["as_printed"] or "")
