"""Renditions: random tables in the manner of the report's annexes, drawn as PDF in random looks.

`rendition(seed)` gives the same document every time. Seeds below 1000 are for development; those
from 1000 are held out, and only what is measured on them is reported.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from tests.renditions.blocks import blocks
from tests.renditions.content import Content, content, contradicted
from tests.renditions.style import Style, style

RENDERERS = ("typst", "weasyprint", "reportlab")
DRAWN = Path(__file__).resolve().parent.parent.parent / ".pytest_cache" / "renditions"


@dataclass(frozen=True)
class Rendition:
    """What a PDF says, how it looks, and its bytes."""

    seed: int
    content: Content
    style: Style
    data: bytes


def loaded(renderer: str) -> ModuleType:
    """The module that draws; a test is skipped where the system lacks the library that it needs."""
    try:
        return importlib.import_module(f"tests.renditions.{renderer}_renderer")
    except OSError:
        pytest.skip(f"{renderer} finds no Pango: install Debian's libpango-1.0-0 and libpangoft2-1.0-0")


def rendition(seed: int, *, contradicting: bool = False) -> Rendition:
    """The rendition of a seed. A contradicting one breaks its own sums."""
    rng = random.Random(seed)
    said = content(rng)
    if contradicting:
        said = contradicted(said, random.Random(-seed - 1))
    return drawn(said, seed, rng)


def drawn(said: Content, seed: int, rng: random.Random | None = None) -> Rendition:
    """The content in the look of a seed; the three renderers take turns."""
    rng = rng or random.Random(seed)
    renderer = RENDERERS[seed % 3]
    look = style(rng, renderer, len(said.columns))
    made = blocks(said, look, rng)
    data = kept(f"{sources()} {said} {look} {made}", lambda: loaded(renderer).render(made, look))
    return Rendition(seed, said, look, data)


def of_html(html: str) -> bytes:
    """A PDF of HTML, by WeasyPrint."""
    made_of = f"weasyprint {version('weasyprint')} {html}"
    return kept(made_of, lambda: loaded("weasyprint").weasyprint.HTML(string=html).write_pdf())


def kept(made_of: str, draw: Callable[[], bytes]) -> bytes:
    """What was drawn once is kept beside pytest's cache, until something that it is made of changes."""
    path = DRAWN / f"{hashlib.sha256(made_of.encode()).hexdigest()[:24]}.pdf"
    if not path.exists():
        data = draw()
        DRAWN.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_bytes(data)
        aside.replace(path)
    return path.read_bytes()


@cache
def sources() -> str:
    """A hash of what draws."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()
