"""Renditions read back: the rows that were printed, or a refusal whose alternatives hold them; never others.

Seeds below 1000 only: what is reported is measured on later ones (`benchmarks/renditions.py`).
"""

import random
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from pipelines.extract import read as extract
from pipelines.extract import tables
from pipelines.model import Edition
from schemas import registry
from schemas.errors import JvomError
from tests.renditions import Rendition, check, drawn, loaded, of_html, rendition
from tests.renditions.blocks import blocks
from tests.renditions.content import content
from tests.renditions.editions import document_of, read, registry_of
from tests.renditions.producers import CHANGES, LOSSY, PROGRAMS
from tests.renditions.real import content_of
from tests.renditions.style import style
from tests.support.reports import FULL, needs_full, read_tables

SEEDS = range(18)
LAYOUTS = (46, 63, 14)  # of each renderer one with civil and police apart, or with persons sent only


USUAL = ("behind a head", "place of the table of contents damaged", "sideways", "glyph by glyph")


def some(seeds: Iterable[Any], usual: int) -> list[Any]:
    """The seeds, of which all but the first so many are in no usual run."""
    return [
        pytest.param(seed, marks=pytest.mark.renditions if at >= usual else ())
        for at, seed in enumerate(seeds)
    ]


@pytest.mark.parametrize("seed", [*some(SEEDS, 3), *LAYOUTS])
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


@pytest.mark.parametrize("seed", some(range(100, 118), 3))
def test_of_one_that_does_not_no_other_figure_is_accepted(seed: int) -> None:
    made = rendition(seed, contradicting=True)
    try:
        wrong = list(check.differences(made.content, read(made)))
    except JvomError as error:
        wrong = list(check.wrongly_refused(made.content, error))
        wrong += ["a tagged file is refused"] * made.style.tagged
    assert wrong == []


@pytest.mark.parametrize("seed", [118, 147])
def test_a_figure_that_is_surely_in_its_column_is_read_whatever_the_sums_say(seed: int) -> None:
    """Without tags: between drawn lines, and below its own heading only."""
    made = rendition(seed, contradicting=True)
    assert not made.style.tagged
    assert list(check.differences(made.content, read(made))) == []


@needs_full
@pytest.mark.parametrize("seed", some(range(6), 2))
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


@pytest.mark.parametrize("change", some(sorted(CHANGES, key=lambda name: name not in USUAL), len(USUAL)))
def test_what_a_program_makes_of_a_pdf_is_read_as_the_pdf_was(change: str) -> None:
    for seed in (5,) if change in USUAL else (1, 3):
        made = rendition(seed)
        try:
            wrong = list(
                check.differences(made.content, read(replace(made, data=CHANGES[change](made.data))))
            )
        except JvomError as error:
            lost = change in LOSSY and "\ufffd" in str(error)
            wrong = [] if lost else [str(error)]
        assert wrong == []


@pytest.mark.renditions
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_another_program_draws_is_read(program: str) -> None:
    made = PROGRAMS[program](2)
    assert list(check.differences(made.content, read(made))) == []


def test_boxes_of_a_page_that_is_read_as_turned_are_those_of_the_page_as_it_is_shown() -> None:
    made = rendition(8)
    upright, sideways = (read(one) for one in (made, replace(made, data=CHANGES["sideways"](made.data))))
    width, _ = made.style.page
    for before, after in zip(upright["cells"].to_pylist(), sideways["cells"].to_pylist(), strict=True):
        for span, turned in zip(before["spans"], after["spans"], strict=True):
            box, there = span["box"], turned["box"]
            wanted = (box["y0"], width - box["x1"], box["y1"], width - box["x0"])
            assert (there["x0"], there["y0"], there["x1"], there["y1"]) == pytest.approx(wanted, abs=0.1)


def html_of(seed: int, **looks: Any) -> tuple[Rendition, str]:
    rng = random.Random(seed)
    said = content(rng)
    look = replace(style(rng, "weasyprint", len(said.columns)), **looks)
    return Rendition(seed, said, look, b""), loaded("weasyprint").source(blocks(said, look, rng), look)


def test_letters_that_are_set_apart_are_words() -> None:
    made, html = html_of(0, size=7.0)
    data = of_html(html.replace("</style>", "table { letter-spacing: 0.2em }</style>"))
    assert list(check.differences(made.content, read(replace(made, data=data)))) == []


def test_columns_that_are_set_left_beside_columns_set_right_are_told_apart() -> None:
    """As in a printed spreadsheet, where a dash is a text."""
    made, html = html_of(0, size=7.0, dash="-", figure_align="right", rules="none", pad_x=1.0)
    left = re.sub(r"text-align: right(;[^>]*>-<)", r"text-align: left\1", html)
    assert left != html
    assert list(check.differences(made.content, read(replace(made, data=of_html(left))))) == []


def test_a_fill_that_is_clipped_has_its_edges_where_it_is_shown() -> None:
    """The colour of every other row is painted over all columns, and clipped to those without a label."""
    made, html = html_of(1, size=7.0)
    data = of_html(html.replace("</style>", "tbody tr:nth-child(even) { background: #cde }</style>"))
    assert list(check.differences(made.content, read(replace(made, data=data)))) == []
