"""The same pages by other programs: what they make of a PDF, and how they draw the tables themselves.

`CHANGES` are of bytes: each gives a PDF that shows what was shown before. `PROGRAMS` draw a seed's content
from HTML. A test is skipped where the system lacks the program.
"""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Matrix, Name, Pdf

from tests.renditions import Rendition, loaded
from tests.renditions.blocks import blocks
from tests.renditions.content import content
from tests.renditions.quartz import Typist
from tests.renditions.style import style

Change = Callable[[bytes], bytes]
_LONGEST = 120  # seconds


def _saved(change: Callable[[Pdf], None] = lambda _: None, **options: Any) -> Change:
    """A change of the opened document as one of bytes; `options` are how it is saved."""

    def changed(data: bytes) -> bytes:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            change(pdf)
            out = io.BytesIO()
            pdf.save(out, **options)
            return out.getvalue()

    return changed


def _rewritten(content_of: Callable[[Pdf, pikepdf.Page], bytes]) -> Change:
    """Every page with another content, and without tags, which name parts of the one before."""

    def change(pdf: Pdf) -> None:
        for entry in {"/StructTreeRoot", "/MarkInfo"} & set(pdf.Root.keys()):
            del pdf.Root[entry]
        for page in pdf.pages:
            page.contents_coalesce()
            page.Contents = pdf.make_stream(content_of(pdf, page))

    return _saved(change)


def _through(page: pikepdf.Page, matrix: Matrix, box: list[float]) -> None:
    """Draws a page through a matrix, on a page of another size."""
    page.contents_add(b"q %s cm" % matrix.encode(), prepend=True)
    page.contents_add(b"Q")
    page.mediabox = Array(box)


def _cropped(pdf: Pdf) -> None:
    for page in pdf.pages:
        _, _, width, height = map(float, page.mediabox)
        _through(page, Matrix().translated(31, 57), [-20, -10, width + 70, height + 70])
        page.cropbox = Array([31, 57, width + 31, height + 57])


def _in_other_units(pdf: Pdf) -> None:
    for page in pdf.pages:
        _, _, width, height = map(float, page.mediabox)
        _through(page, Matrix().scaled(0.5, 0.5), [0, 0, width / 2, height / 2])
        page.UserUnit = 2


def _turned(quarters: int, *, shown: bool = True, first: int = 0) -> Change:
    """The pages from `first` on (from 0) drawn at an angle; shown upright all the same, or not."""

    def turned(pdf: Pdf) -> None:
        for page in list(pdf.pages)[first:]:
            _, _, width, height = map(float, page.mediabox)
            matrix, box = {
                1: (Matrix(0, 1, -1, 0, height, 0), [0, 0, height, width]),
                2: (Matrix(-1, 0, 0, -1, width, height), [0, 0, width, height]),
                3: (Matrix(0, -1, 1, 0, 0, width), [0, 0, height, width]),
            }[quarters]
            _through(page, matrix, box)
            if shown:
                page.Rotate = 90 * quarters

    return _saved(turned)


def _in_a_form(pdf: Pdf, page: pikepdf.Page) -> bytes:
    form = pdf.make_stream(page.Contents.read_bytes())
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array(page.mediabox)
    form.Matrix, form.Resources = Array([0.5, 0, 0, 0.5, 10, 20]), page.resources
    page.Resources = Dictionary(XObject=Dictionary(X=form))
    return b"q 2 0 0 2 -20 -40 cm /X Do Q"


def _struck_twice(_: Pdf, page: pikepdf.Page, right: float = 0.3) -> bytes:
    """Everything drawn again a hair beside, as a program does that has no bold font."""
    once = page.Contents.read_bytes()
    return b"q %b Q q 1 0 0 1 %.2f 0 cm %b Q" % (once, right, once)


def _glyph_by_glyph(_: Pdf, page: pikepdf.Page) -> bytes:
    return pikepdf.unparse_content_stream([*Typist(page).typed()])


