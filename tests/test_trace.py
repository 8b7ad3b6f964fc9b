"""From any published value back to its characters: rows of every kind, trends, vintages, annotations."""

import datetime
import hashlib
import html.parser
import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import raw, trace
from pipelines.cli import trace as words
from pipelines.cli import ui
from pipelines.extract import text as document
from pipelines.lake import Lake
from pipelines.lake import evidence as evidence_of
from pipelines.lake.connection import attached
from pipelines.model import Document, Evidence, Line, SourceFile
from pipelines.publish import published
from pipelines.settings import find
from pipelines.trace.model import Trace
from pipelines.trace.target import Dependency
from schemas.errors import SourceError, UsageError
from schemas.vocabulary import DEPLOYED, FIGURES
from tests.support import ROOT, Jvom, building
from tests.support.cases import cases

Connection = duckdb.DuckDBPyConnection
Cells = set[tuple[int, str, str, str]]


def lines_of(source: SourceFile) -> Document:
    """The text of a source of the repository."""
    return document.read(raw.read(source, raw=ROOT / "raw", kept=Path("/nowhere")), source)


def gone(source: SourceFile) -> Document:
    raise SourceError("is gone", file=source.path)


def no_lake(_snapshot_id: int) -> Evidence | None:
    return None


def ask(connection: Connection, row: str, year: int, column: str, **options: Any) -> Trace:
    """A trace without documents and lake, unless the options have them."""
    return trace.trace(
        connection, row, year, column, **{"load_document": gone, "evidence": no_lake} | options
    )


@pytest.fixture(scope="module")
def real(built: Path) -> Iterator[Connection]:
    with published.connect(built / "jvom.duckdb") as connection:
        yield connection


@pytest.fixture(scope="module")
def follow(real: Connection, built: Path) -> Callable[..., Trace]:
    """Traces a value of the real edition."""

    def evidence(snapshot_id: int) -> Evidence | None:
        lake = built / "lake"
        return evidence_of(f"sqlite:{lake / 'catalog.sqlite'}", f"{lake / 'data'}/", snapshot_id)

    def traced(row: str, column: str, **options: Any) -> Trace:
        return ask(real, row, 2024, column, load_document=lines_of, evidence=evidence, **options)

    return traced


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """2020 to 2024; 2023 has two vintages of which the later withdraws it, 2022 a corrected one."""

    def edition(year: int, deployed: int, name: str = "UNIFIL") -> building.Tables:
        row = {"mission_id": "unifil", "deployed_military": deployed, "mission_as_printed": name}
        row["inferred"] = True
        mandate = {"mission_id": "unifil", "international_mandate_end": datetime.date(year, 8, 31)}
        return building.edition_tables(year, [row], mandates=[mandate])

    corrected = edition(2022, 4, "<b>UNIFIL</b> & co")
    base = building.base_tables(
        *(
            edition(2020, 1),
            edition(2021, 1),
            edition(2022, 2),
            corrected,
            edition(2023, 3),
            edition(2023, 3),
            edition(2024, 6),
        ),
        causes={(2023, 2): "withdrawn"},
    )
    with published.connect(building.publish(tmp_path_factory.mktemp("years") / "file", base)) as connection:
        yield connection


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """2021 to 2023 with two missions of one region; the second is not in 2022."""

    def edition(year: int, **deployed: int) -> building.Tables:
        rows = [{"mission_id": name, "deployed_military": count} for name, count in deployed.items()]
        return building.edition_tables(year, [*rows, {"mission_id": "vpd", "separate_report": True}])

    base = building.base_tables(
        *(edition(2021, unifil=1, untso=5), edition(2022, unifil=2), edition(2023, unifil=4, untso=7)),
        missions=[{"mission_id": "vpd", "region": "Wereldwijd", "organisation": "national"}],
    )
    with published.connect(building.publish(tmp_path_factory.mktemp("groups") / "file", base)) as connection:
        yield connection


