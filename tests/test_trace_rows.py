"""A trace of every kind of row: groups, totals, histories, sections; with remarks, checks and addresses."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import schemas
from pipelines import raw, trace
from pipelines.cli import trace as words
from pipelines.cli import ui
from pipelines.extract import text as document
from pipelines.model import Document, Evidence, Line, SourceFile
from pipelines.publish import published
from pipelines.settings import Settings, find
from pipelines.trace import annotations
from pipelines.trace.model import Trace
from pipelines.trace.target import Dependency
from schemas.errors import UsageError
from tests.support import ROOT, building

RELEASE = "0123456789ab"

Found = set[tuple[int, str, str, str]]


def lines_of(source: SourceFile) -> Document:
    """The text of a source of the repository."""
    return document.read(raw.read(source, raw=ROOT / "raw", kept=Path("/nowhere")), source)


def no_lines(source: SourceFile) -> Document:
    return Document(source.path, source.sha256, "text", (), (None,))


def no_lake(_snapshot_id: int) -> Evidence | None:
    return None


@pytest.fixture(scope="module")
def real(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with published.connect(built / "jvom.duckdb") as connection:
        yield connection


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """2021 to 2023 with two missions of one region; the second is not in 2022."""

    def edition(year: int, **deployed: int) -> building.Tables:
        rows = [{"mission_id": name, "deployed_military": count} for name, count in deployed.items()]
        return building.edition_tables(year, [*rows, {"mission_id": "vpd", "separate_report": True}])

    base = building.base_tables(
        edition(2021, unifil=1, untso=5),
        edition(2022, unifil=2),
        edition(2023, unifil=4, untso=7),
        missions=[{"mission_id": "vpd", "region": "Wereldwijd", "organisation": "national"}],
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


def cells(found: Trace) -> Found:
    """Every cell of a trace: edition, table, row, column."""
    return {
        (reading.vintage.edition_year, cell.table_name, cell.row_key, cell.column_name)
        for reading in found.readings
        for cell in reading.cells
    }


def of(
    year: int, *rows: str, columns: tuple[str, ...] = ("deployed_military", "deployed_civil_police")
) -> Found:
    return {(year, "personnel", row, column) for row in rows for column in columns}


ALL = ("unifil", "untso", "vpd")


@pytest.mark.parametrize(
    ("row", "year", "column", "value", "expected"),
    [
        ("Midden-Oosten", 2023, "deployed_total_computed", 11, of(2023, "unifil", "untso")),
        ("Midden-Oosten", 2023, "change", 9, of(2023, "unifil", "untso") | of(2022, "unifil")),
        ("UN", 2022, "frame_military", None, of(2022, "unifil", columns=("frame_military",))),
        ("UN", 2023, "share_of_total", 1.0, of(2023, *ALL)),
        ("UN", 2023, "missions", 2, of(2023, "unifil", "untso", columns=("mission",))),
        (
            "deployed_total",
            2023,
            "difference",
            0,
            of(2023, *ALL, columns=("deployed_total",))
            | {(2023, "personnel_totals", "total", "deployed_total")},
        ),
        ("deployed_total", 2023, "printed", 11, {(2023, "personnel_totals", "total", "deployed_total")}),
        ("deployed_military", 2023, "sum_of_rows", 11, of(2023, *ALL, columns=("deployed_military",))),
        ("deployed_total", 2023, "sum_of_military_and_civil_police", 11, of(2023, *ALL)),
        (
            "deployed_military",
            2023,
            "subtotal_other",
            11,
            of(2023, "unifil", "untso", columns=("deployed_military",)),
        ),
        (
            "deployed_military",
            2023,
            "subtotal_separate_reports",
            None,
            of(2023, "vpd", columns=("deployed_military",)),
        ),
        ("untso", 2023, "peak_deployed_total", 7, of(2021, "untso") | of(2023, "untso")),
        ("untso", 2021, "latest_deployed_total", 7, of(2023, "untso")),
        (
            "untso",
            2023,
            "gaps",
            [2022],
            of(2021, "untso", columns=("mission",)) | of(2023, "untso", columns=("mission",)),
        ),
    ],
)
def test_a_value_of_any_view_rests_on_its_cells(
    years: duckdb.DuckDBPyConnection, row: str, year: int, column: str, value: object, expected: Found
) -> None:
    found = trace.trace(years, row, year, column, load_document=no_lines, evidence=no_lake)
    assert found.value == value
    assert cells(found) == expected
    assert found.computed
    assert found.history == ()


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("midden-oosten", "Midden-Oosten"),
        ("un", "UN"),
        ("deployed_total", "deployed_total"),
        ("total", "total"),
        ("section:1", "section:1"),
        ("footnote:1", "footnote:1"),
        ("untso", None),
    ],
)
def test_a_row_that_is_no_missions_is_known_by_its_name(
    years: duckdb.DuckDBPyConnection, given: str, key: str | None
) -> None:
    assert trace.named(years, given) == key


def test_a_group_that_an_edition_has_not_is_refused(years: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UsageError, match="2019 is not in the warehouse") as caught:
        trace.trace(years, "UN", 2019, "change", load_document=no_lines, evidence=no_lake)
    assert "2021, 2022, 2023" in str(caught.value.hint)
    with pytest.raises(UsageError, match="no column"):
        trace.trace(years, "UN", 2023, "organisation", load_document=no_lines, evidence=no_lake)


def test_a_section_shows_its_lines(real: duckdb.DuckDBPyConnection) -> None:
    (key, first, last, heading, text) = real.execute(
        "SELECT section_id, source_line, source_line_end, heading, text FROM sections "
        "WHERE source_line_end > source_line + 4 ORDER BY source_line LIMIT 1"
    ).fetchall()[0]
    found = trace.trace(real, f"section:{key}", 2024, "heading", load_document=lines_of, evidence=no_lake)
    (cell,) = found.readings[0].cells
    assert (cell.value, [piece.line for piece in cell.pieces]) == (heading, [first])
    assert heading in str(cell.pieces[0].marked)
    found = trace.trace(
        real, f"section:{key}", 2024, "sections.text", load_document=lines_of, evidence=no_lake
    )
    (cell,) = found.readings[0].cells
    printed = " ".join(" ".join(str(piece.marked).split()) for piece in cell.pieces)
    assert text in printed
    assert max(piece.line for piece in cell.pieces) <= last
    assert "more lines" in words.render(found, "evidence.txt")


def test_lines_that_are_counted_by_page_are_not_guessed(
    years: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def by_page(source: SourceFile) -> Document:
        lines = tuple(Line(number, page, f"{page}.{number}") for page in (1, 2) for number in range(1, 9))
        return Document(source.path, source.sha256, "pdf", lines, (None, None))

    base = building.base_tables(building.edition_tables(2024, [{"mission_id": "untso"}], sections=["One"]))
    base["releases"] = pa.table(years.execute("FROM releases").to_arrow_table()).cast(
        schemas.RECORD["releases"].arrow
    )
    file = tmp_path / "jvom.duckdb"
    published.publish(file, base, release_id=RELEASE, head=None)
    with published.connect(file) as connection:
        found = trace.trace(connection, "section:1", 2024, "heading", load_document=by_page, evidence=no_lake)
    assert found.readings[0].cells[0].pieces == ()


def test_the_checks_are_named_one_by_one(years: duckdb.DuckDBPyConnection) -> None:
    found = trace.trace(years, "untso", 2023, "deployed_total", load_document=no_lines, evidence=no_lake)
    told = {words.requirement(check) for check in found.checks}
    assert {
        "personnel.deployed_total must be of type INTEGER",
        "personnel.deployed_total must be 0 or more",
        "personnel: deployed_total is given where one of its parts is",
        "personnel: the key (edition_year, mission_id) must be unique",
        "personnel: mission_id must be in missions",
    } <= told
    assert not any("frame_military" in line for line in told)
    assert {check.outcome for check in found.checks} == {"passed"}
    assert all(line in words.render(found, "evidence.html") for line in told)


SIDE = pa.struct([(name, pa.string()) for name in ("table_name", "row_key", "column_name", "value", "text")])
REMARKS: dict[str, list[dict[str, Any]]] = {
    "findings": [
        {
            "edition_year": 2023,
            "finding_id": f"f{number}",
            "rule": rule,
            "severity": severity,
            "mission_id": mission,
            "side_a": a,
            "side_b": b,
            "message": f"about {rule}",
        }
        for number, (rule, severity, mission, a, b) in enumerate(
            [
                ("cell", "warn", "untso", ("personnel", "untso", "deployed_total"), None),
                ("other cell", "error", "untso", ("personnel", "untso", "frame_military"), None),
                ("row", "error", "untso", ("personnel", "untso", None), ("mandates", "untso", None)),
                ("other row", "error", "unifil", ("personnel", "unifil", "deployed_total"), None),
                ("mission", "info", "untso", None, None),
                ("other mission", "info", "unifil", None, None),
            ]
        )
        for a, b in [
            tuple(
                dict(zip(("table_name", "row_key", "column_name"), side, strict=True)) if side else None
                for side in (a, b)
            )
        ]
    ],
    "corrections": [
        {
            "edition_year": 2023,
            "table_name": "personnel",
            "row_key": "untso",
            "column_name": column,
            "printed_value": "7",
            "corrected_value": "8",
            "reason": "a slip of the pen",
            "source": "a letter",
        }
        for column in ("deployed_total", "frame_military")
    ],
}


@pytest.fixture
def remarked() -> Iterator[duckdb.DuckDBPyConnection]:
    """The relations that hold remarks, and nothing else."""
    with duckdb.connect(":memory:") as connection:
        sides = [("side_a", SIDE), ("side_b", SIDE)]
        names = ("finding_id", "rule", "severity", "mission_id", "message")
        texts = [(name, pa.string()) for name in names]
        schema = pa.schema([("edition_year", pa.int32()), *texts, *sides])
        findings = pa.Table.from_pylist(REMARKS["findings"], schema=schema)
        corrections = pa.Table.from_pylist(REMARKS["corrections"])
        for name, table in (("findings", findings), ("corrections", corrections)):
            connection.register("rows", table)
            connection.execute(f"CREATE TABLE {name} AS FROM rows")
            connection.unregister("rows")
        yield connection


NEED = Dependency(2023, "personnel", ("untso",), ("deployed_total",))


def test_findings_that_touch_the_cell_are_told_the_worst_first(remarked: duckdb.DuckDBPyConnection) -> None:
    assert [finding.rule for finding in annotations.findings(remarked, [NEED], None)] == [
        "row",
        "cell",
        "mission",
    ]
    everything = Dependency(2023, "personnel", None, ("deployed_total",))
    found = annotations.findings(remarked, [everything, NEED], None)
    assert [finding.rule for finding in found] == ["row", "other row", "cell", "mission", "other mission"]
    assert annotations.findings(remarked, [replace(NEED, year=2022)], None) == ()


def test_corrections_declared_on_the_cell_are_told(remarked: duckdb.DuckDBPyConnection) -> None:
    (correction,) = annotations.corrections(remarked, [NEED, NEED])
    assert words.remark(correction) == (
        "personnel, untso, deployed_total: printed 7, declared 8: a slip of the pen (a letter)"
    )
    (finding, *_) = annotations.findings(remarked, [NEED], None)
    assert words.remark(finding) == "error, row, edition 2023: about row"


def test_remarks_stand_in_every_form_of_the_trace(
    years: duckdb.DuckDBPyConnection, remarked: duckdb.DuckDBPyConnection
) -> None:
    import dataclasses

    found = trace.trace(years, "untso", 2023, "deployed_total", load_document=no_lines, evidence=no_lake)
    assert "none recorded" in words.render(found, "evidence.txt")
    whole = dataclasses.replace(
        found,
        findings=annotations.findings(remarked, [NEED], None),
        corrections=annotations.corrections(remarked, [NEED]),
    )
    for text in (words.render(whole, "evidence.txt"), words.render(whole, "evidence.html")):
        assert "about cell" in text
        assert "a slip of the pen" in text
        assert "none recorded" not in text


@pytest.fixture
def where(tmp_path: Path) -> Settings:
    found = find(tmp_path / "raw", tmp_path / "warehouse")
    found.dagster_home.mkdir(parents=True)
    return found


@pytest.mark.parametrize(
    ("mark", "address"),
    [
        ({"address": "http://127.0.0.1:3001", "process": os.getpid()}, "http://127.0.0.1:3001"),
        ({"address": "http://127.0.0.1:3001", "process": 2**22 + 1}, None),  # no process has that number
        ({"address": "http://127.0.0.1:3001"}, None),
        ("half a", None),
    ],
)
def test_an_interface_that_runs_is_found(where: Settings, mark: object, address: str | None) -> None:
    assert ui.running(where) is None
    text = mark if isinstance(mark, str) else json.dumps(mark)
    (where.dagster_home / ui.MARKS.format(port=3001)).write_text(text, encoding="utf-8")
    assert ui.running(where) == address


def test_a_trace_leads_to_the_run_and_the_asset(years: duckdb.DuckDBPyConnection) -> None:
    follow: Callable[..., Trace] = trace.trace
    found = follow(
        years,
        "untso",
        2023,
        "deployed_total",
        load_document=no_lines,
        evidence=no_lake,
        interface="http://here",
    )
    (reading,) = found.readings
    assert reading.run_address == "http://here/runs/run-2023-1"
    assert reading.asset_address == "http://here/assets/tables/personnel?view=partitions&partition=2023"
    assert str(reading.asset_address) in words.render(found, "evidence.txt")
