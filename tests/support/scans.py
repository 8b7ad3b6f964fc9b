"""The figures of the edition of 2024 as scans: pictures of pages in sixteen looks, clean and damaged."""

import importlib.util
import io
import random
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from typing import Any

import pyarrow as pa
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageFilter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from schemas.vocabulary import FIGURES
from tests import renditions
from tests.renditions import real
from tests.support.reports import REGISTRY, abridged

LOOK = 3
DPI = 300
_PLACES = {"source_page", "source_line", "source_line_end", "page_label", "inferred"}
Damage = Callable[[Any, random.Random], Any]
"""Takes the grey picture of a page, and gives it damaged."""


def _turned(degrees: float) -> Damage:
    return lambda page, _: page.rotate(
        degrees, Image.Resampling.BICUBIC, expand=degrees % 90 == 0, fillcolor=255
    )


def _noisy(page: Any, rng: random.Random) -> Any:
    """Grain, and a speck of two dots in every 4,000 places."""
    grain = Image.frombytes("L", page.size, rng.randbytes(page.width * page.height))
    page = ImageChops.subtract(page, grain.point(lambda value: value // 5))
    for _ in range(page.width * page.height // 4000):
        x, y = rng.randrange(page.width - 2), rng.randrange(page.height - 2)
        page.paste(rng.choice((0, 255)), (x, y, x + 2, y + 2))
    return page


def _half(page: Any, _: random.Random) -> Any:
    return page.resize((page.width // 2, page.height // 2), Image.Resampling.BOX)


KINDS: dict[str, Damage] = {
    "clean": lambda page, _: page,
    "askew": lambda page, rng: _turned(rng.choice((-1, 1)) * rng.uniform(0.5, 2))(page, rng),
    "turned": lambda page, rng: _turned(rng.choice((90, 180, 270)))(page, rng),
    "noise": _noisy,
    "blur": lambda page, _: page.filter(ImageFilter.GaussianBlur(1.8)),
    "pale": lambda page, _: page.point(lambda value: 165 + value * 75 // 255),
    "half resolution": _half,
}


def missing() -> str:
    """What is not installed that scans take; empty if all is there."""
    if importlib.util.find_spec("rapidocr_onnxruntime") is None:
        return "needs RapidOCR (./setup scan)"
    listed = ""
    if shutil.which("tesseract"):
        command = ["tesseract", "--list-langs"]
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return "" if "nld" in listed.split() else "needs Debian's tesseract-ocr and tesseract-ocr-nld"


needs_engines = pytest.mark.skipif(bool(missing()), reason=missing() or "engines are there")


@cache
def drawn(look: int) -> bytes:
    """The same figures as a PDF."""
    layout = next(one for one in REGISTRY.layouts if one.id == abridged()["editions"]["layout"][0].as_py())
    return renditions.drawn(real.content_of(abridged(), layout), look).data


def scanned(look: int, kind: str = "clean", damage: Damage | None = None) -> bytes:
    """A PDF of pictures of its pages, and of nothing else."""
    file = io.BytesIO()
    canvas = Canvas(file, invariant=True)
    rng = random.Random(look)
    for page in pypdfium2.PdfDocument(drawn(look)):
        picture = page.render(scale=DPI / 72, grayscale=True).to_pil()
        width, height = page.get_size()
        picture = (damage or KINDS[kind])(picture, rng)
        if (picture.width > picture.height) != (width > height):
            width, height = height, width
        canvas.setPageSize((width, height))
        canvas.drawImage(ImageReader(picture), 0, 0, width, height)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def differences(got: dict[str, pa.Table]) -> list[str]:
    """Values of the two annexes that are not those of the text, figures and others."""
    found = []
    for name in ("personnel", "personnel_totals", "mandates"):
        mine = {row.get("mission_id"): row for row in got[name].to_pylist()}
        rows = abridged()[name].to_pylist()
        for row in rows:
            its = mine.pop(row.get("mission_id"), {})
            found += [
                f"{name}, {row.get('mission_id')}: {'figure' if column in FIGURES else 'value'} {column} is "
                f"{row[column]!r}, read {its.get(column)!r}"
                for column in row
                if column not in _PLACES and "derivation" not in column and row[column] != its.get(column)
            ]
        found += [f"{name}: {key} is too many" for key in mine]
    return found
