"""Renditions: random tables in the manner of the report's annexes, drawn as PDF in random looks.

`rendition(seed)` gives the same document every time. Seeds below 1000 are for development; those
from 1000 are held out, and only what is measured on them is reported.
"""

from __future__ import annotations

import importlib
import random
from dataclasses import dataclass
from types import ModuleType

import pytest

from tests.renditions.blocks import blocks
from tests.renditions.content import Content, content, contradicted
from tests.renditions.style import Style, style

RENDERERS = ("typst", "weasyprint", "reportlab")
HELD_OUT = 1000


@dataclass(frozen=True)
class Rendition:
    """What a PDF says, how it looks, and its bytes."""

    seed: int
    content: Content
    style: Style
    data: bytes


def loaded(renderer: str) -> ModuleType:
    """The module that draws; a test is skipped where the system lacks the library that it stands on."""
    try:
        return importlib.import_module(f"tests.renditions.{renderer}_renderer")
    except OSError:
        pytest.skip(f"{renderer} finds no Pango: install Debian's libpango-1.0-0 and libpangoft2-1.0-0")


def rendition(seed: int, *, contradicting: bool = False) -> Rendition:
    """The rendition of a seed; the three renderers take turns. A contradicting one breaks its own sums."""
    rng = random.Random(seed)
    renderer = RENDERERS[seed % 3]
    said = content(rng)
    if contradicting:
        said = contradicted(said, random.Random(-seed - 1))
    look = style(rng, renderer, len(said.columns))
    data: bytes = loaded(renderer).render(blocks(said, look, rng), look)
    return Rendition(seed, said, look, data)