def test_a_figure_goes_back_to_its_characters_and_its_parquet_file(
    follow: Callable[..., Trace], built: Path
) -> None:
    traced = follow("untso", "deployed_military")
    (step,) = traced.readings
    (cell,) = step.cells
    (piece,) = cell.pieces
    assert (traced.relation, traced.value, piece.marked, piece.line) == ("personnel", 32, "32", 1610)
    assert f"{piece.before}{piece.marked}{piece.after}".startswith("UNTSO 12 32 32")
    assert cell.derivation == ("column inferred",)
    assert "row total 32 = 32" in cell.obtained
    assert step.source.fidelity == "abridged"
    assert "abridged" in str(step.source.note)
    assert [change["value"] for change in traced.history] == [32]
    assert step.evidence is not None
    assert "Edition 2024, vintage 1" in str(step.evidence.message)
    tables = {file.path.split("/")[1] for file in step.evidence.files}
    assert tables == {"personnel_vintages", "cells_vintages"}
    for file in step.evidence.files:
        kept = (built / "lake" / "data" / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(kept), hashlib.sha256(kept).hexdigest())


def test_a_blank_says_why_it_is_blank_and_a_sum_shows_its_parts(follow: Callable[..., Trace]) -> None:
    traced = follow("untso", "frame_civil_police")
    (cell,) = traced.readings[0].cells
    assert (traced.value, cell.as_printed, cell.pieces[0].marked) == (None, None, "")
    assert cell.obtained.startswith("blank: nothing is printed")
    assert "column total frame_military" in cell.obtained
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
    traced = follow(row, column)
    assert traced.relation == relation
    assert {cell.column_name for step in traced.readings for cell in step.cells} == cells
    for piece in (piece for step in traced.readings for cell in step.cells for piece in cell.pieces):
        assert piece.marked is not None


def test_a_share_rests_on_all_rows_of_the_edition(follow: Callable[..., Trace]) -> None:
    traced = follow("untso", "share_of_total")
    assert (traced.readings[0].rows, len(traced.readings[0].cells)) == (18, 36)
    assert "18 rows, 36 cells" in words.render(traced, "trace.txt")
    assert "all rows of the edition" in str(traced.computed)


def test_a_section_shows_its_lines(real: Connection, follow: Callable[..., Trace]) -> None:
    (key, first, last, heading, text) = real.execute(
        "SELECT section_id, source_line, source_line_end, heading, text FROM sections "
        "WHERE source_line_end > source_line + 4 ORDER BY source_line LIMIT 1"
    ).fetchall()[0]
    (cell,) = follow(f"section:{key}", "heading").readings[0].cells
    assert (cell.value, [piece.line for piece in cell.pieces]) == (heading, [first])
    assert heading in str(cell.pieces[0].marked)
    traced = follow(f"section:{key}", "sections.text")
    (cell,) = traced.readings[0].cells
    assert text in " ".join(" ".join(str(piece.marked).split()) for piece in cell.pieces)
    assert max(piece.line for piece in cell.pieces) <= last
    assert "more lines" in words.render(traced, "trace.txt")


def test_lines_that_are_counted_by_page_are_not_guessed(tmp_path: Path) -> None:
    def by_page(source: SourceFile) -> Document:
        lines = tuple(Line(number, page, f"{page}.{number}") for page in (1, 2) for number in range(1, 9))
        return Document(source.path, source.sha256, "pdf", lines, (None, None))

    base = building.base_tables(building.edition_tables(2024, [{"mission_id": "untso"}], sections=["One"]))
    with published.connect(building.publish(tmp_path / "file", base)) as connection:
        traced = ask(connection, "section:1", 2024, "heading", load_document=by_page)
    assert traced.readings[0].cells[0].pieces == ()


