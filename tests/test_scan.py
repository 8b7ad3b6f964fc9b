"""Scans: the figures of the report as pictures of pages, and how two readings of a word become one."""

from typing import Any

import pyarrow as pa
import pytest

from pipelines.extract import ocr
from pipelines.extract.pdf.model import Box, PdfPage, Word
from pipelines.extract.pdf.parse import parse
from pipelines.extract.read import read_edition
from pipelines.model import Edition, SourceFile
from schemas.errors import JvomError, Problems, SourceError
from tests.support import scans
from tests.support.cases import cases
from tests.support.scans import LOOK, REGISTRY, needs_engines


def read(data: bytes) -> dict[str, pa.Table]:
    source = SourceFile(2024, "x.pdf", "0" * 64, len(data), "pdf", "official file")
    return read_edition(data, source, Edition(2024), REGISTRY).require_tables()


@pytest.mark.scan
@needs_engines
def test_a_scan_that_is_askew_is_read_as_printed_though_its_sums_fail() -> None:
    got = read(scans.scanned(LOOK, "askew"))
    assert scans.differences(got) == []
    cells = [cell for cell in got["cells"].to_pylist() if cell["table_name"] == "personnel"]
    assert all("ocr" in cell["derivation"] for cell in cells if cell["value"] is not None)


@pytest.mark.scan
@needs_engines
def test_a_figure_of_which_half_is_gone_is_refused_and_not_taken_for_a_blank() -> None:
    page, box = next(
        (page.number, word.box)
        for page in parse(scans.drawn(LOOK), "x.pdf").pages
        for line in page.lines
        for word in line.words
        if word.plain == "8"
    )
    shown = iter(range(1, 10))
    scale = scans.DPI / 72

    def damage(picture: Any, _: object) -> Any:
        if next(shown) == page:
            left, right = round(box.left * scale) - 2, round(box.right * scale) + 2
            picture.paste(255, (left, round(box.middle * scale), right, round(box.bottom * scale) + 2))
        return picture

    with pytest.raises(JvomError) as refused:
        read(scans.scanned(LOOK, damage=damage))
    error = refused.value
    problems = error.problems if isinstance(error, Problems) else [error]
    (message,) = [one.message for one in problems if one.page == page]
    assert message.startswith("“?” in column Ingezet personeel / Militair of “USSC” is not a figure")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SourceError) as refused:
        read(scans.scanned(LOOK))
    assert "2 of its pages" in refused.value.message
    assert "requirements-scan.lock" in (refused.value.hint or "")
    assert "tesseract-ocr tesseract-ocr-nld" in (refused.value.hint or "")


# --- two readings


def piece(
    text: str, again: str | None = None, *, figure: bool = True, marker: bool = False
) -> dict[str, Any]:
    return {
        "ink": [[10 * at, 0, 10 * at + 8, 24] for at in range(len(text))],
        "way": "right",
        "tall": 24.0,
        "base": 24.0,
        "text": text,
        "again": text if again is None else again,
        "score": 0.99,
        "marker": marker,
        "figure": figure,
    }


def seen(text: str) -> list[ocr._Seen]:
    return [ocr._Seen(text, 0, 0, 10 * len(text), 24, 96.0)] if text else []


def words(*pieces: tuple[dict[str, Any], list[list[ocr._Seen]]]) -> list[Word]:
    page = {"pieces": [one for one, _ in pieces], "size": [2480, 3508], "rules": [], "lost": [], "turn": 0}
    found = ocr._recognised(page, dict(enumerate(look for _, look in pieces)), ocr._Known(REGISTRY))
    return [word for line in found.lines for word in line]


@cases("rapidocr", "tesseract", "text", "other", "doubted", nested=tuple)
def test_a_figure_is_sure_where_both_engines_read_it_three_times_of_four(
    rapidocr: tuple[str, str], tesseract: tuple[str, str], text: str, other: str, doubted: bool
) -> None:
    (word,) = words((piece(*rapidocr), [seen(tesseract[0]), seen(2 * tesseract[1])]))
    assert (word.text, word.other, bool(word.doubt)) == (text, other, doubted)


def test_a_marker_goes_to_the_word_before_it() -> None:
    mark = piece("12", marker=True)
    mark["ink"] = [[52, 0, 58, 14], [60, 0, 66, 14]]
    name = (piece("UNDOF", figure=False), [seen("UNDOF")])
    (word,) = words(name, (mark, [seen("12"), seen("1212")]))
    assert (word.plain, word.numbers, word.doubt) == ("UNDOF", (12,), "")
    (word,) = words(name, (mark, [seen("17"), seen("1717")]))
    assert "“12”, Tesseract “17”" in word.doubt


@cases("rapidocr", "tesseract", "text")
def test_a_word_is_tesseracts_unless_only_the_other_reading_is_known(
    rapidocr: str, tesseract: str, text: str
) -> None:
    (word,) = words((piece(rapidocr, figure=False), [seen(tesseract)]))
    assert word.text == text


def test_boxes_of_a_turned_page_are_those_of_the_page_as_shown() -> None:
    page = PdfPage(1, 842, 595, (), (), ocr=True, turn=90)
    box = page.as_shown(Box(10, 20, 30, 25))
    assert [round(side, 6) for side in (box.left, box.top, box.right, box.bottom)] == [570, 10, 575, 30]
    assert page.as_shown(box) != box


def test_a_document_of_very_many_pictures_is_refused_before_any_is_drawn() -> None:
    with pytest.raises(SourceError, match="61 of its pages are pictures; at most 60 are read"):
        ocr.recognise(b"", "x.pdf", range(1, 62))
