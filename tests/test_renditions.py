"""Renditions read back: the rows that were printed, or a refusal whose alternatives hold them; never others.

Seeds below 1000 only: what is reported is measured on later ones (`benchmarks/renditions.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from pipelines.extract import read as extract
from pipelines.extract import tables
from pipelines.model import Edition
from schemas import registry
from schemas.errors import JvomError
from tests.renditions import RENDERERS, check, drawn, rendition
from tests.renditions.content import PERSONNEL_LAYOUTS
from tests.renditions.editions import document_of, read, registry_of
from tests.renditions.real import content_of
from tests.support.reports import FULL, needs_full, read_tables

SEEDS = range(18)
LAYOUTS = (46, 63, 14)  # of each renderer one with civil and police apart, or with persons sent only


def some(seeds: Iterable[int], usual: int) -> list[Any]:
    """The seeds, of which all but the first so many are in no usual run."""
    return [
        pytest.param(seed, marks=pytest.mark.renditions if at >= usual else ())
        for at, seed in enumerate(seeds)
    ]


@pytest.mark.parametrize("seed", [*some(SEEDS, 9), *LAYOUTS])
def test_a_rendition_that_adds_up_is_read_as_it_was_printed(seed: int) -> None:
    sound = rendition(seed)
    found = read(sound)
    assert list(check.differences(sound.content, found)) == []
    boxes = [span["box"] for cell in found["cells"].to_pylist() for span in cell["spans"] if cell["value"]]
    assert all(box["x0"] < box["x1"] and box["y0"] < box["y1"] for box in boxes)


@pytest.mark.parametrize("seed", [247, 454])
def test_a_footnote_keeps_its_number_where_that_is_set_nearly_as_large_as_the_text(seed: int) -> None:
    made = rendition(seed)
    found = read(made)
    assert list(check.differences(made.content, found)) == []
    assert found["footnotes"]["number"].to_pylist() == check.footnotes(made.content)


@pytest.mark.parametrize("seed", some(range(100, 118), 9))
def test_of_one_that_does_not_no_other_figure_is_accepted(seed: int) -> None:
    made = rendition(seed, contradicting=True)
    try:
        wrong = list(check.differences(made.content, read(made)))
    except JvomError as error:
        wrong = list(check.wrongly_refused(made.content, error))
        wrong += ["a tagged file is refused"] * made.style.tagged
    assert wrong == []


def test_the_sample_has_every_layout_and_renderer() -> None:
    made = [rendition(seed) for seed in (*SEEDS, *LAYOUTS)]
    assert {one.content.columns for one in made} == set(PERSONNEL_LAYOUTS.values())
    assert {one.style.renderer for one in made} == set(RENDERERS)
    assert {one.style.labels for one in made} >= {"up", "down", "spanned", "each"}


@needs_full
@pytest.mark.parametrize("seed", some(range(6), 3))
def test_the_real_figures_are_read_from_any_renderer(seed: int) -> None:
    """They break their own sums, and half of these files have no tags."""
    known = registry.load()
    wanted = read_tables(FULL.read_bytes())
    made = drawn(content_of(wanted, known.layouts[0]), seed)
    got = tables.read(*document_of(made.data), Edition(2024), known)
    for name in ("personnel", "personnel_totals", "mandates"):
        columns = [
            column
            for column in wanted[name].column_names
            if not column.startswith(("source", "page", "inferred"))
        ]
        assert got[name].select(columns).to_pylist() == wanted[name].select(columns).to_pylist()


def test_a_pdf_is_read_the_whole_way() -> None:
    """In a child process, as a build does."""
    made = rendition(7)
    parsed, source = document_of(made.data)
    got = extract.read_edition(made.data, source, Edition(2024), registry_of(made.content))
    assert (got.document.lines, got.document.page_labels) == (parsed.lines, parsed.page_labels)
    assert got.tables is not None
    assert list(check.differences(made.content, got.tables)) == []
