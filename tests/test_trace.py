"""From any published value back to its characters: the real edition, trends, and what cannot be shown."""

from __future__ import annotations

import datetime
import hashlib
import html.parser
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import schemas
from pipelines import lake as snapshot
from pipelines import raw, trace
from pipelines.cli import trace as words
from pipelines.extract import text as document
from pipelines.lake.connection import attached
from pipelines.model import Document, Evidence, Line, SourceFile
from pipelines.publish import published
from pipelines.trace.model import Trace
from schemas.errors import SourceError, UsageError
from tests.support import ROOT, Jvom, building
from tests.support.building import FIGURES

RELEASE = "0123456789ab"
MANDATES = ("international_mandate", "national_frame")


def lines_of(source: SourceFile) -> Document:
    """The text of a source of the repository."""
    return document.read(raw.read(source, raw=ROOT / "raw", kept=Path("/nowhere")), source)


def gone(source: SourceFile) -> Document:
    raise SourceError("is gone", file=source.path)


def no_lake(_snapshot_id: int) -> Evidence | None:
    return None


@pytest.fixture(scope="module")
def real(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with published.connect(built / "jvom.duckdb") as connection:
        yield connection


@pytest.fixture(scope="module")
def follow(real: duckdb.DuckDBPyConnection, built: Path) -> Callable[..., Trace]:
    """Traces a value of the real edition."""

    def evidence(snapshot_id: int) -> Evidence | None:
        lake = built / "lake"
        return snapshot.evidence(f"sqlite:{lake / 'catalog.sqlite'}", f"{lake / 'data'}/", snapshot_id)

    def traced(row: str, column: str, **options: Any) -> Trace:
        return trace.trace(real, row, 2024, column, load_document=lines_of, evidence=evidence, **options)

    return traced


def test_the_characters_at_the_place_of_every_figure_are_the_figure(real: duckdb.DuckDBPyConnection) -> None:
    """All of them: each non-null figure and date has a cell, and its spans hold what is printed."""
    (source,) = real.execute(
        "SELECT edition_year, source_path, source_sha256, source_bytes, source_format, source_fidelity "
        "FROM editions"
    ).fetchall()
    printed = {(line.page, line.number): line.text for line in lines_of(SourceFile(*source)).lines}
    cells = {
        tuple(key): (as_printed, value, spans, parts)
        for *key, as_printed, value, spans, parts in real.execute(
            "SELECT table_name, row_key, column_name, as_printed, value, spans, parts FROM cells"
        ).fetchall()
    }
    checked = 0
    for table, key in (("personnel", "mission_id"), ("personnel_totals", "'total'")):
        for row_key, *figures in real.execute(f"SELECT {key}, {', '.join(FIGURES)} FROM {table}").fetchall():
            for column, figure in zip(FIGURES, figures, strict=True):
                if figure is None:
                    continue
                as_printed, value, spans, parts = cells[table, row_key, column]
                assert at(spans, printed) == as_printed
                assert int(value) == figure == (sum(parts) if parts else int(as_printed))
                checked += 1
    columns = ", ".join(f"{name}_as_printed, {name}_end" for name in MANDATES)
    for row_key, *values in real.execute(f"SELECT mission_id, {columns} FROM mandates").fetchall():
        for name, text, end in zip(MANDATES, values[::2], values[1::2], strict=True):
            as_printed, value, spans, _ = cells["mandates", row_key, name]
            assert at(spans, printed) == as_printed == text
            assert end is None or value == end.isoformat()
            checked += 1
    assert checked > 60


def at(spans: list[dict[str, Any]], printed: dict[tuple[int, int], str]) -> str:
    """The characters at a cell's spans, joined as `as_printed` is."""
    pieces = (printed[s["page"], s["line"]][s["char_start"] : s["char_end"]] for s in spans)
    return " ".join(" ".join(piece.split()) for piece in pieces)


def test_a_figure_goes_back_to_its_characters_and_its_parquet_file(follow: Callable[..., Trace]) -> None:
    found = follow("untso", "deployed_military")
    (reading,) = found.readings
    (cell,) = reading.cells
    (piece,) = cell.pieces
    assert (found.relation, found.value, piece.marked, piece.line) == ("personnel", 32, "32", 1610)
    assert f"{piece.before}{piece.marked}{piece.after}".startswith("UNTSO 12 32 32")
    assert cell.derivation == ("column inferred",)
    assert "row total 32 = 32" in cell.obtained
    assert reading.source.fidelity == "abridged"
    assert "abridged" in str(reading.source.note)
    assert reading.evidence is not None
    assert "Edition 2024, vintage 1" in str(reading.evidence.message)
    assert {file.path.split("/")[1] for file in reading.evidence.files} == {
        "personnel_vintages",
        "cells_vintages",
    }
    assert [change.value for change in found.history] == [32]


def test_the_hash_of_a_parquet_file_is_that_of_the_file(follow: Callable[..., Trace], built: Path) -> None:
    evidence = follow("total", "deployed_total").readings[0].evidence
    assert evidence is not None
    for file in evidence.files:
        kept = (built / "lake" / "data" / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(kept), hashlib.sha256(kept).hexdigest())


def test_a_blank_says_why_it_is_blank(follow: Callable[..., Trace]) -> None:
    found = follow("untso", "frame_civil_police")
    (cell,) = found.readings[0].cells
    assert (found.value, cell.as_printed, cell.pieces[0].marked) == (None, None, "")
    assert cell.obtained.startswith("blank: nothing is printed")
    assert "column total frame_military" in cell.obtained


def test_a_sum_shows_its_parts(follow: Callable[..., Trace]) -> None:
    (cell,) = follow("cmf", "frame_military").readings[0].cells
    assert (cell.as_printed, cell.parts) == ("3 + 2", (3, 2))
    assert "(3 + 2 = 5)" in cell.obtained


@pytest.mark.parametrize(
    ("row", "column", "relation", "cells"),
    [
        ("total", "deployed_total", "personnel_totals", {"deployed_total"}),
        ("footnote:13", "text", "footnotes", {"text"}),
        ("vpd", "legal_basis", "mandates", {"legal_basis"}),
        ("untso", "national_frame_end", "mandates", {"national_frame"}),
        ("untso", "mission_as_printed", "personnel", {"mission"}),
        ("untso", "mandates.mission_as_printed", "mandates", {"mission"}),
        ("ussc", "separate_report", "personnel", {"mission", "region", *FIGURES}),
        ("untso", "mission_trends.frame_military", "mission_trends", {"frame_military"}),
    ],
)
def test_every_kind_of_row_has_a_trace(
    follow: Callable[..., Trace], row: str, column: str, relation: str, cells: set[str]
) -> None:
    found = follow(row, column)
    assert found.relation == relation
    assert {cell.column_name for reading in found.readings for cell in reading.cells} == cells
    for piece in (piece for reading in found.readings for cell in reading.cells for piece in cell.pieces):
        assert piece.marked is not None


def test_a_share_rests_on_all_rows_of_the_edition(follow: Callable[..., Trace]) -> None:
    found = follow("untso", "share_of_total")
    assert found.readings[0].rows == 18
    assert len(found.readings[0].cells) == 36
    assert "18 rows, 36 cells" in words.render(found, "evidence.txt")
    assert "all rows of the edition" in str(found.computed)


@pytest.mark.parametrize(
    ("row", "column", "options", "message", "hint"),
    [
        ("untso", "deployed_militair", {}, "no column", "deployed_military"),
        ("untso", "footnotes.text", {}, "no row in footnotes", "personnel"),
        ("minusma", "deployed_total", {"vintage": 9}, "no vintage 9", "jvom vintages 2024"),
        ("untso", "change", {"vintage": 1}, "no vintages itself", "--vintage"),
        ("undof", "legal_basis", {}, "no row for undof", "editions with one: none"),
        ("footnote:99", "text", {}, "no row for footnote:99", "editions with one: none"),
    ],
)
def test_what_there_is_not_is_refused_with_the_nearest(
    follow: Callable[..., Trace], row: str, column: str, options: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        follow(row, column, **options)
    assert hint in str(caught.value.hint)


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """2021 to 2024; 2023 has two vintages of which the later withdraws it, 2022 a corrected one."""

    def edition(year: int, deployed: int, name: str = "UNIFIL") -> building.Tables:
        row = {"mission_id": "unifil", "deployed_military": deployed, "mission_as_printed": name}
        end = datetime.date(year, 8, 31)
        return building.edition_tables(
            year, [row], mandates=[{"mission_id": "unifil", "international_mandate_end": end}]
        )

    base = building.base_tables(
        edition(2021, 1),
        edition(2022, 2),
        edition(2022, 4, "<b>UNIFIL</b> & co"),
        edition(2023, 3),
        edition(2023, 3),
        edition(2024, 6),
        causes={(2023, 2): "withdrawn"},
    )
    release = {
        "release_id": RELEASE,
        "published_at": building.RECORDED_AT,
        "contract_version": schemas.CONTRACT_VERSION,
        "snapshot_id": 1,
        "vintages": [],
        "tool_versions": [],
    }
    base["releases"] = schemas.RECORD["releases"].table([release])
    file = tmp_path_factory.mktemp("years") / "jvom.duckdb"
    published.publish(file, base, release_id=RELEASE, head=None)
    with published.connect(file) as connection:
        yield connection


def hostile(source: SourceFile) -> Document:
    """A document whose every line is markup."""
    lines = tuple(Line(number, 17, "<script>alert(1)</script>") for number in range(40, 200))
    return Document(source.path, source.sha256, "text", lines, tuple([None] * 17))


@pytest.mark.parametrize(
    ("year", "column", "value", "rests_on"),
    [
        (2024, "change", 2, [(2024, 1), (2022, 2)]),
        (2022, "change_pct", 300.0, [(2022, 2), (2021, 1)]),
        (2024, "moving_average_3", 11 / 3, [(2024, 1), (2022, 2), (2021, 1)]),
        (2024, "deployed_total_computed", 6, [(2024, 1)]),
        (2024, "international_mandate_moved_days", 731, [(2024, 1), (2022, 2)]),
        (2021, "change", None, [(2021, 1)]),
    ],
)
def test_a_trend_shows_the_cells_that_it_was_computed_from(
    years: duckdb.DuckDBPyConnection, year: int, column: str, value: float, rests_on: list[tuple[int, int]]
) -> None:
    found = trace.trace(years, "unifil", year, column, load_document=gone, evidence=no_lake)
    assert found.value == value
    vintages = [(reading.vintage.edition_year, reading.vintage.vintage) for reading in found.readings]
    assert vintages == rests_on
    assert all(reading.cells for reading in found.readings)
    assert found.computed
    assert ("are missing" in found.computed) == (value is None)


def test_another_vintage_is_shown_as_what_it_is(years: duckdb.DuckDBPyConnection) -> None:
    found = trace.trace(
        years, "unifil", 2022, "deployed_total", load_document=gone, vintage=1, evidence=no_lake
    )
    assert (found.relation, found.value, found.readings[0].vintage.latest) == (
        "personnel_vintages",
        2,
        False,
    )
    assert [(change.vintage, change.value) for change in found.history] == [(1, 2), (2, 4)]
    assert "not the latest" in words.render(found, "evidence.txt")


def test_a_withdrawn_edition_is_traced_by_its_vintages_only(years: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UsageError, match="withdrawn") as caught:
        trace.trace(years, "unifil", 2023, "deployed_total", load_document=gone, evidence=no_lake)
    assert "--vintage" in str(caught.value.hint)
    found = trace.trace(
        years, "unifil", 2023, "deployed_total", vintage=2, load_document=gone, evidence=no_lake
    )
    assert found.readings[0].vintage.withdrawn
    assert [change.state for change in found.history] == ["recorded", "withdrawn"]


def test_a_source_that_is_gone_leaves_the_rest(years: duckdb.DuckDBPyConnection) -> None:
    found = trace.trace(years, "unifil", 2024, "deployed_total", load_document=gone, evidence=no_lake)
    (reading,) = found.readings
    assert "is gone" in str(reading.source.unread)
    assert reading.cells[0].pieces[0].marked is None
    assert reading.cells[0].as_printed == "6"
    assert "is gone" in words.render(found, "evidence.txt")


class Tags(html.parser.HTMLParser):
    """Every element of a page, with what it points at."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.pointers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.pointers += [str(value) for name, value in attrs if name in ("src", "href")]


def test_the_sheet_is_one_escaped_page_without_scripts(years: duckdb.DuckDBPyConnection) -> None:
    found = trace.trace(years, "unifil", 2022, "mission_as_printed", load_document=hostile, evidence=no_lake)
    page = words.render(found, "evidence.html")
    tags = Tags(page)
    assert "&lt;b&gt;UNIFIL&lt;/b&gt; &amp; co" in page
    assert "&lt;script&gt;alert" in page
    assert not {"script", "link", "img", "iframe", "b"} & set(tags.names)
    assert tags.pointers == []
    assert "@media print" in page
    assert tags.names.count("mark") == 1


def test_the_command_answers_people_programs_and_files(built: Path, jvom: Jvom, tmp_path: Path) -> None:
    sheet = tmp_path / "untso.html"
    words = ("trace", "UNTSO", 2024, "deployed_military", "--warehouse", built)
    told = jvom(*words)
    assert told.returncode == 0, told.stderr
    assert "UNTSO 12 [32] 32" in told.stdout
    filed = jvom(*words, "--json", "--html", sheet)
    found = json.loads(filed.stdout)
    assert found["value"] == 32
    assert found["readings"][0]["cells"][0]["pieces"][0]["marked"] == "32"
    assert "<mark>32</mark>" in sheet.read_text(encoding="utf-8")


def test_the_command_refuses_with_the_next_step(built: Path, jvom: Jvom, tmp_path: Path) -> None:
    asked = jvom("trace", "untso", 2024, "deployd", "--warehouse", built)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "nearest: deployed_" in asked.stderr
    nowhere = tmp_path / "no" / "sheet.html"
    filed = jvom("trace", "untso", 2024, "deployed_total", "--html", nowhere, "--warehouse", built)
    assert filed.returncode == 3
    assert str(nowhere) in filed.stderr


def test_a_snapshots_commit_is_the_same_whichever_way_the_catalog_is_read(built: Path) -> None:
    lake = snapshot.Lake(f"sqlite:{built / 'lake' / 'catalog.sqlite'}", f"{built / 'lake' / 'data'}/")
    newest = max(lake.read()["vintages"]["snapshot_id"].to_pylist())
    where = (lake.address.catalog, lake.address.data)
    alone = snapshot.evidence(*where, newest)
    with attached(lake.address, "a test", write=False):
        beside = snapshot.evidence(*where, newest)
    assert alone is not None
    assert beside is not None
    assert (alone.message, alone.author, alone.files) == (beside.message, beside.author, beside.files)
    assert snapshot.evidence(*where, 10**6) is None
    assert snapshot.evidence("sqlite:/nowhere/catalog.sqlite", "/nowhere/", newest) is None
