"""Scans: the figures of the report as pictures of pages, whole and damaged."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pypdfium2
import pytest
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipelines.extract import tables
from pipelines.extract import text as documents
from pipelines.extract.pdf import Box
from pipelines.extract.pdf.parse import parse
from pipelines.extract.read import read_edition
from pipelines.model import Edition, SourceFile
from schemas import registry
from schemas.errors import JvomError, Problems, SourceError
from tests.renditions import drawn as drawn_as
from tests.renditions.real import content_of

REGISTRY = registry.load()
RAW = Path(__file__).parents[1] / "raw" / "2024"
LOOK = 3
DPI = 300
PLACES = {"source_page", "source_line", "source_line_end", "page_label", "inferred"}

Damage = Callable[[int, Any], None]


def _installed() -> bool:
    if shutil.which("tesseract") is None:
        return False
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=False)
    return "nld" in listed.stdout.split()


needs_tesseract = pytest.mark.skipif(
    not _installed(), reason="needs Debian's tesseract-ocr and tesseract-ocr-nld"
)


@cache
def printed() -> dict[str, pa.Table]:
    """The tables of the edition of 2024, from its text."""
    (path,) = RAW.glob("*.txt")
    data = path.read_bytes()
    source = SourceFile(
        2024, "raw/2024/x.txt", hashlib.sha256(data).hexdigest(), len(data), "text", "abridged"
    )
    return tables.read(documents.read(data, source), source, Edition(2024), REGISTRY)


@cache
def drawn() -> bytes:
    """The same figures as a PDF."""
    layout = next(one for one in REGISTRY.layouts if one.id == printed()["editions"]["layout"][0].as_py())
    return drawn_as(content_of(printed(), layout), LOOK).data


def scanned(damage: Damage | None = None) -> bytes:
    """Pictures of its pages, and nothing else."""
    file = io.BytesIO()
    canvas = Canvas(file, invariant=True)
    for number, page in enumerate(pypdfium2.PdfDocument(drawn()), 1):
        picture = page.render(scale=DPI / 72, grayscale=True).to_pil()
        if damage:
            damage(number, picture)
        width, height = page.get_size()
        canvas.setPageSize((width, height))
        canvas.drawImage(ImageReader(picture), 0, 0, width, height)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def read(data: bytes) -> dict[str, pa.Table]:
    source = SourceFile(2024, "x.pdf", hashlib.sha256(data).hexdigest(), len(data), "pdf", "official file")
    return read_edition(data, source, Edition(2024), REGISTRY).require_tables()


def differences(got: dict[str, pa.Table]) -> list[str]:
    """Values of the two annexes that are not those of the text."""
    found = []
    for name in ("personnel", "personnel_totals", "mandates"):
        mine = {row.get("mission_id"): row for row in got[name].to_pylist()}
        for row in printed()[name].to_pylist():
            its = mine.get(row.get("mission_id"), {})
            found += [
                f"{name} {row.get('mission_id')} {column}: {row[column]!r}, read {its.get(column)!r}"
                for column in row
                if column not in PLACES and "derivation" not in column and row[column] != its.get(column)
            ]
        found += [f"{name}: {key} is too many" for key in mine if len(mine) > printed()[name].num_rows]
    return found


def boxes(text: str) -> list[tuple[int, Box]]:
    """Page and place of each word that is just this, in the PDF that was scanned."""
    pages = parse(drawn(), "x.pdf").pages
    return [
        (page.number, word.box)
        for page in pages
        for line in page.lines
        for word in line.words
        if word.plain == text
    ]


@needs_tesseract
def test_a_scan_of_figures_that_break_their_own_sums_is_read_as_printed() -> None:
    got = read(scanned())
    assert differences(got) == []
    cells = [cell for cell in got["cells"].to_pylist() if cell["table_name"] == "personnel"]
    assert all("ocr" in cell["derivation"] for cell in cells if cell["value"] is not None)


@needs_tesseract
def test_damaged_digits_that_no_sum_confirms_are_refused_with_what_was_read() -> None:
    """The left of every lone 8 is gone, so it is read as a 3: twice, alike, where sums fail anyway."""
    scale = DPI / 72

    def damage(number: int, picture: Any) -> None:
        for page, box in boxes("8"):
            if page == number:
                left, wide = round(box.left * scale), round(box.width * scale * 0.3)
                picture.paste(
                    255, (left - 1, round(box.top * scale) - 1, left + wide, round(box.bottom * scale) + 1)
                )

    with pytest.raises(JvomError) as refused:
        read(scanned(damage))
    error = refused.value
    told = [one.message for one in (error.problems if isinstance(error, Problems) else [error])]
    for column in ("deployed_military", "frame_military"):
        assert any(one.startswith(f"{column}: “3” is uncertain") and "alone" in one for one in told)


def test_without_tesseract_the_two_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SourceError) as refused:
        read(scanned())
    assert "2 of its pages are pictures" in refused.value.message
    assert "tesseract-ocr tesseract-ocr-nld" in (refused.value.hint or "")
