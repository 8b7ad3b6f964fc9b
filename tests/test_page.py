"""`jvom page`: what was read on one page, as lines with their cells and as a picture."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipelines.cli.app import main
from pipelines.extract import page as drawing
from schemas import registry
from tests.renditions import drawn, rendition
from tests.renditions.real import content_of
from tests.support.reports import ABRIDGED, abridged, report

pytestmark = pytest.mark.usefixtures("without_child")

RAW = ABRIDGED.parents[1]


def ask(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    """The answer to `jvom page`; it must be given."""
    assert main(["page", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def colours(png: bytes) -> set[tuple[int, int, int]]:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    return {colour for _, colour in picture.getcolors(picture.width * picture.height)}


def test_a_page_of_a_pdf_is_drawn_with_rows_columns_and_cells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # in the child, which can open no file
    file, out = tmp_path / "report.pdf", tmp_path / "page.png"
    layout = registry.load().layouts[0]
    file.write_bytes(drawn(content_of(abridged(), layout), 3).data)
    answer = ask(capsys, file, 1, "--year", 2024, "--out", out)
    assert (answer["picture"], answer["refusal"]) == (str(out), None)
    assert [line["line"] for line in answer["lines"]] == list(range(1, len(answer["lines"]) + 1))
    named = {cell["row_key"] for line in answer["lines"] for cell in line["cells"]}
    assert {"untso", "unifil"} <= named
    seen = colours(out.read_bytes())
    assert {*drawing.ROWS, drawing.COLUMN, drawing.CELL, drawing.HEADING} <= seen
    assert drawing.LEFT not in seen


def test_a_page_of_a_pdf_whose_tables_are_refused_is_drawn_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("report.pdf").write_bytes(rendition(2).data)  # with missions that nobody knows
    answer = ask(capsys, "report.pdf", 1, "--raw", RAW, "--warehouse", tmp_path)
    assert answer["picture"] == "report-page-1.png"
    assert "no mission is known as" in answer["refusal"]
    assert (0, 0, 0) in colours(Path("report-page-1.png").read_bytes())


def test_a_page_of_a_text_has_its_lines_with_their_cells(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, ABRIDGED, 17)
    assert (answer["label"], answer["picture"], answer["refusal"]) == ("20", None, None)
    (line,) = [line for line in answer["lines"] if line["text"].startswith("UNTSO")]
    assert [(line["text"][cell["start"] : cell["end"]], cell["column_name"]) for cell in line["cells"]] == [
        ("UNTSO", "mission"),
        ("12", "frame_military"),
        ("", "frame_civil_police"),
        ("32", "deployed_military"),
        ("", "deployed_civil_police"),
        ("32", "deployed_total"),
    ]


def test_people_see_each_cell_under_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", str(ABRIDGED), "17"]) == 0
    shown, said = capsys.readouterr()
    assert said == ""
    assert "12 → personnel untso frame_military (column inferred)\n" in shown
    assert "blank → personnel untso frame_civil_police (empty by inference)\n" in shown


def test_a_page_of_a_refused_text_is_shown_with_the_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.txt"
    file.write_text(report().replace("UNIFIL", "Nergens"), encoding="utf-8")
    answer = ask(capsys, file, 2)
    assert "Nergens" in answer["refusal"]
    assert any("Nergens" in line["text"] and line["cells"] == [] for line in answer["lines"])


@pytest.mark.parametrize("number", [0, 18])
def test_a_page_that_does_not_exist_is_a_mistake_of_the_command_line(number: int) -> None:
    assert main(["page", str(ABRIDGED), "--", str(number)]) == 2