def _behind_a_head(data: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nVia: " + b"a, " * 600 + b"\r\n\r\n" + data


def _astray(data: bytes) -> bytes:
    """The place of the table of contents is damaged."""
    return data[: data.rindex(b"startxref")] + b"startxref\n7\n%%EOF\n"


def _by(program: str, *steps: list[str]) -> Change:
    """What commands make of the file `in`; they leave `out.pdf`."""

    def change(data: bytes) -> bytes:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "in").write_bytes(data)
            for step in steps:
                command = [part.replace("FOLDER", folder) for part in step]
                subprocess.run(command, cwd=folder, check=True, timeout=_LONGEST, capture_output=True)
            return (Path(folder) / "out.pdf").read_bytes()

    return change


CHANGES: dict[str, Change] = {
    "cropped": _saved(_cropped),
    "in other units": _saved(_in_other_units),
    "rotated by 90": _turned(1),
    "rotated by 180": _turned(2),
    "rotated by 270": _turned(3),
    "rotated from the second page on": _turned(1, first=1),
    "sideways": _turned(1, shown=False),
    "sideways downwards": _turned(3, shown=False),
    "upside down": _turned(2, shown=False),
    "object streams": _saved(object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "linearised": _saved(linearize=True),
    "encrypted, opens without a password": _saved(encryption=pikepdf.Encryption(owner="owner", user="")),
    "in a form": _rewritten(_in_a_form),
    "struck twice": _rewritten(_struck_twice),
    "struck twice in one place": _rewritten(partial(_struck_twice, right=0)),
    "glyph by glyph": _rewritten(_glyph_by_glyph),
    "behind a head": _behind_a_head,
    "place of the table of contents damaged": _astray,
    "the same, with object streams": lambda data: _astray(CHANGES["object streams"](data)),
    "cairo": _by("pdftocairo", ["pdftocairo", "-pdf", "in", "out.pdf"]),
    "ghostscript": _by("gs", ["ps2pdf", "in", "out.pdf"]),
    "cairo's postscript": _by("gs", ["pdftocairo", "-ps", "in", "in.ps"], ["ps2pdf", "in.ps", "out.pdf"]),
}
LOSSY = ("ghostscript", "cairo's postscript")
"""Those that lose the codes of some letters: a document may be refused for these, and says so."""


def _drawn(change: Change, seed: int, **looks: Any) -> Rendition:
    """The rendition of a seed drawn from HTML, in looks that the program can draw."""
    rng = random.Random(seed)
    said = content(rng)
    look = replace(style(rng, "weasyprint", len(said.columns)), **looks)
    html: str = loaded("weasyprint").source(blocks(said, look, rng), look)
    return Rendition(seed, said, look, change(html.encode()))


def _chromium(*options: str) -> Change:
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    return _by("chromium", ["mv", "in", "in.html"], [*command, *options, "--print-to-pdf=out.pdf", "in.html"])


def _office(reads: str, *formats: str) -> Change:
    """LibreOffice reads HTML in one of its programs, and writes one format after the other."""
    command = ["soffice", "-env:UserInstallation=file://FOLDER/profile", "--headless", "--convert-to"]
    opened = [*command, formats[0], f"--infilter=HTML ({reads})", "out.html"]
    later = ([*command, new, f"out.{old.split(':')[0]}"] for old, new in pairwise(formats))
    return _by("soffice", ["mv", "in", "out.html"], opened, *later)


PROGRAMS: dict[str, Callable[[int], Rendition]] = {
    "Chromium": partial(_drawn, _chromium()),
    "Chromium without tags": partial(_drawn, _chromium("--disable-pdf-tagging")),
    "Writer": partial(_drawn, _office("StarWriter", "pdf:writer_web_pdf_Export"), labels="each"),
    "Word's format by Writer": partial(
        _drawn, _office("StarWriter", "docx:MS Word 2007 XML", "pdf"), labels="spanned"
    ),
    "Calc": partial(_drawn, _office("StarCalc", "pdf:calc_pdf_Export"), labels="each", marker="unicode"),
}