@cases("row", "column", "options", "message", "hint")
def test_what_does_not_exist_is_refused_with_the_nearest(
    follow: Callable[..., Trace], row: str, column: str, options: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        follow(row, column, **options)
    assert hint in str(caught.value.hint)


def test_a_group_that_an_edition_lacks_is_refused(groups: Connection) -> None:
    with pytest.raises(UsageError, match="2019 is not in the warehouse") as caught:
        ask(groups, "UN", 2019, "change")
    assert "2021, 2022, 2023" in str(caught.value.hint)
    with pytest.raises(UsageError, match="no column"):
        ask(groups, "UN", 2023, "organisation")


@cases("year", "column", "value", "rests_on", nested=(list, tuple))
def test_a_trend_shows_the_cells_that_it_was_computed_from(
    years: Connection, year: int, column: str, value: float, rests_on: list[tuple[int, int]]
) -> None:
    traced = ask(years, "unifil", year, column)
    assert traced.value == value
    assert [(step.vintage["edition_year"], step.vintage["vintage"]) for step in traced.readings] == rests_on
    assert all(step.cells for step in traced.readings)
    assert traced.computed
    assert ("are missing" in traced.computed) == (value is None)
    assert ("do not compare" in traced.computed) == ((year, column) == (2024, "change"))


def of(year: int, *rows: str, columns: tuple[str, ...] = DEPLOYED) -> Cells:
    return {(year, "personnel", row, column) for row in rows for column in columns}


ALL = ("unifil", "untso", "vpd")
PRINTED_TOTAL = (2023, "personnel_totals", "total", "deployed_total")
MILITARY = ("deployed_military",)


@pytest.mark.parametrize(
    ("row", "year", "column", "value", "expected"),
    [
        ("Midden-Oosten", 2023, "deployed_total_computed", 11, of(2023, "unifil", "untso")),
        ("Midden-Oosten", 2023, "change", 9, of(2023, "unifil", "untso") | of(2022, "unifil")),
        ("UN", 2022, "frame_military", None, of(2022, "unifil", columns=("frame_military",))),
        ("UN", 2023, "share_of_total", 1.0, of(2023, *ALL)),
        ("UN", 2023, "missions", 2, of(2023, "unifil", "untso", columns=("mission",))),
        (
            *("deployed_total", 2023, "difference", 0),
            of(2023, *ALL, columns=("deployed_total",)) | {PRINTED_TOTAL},
        ),
        ("deployed_total", 2023, "printed", 11, {PRINTED_TOTAL}),
        ("deployed_military", 2023, "sum_of_rows", 11, of(2023, *ALL, columns=MILITARY)),
        ("deployed_total", 2023, "sum_of_military_and_civil_police", 11, of(2023, *ALL)),
        ("deployed_military", 2023, "subtotal_other", 11, of(2023, "unifil", "untso", columns=MILITARY)),
        ("deployed_military", 2023, "subtotal_separate_reports", None, of(2023, "vpd", columns=MILITARY)),
        ("untso", 2023, "peak_deployed_total", 7, of(2021, "untso") | of(2023, "untso")),
        ("untso", 2021, "latest_deployed_total", 7, of(2023, "untso")),
        (
            *("untso", 2023, "gaps", [2022]),
            of(2021, "untso", columns=("mission",)) | of(2023, "untso", columns=("mission",)),
        ),
    ],
)
def test_a_value_of_any_view_rests_on_its_cells(
    groups: Connection, row: str, year: int, column: str, value: object, expected: Cells
) -> None:
    traced = ask(groups, row, year, column)
    assert traced.value == value
    assert {
        (step.vintage["edition_year"], cell.table_name, cell.row_key, cell.column_name)
        for step in traced.readings
        for cell in step.cells
    } == expected
    assert traced.computed
    assert traced.history == ()


def test_a_row_that_is_not_a_missions_is_known_by_its_name(groups: Connection) -> None:
    names = {"midden-oosten": "Midden-Oosten", "un": "UN", "untso": None}
    names |= {name: name for name in ("deployed_total", "total", "section:1", "footnote:1")}
    assert {given: trace.named(groups, given) for given in names} == names


@pytest.mark.parametrize("column", ["name", "region", "organisation", "mandate_trends.name"])
def test_a_label_is_declared_and_of_its_row_the_mission_is_printed(years: Connection, column: str) -> None:
    traced = ask(years, "unifil", 2024, column)
    assert "schemas/missions.toml" in str(traced.computed)
    assert [cell.column_name for cell in traced.readings[0].cells] == ["mission"]


def test_another_vintage_is_shown_as_what_it_is(years: Connection) -> None:
    traced = ask(years, "unifil", 2022, "deployed_total", vintage=1)
    assert (traced.relation, traced.value) == ("personnel_vintages", 2)
    assert not traced.readings[0].vintage["latest"]
    assert [(change["vintage"], change["value"]) for change in traced.history] == [(1, 2), (2, 4)]
    assert "not the latest" in words.render(traced, "trace.txt")
    for vintage, persons in ((1, 2), (2, 4)):
        (cell,) = ask(years, "unifil", 2022, "deployed_military", vintage=vintage).readings[0].cells
        assert f"decided by: column total {persons} - 0 = {persons} (page" in cell.obtained


def test_a_withdrawn_edition_is_traced_by_its_vintages_only(years: Connection) -> None:
    with pytest.raises(UsageError, match="withdrawn") as caught:
        ask(years, "unifil", 2023, "deployed_total")
    assert "--vintage" in str(caught.value.hint)
    traced = ask(years, "unifil", 2023, "deployed_total", vintage=2)
    assert traced.readings[0].vintage["withdrawn"]
    assert [change["state"] for change in traced.history] == ["recorded", "withdrawn"]


def test_a_source_that_is_gone_leaves_the_rest(years: Connection) -> None:
    traced = ask(years, "unifil", 2024, "deployed_total")
    (step,) = traced.readings
    assert "is gone" in str(step.source.unread)
    assert (step.cells[0].as_printed, step.cells[0].pieces[0].marked) == ("6", None)
    assert "is gone" in words.render(traced, "trace.txt")


def test_the_checks_are_named_one_by_one(groups: Connection) -> None:
    traced = ask(groups, "untso", 2023, "deployed_total")
    required = {words.requirement(check) for check in traced.checks}
    assert {
        "personnel.deployed_total must be of type INTEGER",
        "personnel.deployed_total must be 0 or more",
        "personnel: deployed_total is given where one of its parts is, in exact rows of an edition that "
        "prints it",
        "personnel: the key (edition_year, mission_id) must be unique",
        "personnel: mission_id must be in missions",
    } <= required
    assert not any("frame_military" in line for line in required)
    assert {check.outcome for check in traced.checks} == {"passed"}
    assert all(line in words.render(traced, "trace.html") for line in required)


UNTSO = ("personnel", "untso", "deployed_total")
TEXT = ("sections", None, None)
FINDINGS = [
    ("cell", "warn", "untso", UNTSO, None),
    ("other cell", "error", "untso", ("personnel", "untso", "frame_military"), None),
    ("row", "error", "untso", ("personnel", "untso", None), ("mandates", "untso", None)),
    ("other row", "error", "unifil", ("personnel", "unifil", "deployed_total"), None),
    ("mission", "info", "untso", TEXT, None),
    ("other mission", "info", "unifil", TEXT, None),
]
NEED = Dependency(2023, "personnel", ("untso",), ("deployed_total",))


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """An edition with findings and corrections."""

    def side(place: tuple[str | None, ...] | None) -> dict[str, str | None]:
        return dict(zip(("table_name", "row_key", "column_name"), place or (), strict=False))

    findings = [
        {"edition_year": 2023, "finding_id": f"f{number}", "message": f"about {rule}", "rule": rule}
        | {"severity": severity, "mission_id": mission, "side_a": side(a), "side_b": side(b) or None}
        for number, (rule, severity, mission, a, b) in enumerate(FINDINGS)
    ]
    declared = {"printed_value": "7", "corrected_value": "8", "reason": "a slip of the pen"}
    corrections = [
        {"edition_year": 2023, **side(UNTSO), **declared, "source": "a letter", "column_name": column}
        for column in ("deployed_total", "frame_military")
    ]
    rows = [{"mission_id": "untso", "frame_military": 7, "deployed_military": 7}, {"mission_id": "unifil"}]
    tables = building.edition_tables(2023, rows)
    base = building.base_tables(tables, found={"findings": findings}, corrections=corrections)
    with published.connect(building.publish(tmp_path_factory.mktemp("noted") / "file", base)) as connection:
        yield connection


def test_findings_that_touch_the_cell_are_given_the_worst_first(annotated: Connection) -> None:
    def rules(*needed: Dependency) -> list[str]:
        return [finding["rule"] for finding in trace.findings(annotated, needed, None)]

    assert rules(NEED) == ["row", "cell", "mission"]
    assert rules(replace(NEED, keys=None), NEED) == ["row", "other row", "cell", "mission", "other mission"]
    assert rules(replace(NEED, year=2022)) == []


@cases("row", "column", "rule")
def test_a_sum_that_contradicts_what_is_printed_touches_its_parts(
    real: Connection, row: str, column: str, rule: str
) -> None:
    assert rule in [finding["rule"] for finding in ask(real, row, 2024, column).findings]


def test_annotations_are_in_every_form_of_the_trace(groups: Connection, annotated: Connection) -> None:
    findings = trace.findings(annotated, [NEED], None)
    corrections = trace.corrections(annotated, [NEED, NEED])
    assert [words.remark(correction) for correction in corrections] == [
        "personnel, untso, deployed_total: printed 7, declared 8: a slip of the pen (a letter)"
    ]
    assert words.remark(findings[0]) == "error, row, edition 2023: about row"
    traced = ask(groups, "untso", 2023, "deployed_total")
    assert "none recorded" in words.render(traced, "trace.txt")
    whole = replace(traced, findings=findings, corrections=corrections)
    for text in (words.render(whole, "trace.txt"), words.render(whole, "trace.html")):
        assert "about cell" in text
        assert "a slip of the pen" in text
        assert "none recorded" not in text


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


def test_the_sheet_is_one_escaped_page_without_scripts(years: Connection) -> None:
    def hostile(source: SourceFile) -> Document:
        lines = tuple(Line(number, 17, "<script>alert(1)</script>") for number in range(40, 200))
        return Document(source.path, source.sha256, "text", lines, tuple([None] * 17))

    page = words.render(ask(years, "unifil", 2022, "mission_as_printed", load_document=hostile), "trace.html")
    tags = Tags(page)
    assert "&lt;b&gt;UNIFIL&lt;/b&gt; &amp; co" in page
    assert "&lt;script&gt;alert" in page
    assert not {"script", "link", "img", "iframe", "b"} & set(tags.names)
    assert tags.pointers == []
    assert "@media print" in page
    assert tags.names.count("mark") == 1


def test_the_command_answers_people_programs_and_files(built: Path, jvom: Jvom, tmp_path: Path) -> None:
    sheet = tmp_path / "untso.html"
    command = ("trace", "UNTSO", 2024, "deployed_military", "--warehouse", built)
    shown = jvom(*command)
    assert shown.returncode == 0, shown.stderr
    assert "UNTSO 12 [32] 32" in shown.stdout
    traced = json.loads(jvom(*command, "--json", "--html", sheet).stdout)
    assert traced["value"] == 32
    assert traced["readings"][0]["cells"][0]["pieces"][0]["marked"] == "32"
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
    lake = Lake(f"sqlite:{built / 'lake' / 'catalog.sqlite'}", f"{built / 'lake' / 'data'}/")
    newest = max(lake.read()["vintages"]["snapshot_id"].to_pylist())
    where = (lake.address.catalog, lake.address.data)
    alone = evidence_of(*where, newest)
    with attached(lake.address, "a test", write=False):
        beside = evidence_of(*where, newest)
    assert alone is not None
    assert beside is not None
    assert (alone.message, alone.author, alone.files) == (beside.message, beside.author, beside.files)
    assert evidence_of(*where, 10**6) is None
    assert evidence_of("sqlite:/nowhere/catalog.sqlite", "/nowhere/", newest) is None


@pytest.mark.parametrize(
    ("mark", "found"),
    [
        ({"process": os.getpgid(0)}, True),
        ({"process": 2**22 + 1}, False),  # no process has that number
        ({}, False),
        ("half a", False),
    ],
)
def test_an_interface_that_runs_is_found_once_it_answers(tmp_path: Path, mark: object, found: bool) -> None:
    where = find(tmp_path / "raw", tmp_path / "warehouse")
    where.dagster_home.mkdir(parents=True)
    assert ui.running(where) is None
    with socket.create_server((ui.ADDRESS, 0)) as server:
        address = f"http://{ui.ADDRESS}:{server.getsockname()[1]}"
        text = json.dumps({"address": address, **mark}) if isinstance(mark, dict) else str(mark)
        (where.dagster_home / ui.MARKS.format(port=3001)).write_text(text, encoding="utf-8")
        assert ui.running(where) == (address if found else None)
    assert ui.running(where) is None


def test_a_trace_leads_to_the_run_and_the_asset(groups: Connection) -> None:
    traced = ask(groups, "untso", 2023, "deployed_total", interface="http://here")
    (step,) = traced.readings
    assert step.run_address == "http://here/runs/run-2023-1"
    assert step.asset_address == "http://here/assets/tables/personnel?view=partitions&partition=2023"
    assert str(step.asset_address) in words.render(traced, "trace.txt")
